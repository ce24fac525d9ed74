local parts = {}
for i = 1, 1000 do parts[#parts + 1] = 'item:' .. i .. ':' .. (i * 7 % 13) end
local s = table.concat(parts, ',')
local t = ''
for i = 1, 200 do t = t .. i .. ';' end
return #s + #t
