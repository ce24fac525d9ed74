#!lua
-- @name cache_wb_put
-- @purpose Write behind: keep the newest value of an id until somebody has written it to its place.
-- @key values (hash) id to value and version, no TTL: what is not yet written must not vanish
-- @key dirty (zset) id to the moment it is due, no TTL
-- @arg id (string) names the value
-- @arg value (string) the value; it replaces one that is not yet written
-- @arg delay (ms) time until it is due, in which further values replace it; a value that waits keeps its moment
-- @reply integer: the version
-- @complexity O(log N) with N values that wait
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_wb_put 2 wb:{users} wb:{users}:dirty 7 Ann 1000
-- include: shared/args.lua shared/clock.lua

local values, dirty, id, value, delay = KEYS[1], KEYS[2], ARGV[1], ARGV[2], whole(ARGV[3], 0, MAX_MS)
local bad = needs_keys(KEYS, 2, 2, 'values dirty') or needs_text(id, 'id') or needs(value, 'value is missing')
  or needs(delay, 'delay must be a whole number of milliseconds from 0 to 315360000000')
if bad then return bad end

redis.call('ZCARD', dirty) -- fails on a key of another type, before anything is written
local version = redis.call('HINCRBY', values, 'seq', 1)
redis.call('HSET', values, 'v:' .. id, value, 'g:' .. id, int(version))
redis.call('ZADD', dirty, 'NX', int(now_ms() + delay), id)
return version
