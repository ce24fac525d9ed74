local doc = {users = {}}
for i = 1, 20 do
  doc.users[i] = {id = i, name = 'user number ' .. i, email = 'u' .. i .. '@example.com', active = i % 2 == 0, score = i * 1.5, tags = {'a', 'b', 'c'}}
end
local n = 0
for i = 1, 20 do
  local s = cjson.encode(doc)
  local d = cjson.decode(s)
  n = n + #s + #d.users
end
return n
