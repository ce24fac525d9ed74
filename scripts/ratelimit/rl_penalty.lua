#!lua
-- @name rl_penalty
-- @purpose Block a caller for ever longer as its strikes (such as failed logins) add up.
-- @key strikes (string) strikes so far
-- @key block (string) the moment the block ends (ms)
-- @arg limit (count) strikes that lead to the first block, 1 to 1000000000
-- @arg window (ms) quiet time after which strikes are forgotten
-- @arg base (ms) length of the first block; each further strike doubles it
-- @arg max (ms) longest block
-- @arg [cost] (0|1) 0 looks without striking; default 1
-- @reply array of 3 integers: blocked (1 or 0), strikes, retry_after (ms until the block ends, -1 = not blocked).
-- @reply A call during a block counts no strike and writes nothing
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_penalty 2 strikes:{ip:10.0.0.1} block:{ip:10.0.0.1} 5 900000 1000 3600000
-- include: shared/args.lua shared/clock.lua ratelimit/shared/reply.lua

local strikes, block = KEYS[1], KEYS[2]
local limit, window = whole(ARGV[1], 1, MAX_LIMIT), whole(ARGV[2], 1, MAX_MS)
local base, max, cost = whole(ARGV[3], 1, MAX_MS), whole(ARGV[4], 1, MAX_MS), whole(ARGV[5] or 1, 0, 1)
local bad = needs_keys(KEYS, 2, 2, 'strikes block') or needs_limit(limit, 'limit') or needs_ms(window, 'window')
  or needs_ms(base, 'base') or needs_ms(max, 'max') or needs(cost, 'cost must be 0 or 1')
if bad then return bad end

local now = now_ms()
local count = tonumber(redis.call('GET', strikes)) or 0
local ends = tonumber(redis.call('GET', block)) or 0
if now < ends then
  return {1, count, ends - now}
end
if cost == 0 then
  return {0, count, -1}
end
count = count + 1
local length = 0
if count >= limit then
  length = math.min(max, base * 2 ^ math.min(count - limit, 40))
  redis.call('SET', block, int(now + length), 'PX', int(length))
end
redis.call('SET', strikes, int(count), 'PX', int(window + length))
if length > 0 then
  return {1, count, length}
end
return {0, count, -1}
