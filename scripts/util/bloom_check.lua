#!lua flags=no-writes
-- @name bloom_check
-- @purpose Tell which ids a sliding Bloom filter knows, without adding them.
-- @key current (string) as in bloom_add
-- @key previous (string) as in bloom_add
-- @arg bits (count) as in bloom_add
-- @arg hashes (count) as in bloom_add
-- @arg ids... (string) 1 or more; ids times hashes at most 1000
-- @reply array of integers, for each id: 1 known (or seems so), 0 surely new
-- @complexity O(n) with n ids times hashes
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO bloom_check 2 seen:{clicks}:a seen:{clicks}:b 100000 7 click-1 click-2
-- include: util/shared/bloom.lua

local f, bad = parse_filter(ARGV, 3)
bad = needs_keys(KEYS, 2, 2, 'current previous') or needs(KEYS[1] ~= KEYS[2], 'current and previous must differ') or bad
if bad then return bad end

local reply = {}
for i = 3, #ARGV do
  local list = places(f, ARGV[i])
  reply[i - 2] = (has(KEYS[1], list) or has(KEYS[2], list)) and 1 or 0
end
return reply
