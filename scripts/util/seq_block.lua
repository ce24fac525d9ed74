#!lua
-- @name seq_block
-- @purpose Draw a block of consecutive numbers.
-- @key counter (string) the last number drawn, no TTL: it must never go back
-- @arg n (count) how many, 1 to 1000000000
-- @reply array of 2 strings: first and last number of the block. Error OVERFLOW beyond 2^53-1
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL seq_block 1 seq:{invoice} 100
-- include: shared/args.lua

local n = whole(ARGV[1], 1, 1000000000)
local bad = needs_keys(KEYS, 1, 1, 'counter') or needs(n, 'n must be a whole number from 1 to 1000000000')
if bad then return bad end

local current = whole(redis.call('GET', KEYS[1]) or 0, 0, MAX_INT)
if not current or current > MAX_INT - n then
  return redis.error_reply('OVERFLOW the counter would exceed 2^53-1 (or is not a number)')
end
redis.call('SET', KEYS[1], int(current + n))
return {int(current + 1), int(current + n)}
