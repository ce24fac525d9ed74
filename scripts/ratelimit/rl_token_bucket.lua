#!lua
-- @name rl_token_bucket
-- @purpose Limit calls by a bucket that refills in steps: bursts up to the capacity, then the refill rate.
-- @key bucket (hash) tokens and the moment of the last refill
-- @key [receipt] (string) named after the operation: charged once, refundable by rl_refund
-- @arg capacity (count) tokens the full bucket holds, 1 to 1000000000
-- @arg refill (count) tokens added every interval
-- @arg interval (ms) time between refills
-- @arg cost (count) tokens this call takes; 0 looks without taking
-- @reply array of 5 integers: limited (1 = denied), limit, remaining, retry_after (ms; -1 when allowed, or when cost
-- @reply exceeds the capacity and never can be), reset_after (ms). A denied call writes nothing
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_token_bucket 1 rl:{user:7} 100 10 1000 1
-- include: ratelimit/shared/token_bucket.lua ratelimit/shared/consume.lua

local p, cost = nil, whole(ARGV[4], 0, MAX_LIMIT)
local bad = needs_keys(KEYS, 1, 2, 'bucket [receipt]')
if not bad then p, bad = token_bucket.parse(ARGV[1], ARGV[2], ARGV[3]) end
bad = bad or needs_cost(cost)
if bad then return bad end

return consume(token_bucket, KEYS, p, cost)
