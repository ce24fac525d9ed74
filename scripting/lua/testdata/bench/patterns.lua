local s = ('key:123=value%20of;some other words, and numbers 42 17\n'):rep(180)
local n = 0
for k, v in s:gmatch('(%w+)=(%w+)') do n = n + #k + #v end
local r, c = s:gsub('%d+', function(d) return d + 1 end)
local q, e = s:gsub('%%(%x%x)', function(h) return string.char(tonumber(h, 16)) end)
for w in s:gmatch('%a+') do n = n + 1 end
return n + c + e + #r + #q
