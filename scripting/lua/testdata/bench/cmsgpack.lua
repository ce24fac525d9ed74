local doc = {users = {}}
for i = 1, 20 do
  doc.users[i] = {id = i, name = 'user number ' .. i, active = i % 2 == 0, score = i * 1.5, tags = {1, 2, 300, 70000}}
end
local n = 0
for i = 1, 20 do
  local s = cmsgpack.pack(doc)
  local d = cmsgpack.unpack(s)
  n = n + #s + #d.users
end
return n
