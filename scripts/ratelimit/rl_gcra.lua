#!lua
-- @name rl_gcra
-- @purpose Limit calls evenly (GCRA): count per period, with bursts of up to max_burst + 1; the best default.
-- @key limit (string) theoretical arrival time (us)
-- @key [receipt] (string) named after the operation: charged once, refundable by rl_refund
-- @arg max_burst (count) calls beyond the first that may come at once, 0 to 999999999
-- @arg count (count) calls per period
-- @arg period (ms) the period
-- @arg cost (count) what this call counts for; 0 looks without counting
-- @reply array of 5 integers: limited (1 = denied), limit (max_burst + 1), remaining, retry_after (ms; -1 when allowed,
-- @reply or when cost exceeds the limit and never can be), reset_after (ms). A denied call writes nothing
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_gcra 1 rl:{user:7} 15 30 60000 1
-- include: ratelimit/shared/gcra.lua ratelimit/shared/consume.lua

local p, cost = nil, whole(ARGV[4], 0, MAX_LIMIT)
local bad = needs_keys(KEYS, 1, 2, 'limit [receipt]')
if not bad then p, bad = gcra.parse(ARGV[1], ARGV[2], ARGV[3]) end
bad = bad or needs_cost(cost)
if bad then return bad end

return consume(gcra, KEYS, p, cost)
