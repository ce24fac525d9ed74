#!lua
-- @name rl_sliding_counter
-- @purpose Limit calls in a sliding window, approximately, in constant space: two counts, the older one weighted.
-- @key limit (hash) start of the window, its count and the count of the one before
-- @key [receipt] (string) named after the operation: charged once, refundable by rl_refund
-- @arg limit (count) calls per window, 1 to 1000000000; limit * window at most 2^50
-- @arg window (ms) length of the window
-- @arg cost (count) what this call counts for; 0 looks without counting
-- @reply array of 5 integers: limited (1 = denied), limit, remaining, retry_after (ms; -1 when allowed, or when cost
-- @reply exceeds the limit and never can be), reset_after (ms). A denied call writes nothing
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_sliding_counter 1 rl:{user:7} 100 60000 1
-- include: ratelimit/shared/sliding_counter.lua ratelimit/shared/consume.lua

local p, cost = nil, whole(ARGV[3], 0, MAX_LIMIT)
local bad = needs_keys(KEYS, 1, 2, 'limit [receipt]')
if not bad then p, bad = sliding_counter.parse(ARGV[1], ARGV[2]) end
bad = bad or needs_cost(cost)
if bad then return bad end

return consume(sliding_counter, KEYS, p, cost)
