local list = {}
for i = 1, 500 do list[i] = {id = i, name = 'n' .. i, score = i * 3 % 101, tags = {i, i + 1}} end
local sum, m = 0, {}
for _, r in ipairs(list) do
  r.score = r.score + r.tags[1]
  sum = sum + r.score
  m[r.name] = r
end
for k, v in pairs(m) do sum = sum + v.id end
return sum
