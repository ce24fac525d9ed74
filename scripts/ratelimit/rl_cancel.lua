#!lua
-- @name rl_cancel
-- @purpose End a hold of which nothing was used.
-- @key bucket (hash) the bucket
-- @key holds (zset) hold to deadline
-- @key costs (hash) hold to tokens
-- @arg id (string) names the hold
-- @arg capacity (count) tokens the full bucket holds
-- @arg refill (count) tokens added every interval
-- @arg interval (ms) time between refills
-- @reply array of 3 integers: 1 cancelled or 0 unknown (ended before, or ran out), tokens given back, remaining
-- @complexity O(log N) with N holds
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_cancel 3 llm:{org} llm:{org}:holds llm:{org}:costs call-1 100000 1000 600
-- include: shared/clock.lua ratelimit/shared/reserve.lua

local id, p = ARGV[1], nil
local bad = needs_keys(KEYS, 3, 3, 'bucket holds costs') or needs_text(id, 'id')
if not bad then p, bad = token_bucket.parse(ARGV[2], ARGV[3], ARGV[4]) end
if bad then return bad end

return settle_hold(KEYS, id, 0, p, now_ms())
