#!lua
-- @name rl_concurrency
-- @purpose Limit calls in progress: each holds a slot until sem_release, or until its lease runs out.
-- @key holders (zset) call to deadline, as of sem_acquire
-- @arg id (string) names the call; the same id again is one slot and renews it
-- @arg max (count) calls in progress at once, 1 to 1000000
-- @arg lease (ms) time until the slot frees itself
-- @arg [cost] (0|1) 0 looks without taking; default 1
-- @reply array of 5 integers: limited (1 = denied), limit, remaining, retry_after (ms until a slot's lease runs out),
-- @reply reset_after (ms until the last one does)
-- @complexity O(log N) with N calls in progress
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_concurrency 1 rl:{export} req-1 10 30000
-- include: shared/args.lua shared/clock.lua lock/shared/holders.lua ratelimit/shared/reply.lua

local holders, id, max = KEYS[1], ARGV[1], whole(ARGV[2], 1, 1000000)
local lease, cost = whole(ARGV[3], 1, MAX_MS), whole(ARGV[4] or 1, 0, 1)
local bad = needs_keys(KEYS, 1, 1, 'holders') or needs_text(id, 'id')
  or needs(max, 'max must be a whole number from 1 to 1000000') or needs_ms(lease, 'lease')
  or needs(cost, 'cost must be 0 or 1')
if bad then return bad end

local now = now_ms()
local used, gone = count_permits(holders, nil, now)
local deadline = tonumber(redis.call('ZSCORE', holders, id) or 0)
local last = redis.call('ZRANGE', holders, -1, -1, 'WITHSCORES')
local reset = last[2] and last[2] - now or 0
local mine = deadline > now
if not mine and used + cost > max then
  return limit_reply(max, max - used, permits_free_in(holders, nil, now, used + 1 - max), reset)
end
if cost == 1 then
  drop_permits(holders, nil, gone, used)
  add_permit(holders, nil, id, 1, now, lease, used)
  reset = math.max(reset, lease)
  if not mine then used = used + 1 end
end
return limit_reply(max, max - used, nil, reset)
