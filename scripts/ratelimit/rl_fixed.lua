#!lua
-- @name rl_fixed
-- @purpose Limit calls per fixed window: cheapest, but up to twice the limit can pass around a window's edge.
-- @key limit (hash) count and end of the window
-- @key [receipt] (string) named after the operation: charged once, refundable by rl_refund
-- @arg limit (count) calls per window, 1 to 1000000000
-- @arg window (ms) length of the window, from its first call
-- @arg cost (count) what this call counts for; 0 looks without counting
-- @arg [aligned] (0|1) 1: windows start at multiples of their length
-- @reply array of 5 integers: limited (1 = denied), limit, remaining, retry_after (ms; -1 when allowed, or when cost
-- @reply exceeds the limit and never can be), reset_after (ms). A denied call writes nothing
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_fixed 1 rl:{user:7} 100 60000 1
-- include: ratelimit/shared/fixed.lua ratelimit/shared/consume.lua

local p, cost = nil, whole(ARGV[3], 0, MAX_LIMIT)
local bad = needs_keys(KEYS, 1, 2, 'limit [receipt]')
if not bad then p, bad = fixed.parse(ARGV[1], ARGV[2], ARGV[4]) end
bad = bad or needs_cost(cost)
if bad then return bad end

return consume(fixed, KEYS, p, cost)
