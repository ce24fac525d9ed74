#!lua flags=allow-oom
-- @name cache_wb_ack
-- @purpose Write behind: a value has been written to its place; unless a newer one has come, it waits no more.
-- @key values (hash) id to value and version, no TTL
-- @key dirty (zset) id to the moment it is due, no TTL
-- @arg id (string) names the value
-- @arg version (integer) as cache_wb_take returned it
-- @reply integer: 1 done, 0 a newer value waits and is due at once, -1 nothing waits
-- @complexity O(log N) with N values that wait
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL cache_wb_ack 2 wb:{users} wb:{users}:dirty 7 1
-- include: shared/args.lua shared/clock.lua

local values, dirty, id, version = KEYS[1], KEYS[2], ARGV[1], whole(ARGV[2], 1, MAX_INT)
local bad = needs_keys(KEYS, 2, 2, 'values dirty') or needs_text(id, 'id') or needs(version, 'version must be a whole number')
if bad then return bad end

local present = tonumber(redis.call('HGET', values, 'g:' .. id))
redis.call('ZCARD', dirty) -- fails on a key of another type, before anything is written
if not present or present < version then
  return -1
elseif present > version then
  redis.call('ZADD', dirty, 'LT', int(now_ms()), id)
  return 0
end
redis.call('HDEL', values, 'v:' .. id, 'g:' .. id)
redis.call('ZREM', dirty, id)
return 1
