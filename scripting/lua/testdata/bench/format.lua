local n = 0
for i = 1, 1000 do
  n = n + #string.format('%d:%s:%5.2f:%x', i, 'name', i / 3, i * 17)
  n = n + #string.format('%05d|%-10s|%q', i, 'ab', 'c"d')
end
return n
