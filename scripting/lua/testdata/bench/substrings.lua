local s = 'user:1234:session:abcdef:field'
local n = 0
for i = 1, 2000 do
  local a, b = s:find(':', 1, true)
  local id = tonumber(s:sub(a + 1, a + 4))
  local k, v = s:match('^(%a+):(%d+)')
  n = n + id + s:byte(i % #s + 1) + #k + v + bit.band(i, 255) + math.floor(i / 3)
  local t = {k, v, id}
  n = n + #table.concat(t, ',') + select('#', unpack(t))
end
return n
