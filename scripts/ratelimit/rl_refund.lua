#!lua
-- @name rl_refund
-- @purpose Give back what an operation took, once: only what its receipt says, and only where it still counts.
-- @key limit (any) the limit
-- @key receipt (string) the receipt named in the call that took it; used up by this
-- @arg algorithm (fixed|sliding_log|sliding_counter|token_bucket|gcra) which one
-- @arg a (count) first parameter of its function
-- @arg b (count) second
-- @arg [c] (count) third, if it has one
-- @reply array of 5 integers, the state after the refund: limited, limit, remaining, retry_after (ms), reset_after (ms)
-- @complexity O(1), O(log N + cost) for a log of N units
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_refund 2 rl:{user:7} rl:{user:7}:op:41 gcra 15 30 60000
-- include: shared/args.lua shared/clock.lua ratelimit/shared/algorithms.lua

local bad = needs_keys(KEYS, 2, 2, 'limit receipt')
if bad then return bad end
local algorithm, p, wrong = parse_limit(ARGV, 1)
if wrong then return wrong end

local now = now_us()
local receipt = redis.call('GET', KEYS[2])
local reply = algorithm.check(KEYS[1], p, 0, now)
if receipt then
  local cost, stamp = string.match(receipt, '^(%d+) (%d+)$')
  if cost then
    algorithm.refund(KEYS[1], p, tonumber(cost), tonumber(stamp), now)
    redis.call('DEL', KEYS[2])
    reply = algorithm.check(KEYS[1], p, 0, now)
  end
end
return reply
