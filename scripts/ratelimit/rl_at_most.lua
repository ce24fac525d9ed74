#!lua
-- @name rl_at_most
-- @purpose Take as many units as a GCRA limit has now, up to a number.
-- @key limit (string) theoretical arrival time (us), as of rl_gcra
-- @arg max_burst (count) units beyond the first that may come at once
-- @arg count (count) units per period
-- @arg period (ms) the period
-- @arg most (count) units wanted; 0 looks without taking
-- @reply array of 6 integers: granted, then limited (1 = none was granted), limit, remaining, retry_after (ms, for one
-- @reply unit), reset_after (ms)
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_at_most 1 rl:{user:7} 15 30 60000 10
-- include: shared/clock.lua ratelimit/shared/gcra.lua

local p, most = nil, whole(ARGV[4], 0, MAX_LIMIT)
local bad = needs_keys(KEYS, 1, 1, 'limit')
if not bad then p, bad = gcra.parse(ARGV[1], ARGV[2], ARGV[3]) end
bad = bad or needs(most, 'most must be a whole number from 0 to 1000000000')
if bad then return bad end

local now = now_us()
local look = gcra.check(KEYS[1], p, 0, now)
local granted = math.min(most, look[3])
local reply, commit = gcra.check(KEYS[1], p, granted > 0 and granted or math.min(most, 1), now)
if commit then commit() end
return {granted, reply[1], reply[2], reply[3], reply[4], reply[5]}
