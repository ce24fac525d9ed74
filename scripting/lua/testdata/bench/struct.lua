local n = 0
for i = 1, 1000 do
  local s = struct.pack('>I4i8dHs', i, -i, i / 3, i % 65536, 'name')
  local a, b, c, d, e, p = struct.unpack('>I4i8dHs', s)
  n = n + a + d + #e + p
end
return n
