#!lua
-- @name rl_leaky
-- @purpose Space calls out evenly: each is told how long to wait before it may run (the leaky bucket as a queue).
-- @key queue (string) the moment the next call may run (us)
-- @arg rate (count) calls per period
-- @arg period (ms) the period
-- @arg max_delay (ms) longest wait a call accepts, 0 to 315360000000
-- @arg cost (count) places this call takes; 0 looks without taking
-- @reply array of 3 integers: limited (1 = denied, as the wait would be too long), delay (ms until the call may run;
-- @reply when denied, ms until the same call would be taken), units waiting before it
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_leaky 1 rl:{smtp} 10 1000 5000 1
-- include: shared/args.lua shared/clock.lua ratelimit/shared/reply.lua

local rate, period = whole(ARGV[1], 1, MAX_LIMIT), whole(ARGV[2], 1, MAX_MS)
local max_delay, cost = whole(ARGV[3], 0, MAX_MS), whole(ARGV[4], 0, MAX_LIMIT)
local bad = needs_keys(KEYS, 1, 1, 'queue') or needs_limit(rate, 'rate') or needs_ms(period, 'period')
  or needs(max_delay, 'max_delay must be a whole number of milliseconds from 0 to 315360000000') or needs_cost(cost)
  or needs(rate <= period * 1000, 'rate must not exceed one per microsecond of the period')
if bad then return bad end
local unit = math.ceil(period * 1000 / rate)
bad = needs(unit * cost <= MAX_MS * 1000, 'the call would take more than ten years')
if bad then return bad end

local now = now_us()
local free = math.max(tonumber(redis.call('GET', KEYS[1])) or now, now)
local wait = free - now
local waiting = math.ceil(wait / unit)
if wait > max_delay * 1000 then
  return {1, math.ceil((wait - max_delay * 1000) / 1000), waiting}
end
if cost > 0 then
  free = free + unit * cost
  redis.call('SET', KEYS[1], int(free), 'PX', int(math.ceil((free - now) / 1000)))
end
return {0, math.ceil(wait / 1000), waiting}
