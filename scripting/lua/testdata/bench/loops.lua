local s = 0
for i = 1, 300 do
  for j = 1, 300 do
    if (i + j) % 3 == 0 then s = s + i * j else s = s - j end
  end
end
return s
