local s = 0
for i = 1, 30 do
  local co = coroutine.wrap(function(n) for j = 1, n do coroutine.yield(j) end return 0 end)
  for j = 1, 50 do s = s + co(50) end
end
return s
