local function counter(step)
  local n = 0
  return function() n = n + step return n end
end
local s = 0
for i = 1, 1000 do
  local c = counter(i)
  c() c()
  s = s + c()
end
return s
