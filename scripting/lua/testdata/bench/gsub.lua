local text = ('The quick brown fox jumps over the lazy dog. '):rep(40)
local n = 0
for i = 1, 5 do
  local a = text:gsub('%w+', function(w) return w:sub(1, 1):upper() .. w:sub(2) end)
  local b = text:gsub('(%w+) (%w+)', '%2 %1')
  local c = text:gsub('%s', {[' '] = '_'})
  for w in text:gmatch('%a+') do n = n + #w end
  n = n + #a + #b + #c + #text:lower():reverse()
end
return n
