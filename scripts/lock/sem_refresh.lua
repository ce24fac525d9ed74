#!lua flags=allow-oom
-- @name sem_refresh
-- @purpose Renew a permit the caller holds. A permit that ran out stays lost.
-- @key holders (zset) holder to deadline
-- @key [weights] (hash) named if it was at acquisition
-- @arg id (string) names the holder
-- @arg lease (ms) new time until the permit frees itself; never shortens the present one
-- @reply array: 1, ttl (ms) still held; -1, 0 lost
-- @complexity O(log N) with N holders
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL sem_refresh 1 sem:{db} w1 10000
-- include: shared/args.lua shared/clock.lua shared/expiry.lua

local holders, weights, id, lease = KEYS[1], KEYS[2], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 2, 'holders [weights]') or needs_text(id, 'id') or needs_ms(lease, 'lease')
if bad then return bad end

local now = now_ms()
local deadline = tonumber(redis.call('ZSCORE', holders, id) or 0)
if weights then
  redis.call('HLEN', weights) -- fails on a key of another type, before anything is written
end
if deadline <= now then
  return {-1, 0}
end
if now + lease > deadline then
  deadline = now + lease
  redis.call('ZADD', holders, int(deadline), id)
  outlive(holders, deadline)
  if weights then
    outlive(weights, deadline)
  end
end
return {1, deadline - now}
