#!lua
-- @name latch_init
-- @purpose Make a latch that opens when n participants have counted it down.
-- @key latch (hash) participants that have come, and how many are expected
-- @arg n (count) participants, 1 to 10000
-- @arg ttl (ms) time until the latch goes, open or not
-- @reply array: 1 made or 0 there already (and unchanged), how many are still expected
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL latch_init 1 latch:{import} 3 600000
-- include: lock/shared/latch_count.lua

local latch, n, ttl = KEYS[1], whole(ARGV[1], 1, 10000), whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'latch') or needs_parties(n) or needs_ms(ttl, 'ttl')
if bad then return bad end

local left = arrivals(latch)
if left then
  return {0, left}
end
redis.call('HSET', latch, '', int(n))
redis.call('PEXPIRE', latch, int(ttl))
return {1, n}
