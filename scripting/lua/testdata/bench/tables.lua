local t = {}
for i = 1, 2000 do table.insert(t, i) end
for i = 1, 500 do table.insert(t, 1 + i % 20, i) end
local s = 0
for i = 1, 500 do s = s + table.remove(t, 1 + i % 10) end
for i = 1, 1000 do s = s + table.remove(t) end
return s + #t
