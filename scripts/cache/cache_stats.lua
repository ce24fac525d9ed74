#!lua flags=no-writes
-- @name cache_stats
-- @purpose Read how often cache_get_or_lease found each state, over all clients that name the same stats.
-- @key stats (hash) as in cache_get_or_lease
-- @reply array of 5 integers: hit, miss, stale, wait, negative
-- @complexity O(1)
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO cache_stats 1 cache:{p17}:stats
-- include: shared/args.lua

local bad = needs_keys(KEYS, 1, 1, 'stats')
if bad then return bad end

local n = redis.call('HMGET', KEYS[1], 'hit', 'miss', 'stale', 'wait', 'negative')
for i = 1, #n do
  n[i] = tonumber(n[i]) or 0
end
return n
