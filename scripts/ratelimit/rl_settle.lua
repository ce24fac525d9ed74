#!lua
-- @name rl_settle
-- @purpose End a hold at what was really used: the rest goes back, or the bucket goes into debt.
-- @key bucket (hash) the bucket
-- @key holds (zset) hold to deadline
-- @key costs (hash) hold to tokens
-- @arg id (string) names the hold
-- @arg actual (count) tokens really used
-- @arg capacity (count) tokens the full bucket holds
-- @arg refill (count) tokens added every interval
-- @arg interval (ms) time between refills
-- @reply array of 3 integers: 1 settled or 0 unknown (settled before, or ran out), tokens given back (negative: taken
-- @reply on top), remaining
-- @complexity O(log N) with N holds
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_settle 3 llm:{org} llm:{org}:holds llm:{org}:costs call-1 1200 100000 1000 600
-- include: shared/clock.lua ratelimit/shared/reserve.lua

local id, actual, p = ARGV[1], whole(ARGV[2], 0, MAX_LIMIT), nil
local bad = needs_keys(KEYS, 3, 3, 'bucket holds costs') or needs_text(id, 'id')
  or needs(actual, 'actual must be a whole number from 0 to 1000000000')
if not bad then p, bad = token_bucket.parse(ARGV[3], ARGV[4], ARGV[5]) end
bad = bad or needs(math.ceil((p[1] + actual) / p[2]) * p[3] <= MAX_MS, 'the debt would take more than ten years to fill')
if bad then return bad end

return settle_hold(KEYS, id, actual, p, now_ms())
