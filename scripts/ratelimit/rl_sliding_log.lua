#!lua
-- @name rl_sliding_log
-- @purpose Limit calls in any window of time, exactly: every unit is logged with its time.
-- @key log (zset) time of every admitted unit (us)
-- @key [receipt] (string) named after the operation: charged once, refundable by rl_refund
-- @arg limit (count) units in any window, 1 to 10000 (about 100 bytes each)
-- @arg window (ms) length of the window
-- @arg cost (count) what this call counts for, 0 to 1000; 0 looks without counting
-- @reply array of 5 integers: limited (1 = denied), limit, remaining, retry_after (ms; -1 when allowed, or when cost
-- @reply exceeds the limit and never can be), reset_after (ms). A denied call writes nothing
-- @complexity O(log N + cost) with N units in the log
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_sliding_log 1 rl:{user:7} 100 60000 1
-- include: ratelimit/shared/sliding_log.lua ratelimit/shared/consume.lua

local p, cost = nil, whole(ARGV[3], 0, MAX_BATCH)
local bad = needs_keys(KEYS, 1, 2, 'log [receipt]')
if not bad then p, bad = sliding_log.parse(ARGV[1], ARGV[2]) end
bad = bad or needs(cost, 'cost must be a whole number from 0 to 1000')
if bad then return bad end

return consume(sliding_log, KEYS, p, cost)
