local n = 0
for i = 1, 1000 do
  local ok, e = pcall(function(x) if x % 10 == 0 then error('bad ' .. x) end return x end, i)
  if ok then n = n + e else n = n + #e end
end
return n
