#!lua flags=allow-oom
-- @name sem_release
-- @purpose Give a permit back.
-- @key holders (zset) holder to deadline
-- @key [weights] (hash) named if it was at acquisition
-- @arg id (string) names the holder
-- @reply integer: 1 given back, -1 not held (it ran out or was given back before)
-- @complexity O(log N) with N holders
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL sem_release 1 sem:{db} w1
-- include: shared/args.lua shared/clock.lua lock/shared/holders.lua

local holders, weights, id = KEYS[1], KEYS[2], ARGV[1]
local bad = needs_keys(KEYS, 1, 2, 'holders [weights]') or needs_text(id, 'id')
if bad then return bad end

local now = now_ms()
local deadline = tonumber(redis.call('ZSCORE', holders, id) or 0)
local weight = weights and tonumber(redis.call('HGET', weights, id)) or 0
if deadline <= now then
  return -1
end
redis.call('ZREM', holders, id)
if weights then
  redis.call('HDEL', weights, id)
  redis.call('HINCRBY', weights, '', int(-weight))
end
return 1
