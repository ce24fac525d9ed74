#!lua
-- @name counter_bounded
-- @purpose Add to a counter that must stay between two bounds.
-- @key counter (string) the count
-- @arg by (integer) what to add, may be negative; 0 looks without writing
-- @arg min (integer) lowest value, above -2^53
-- @arg max (integer) highest value, below 2^53
-- @arg ttl (ms) time to live, from the first call that writes
-- @arg saturate (0|1) 1: go as far as the bound; 0: all or nothing
-- @reply array of 2 integers: value, what was really added
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL counter_bounded 1 count:{seats} 1 0 100 3600000 0
-- include: shared/args.lua

local counter, by = KEYS[1], whole(ARGV[1], -MAX_INT, MAX_INT)
local min, max = whole(ARGV[2], -MAX_INT, MAX_INT), whole(ARGV[3], -MAX_INT, MAX_INT)
local ttl, saturate = whole(ARGV[4], 1, MAX_MS), whole(ARGV[5], 0, 1)
local bad = needs_keys(KEYS, 1, 1, 'counter') or needs(by, 'by must be a whole number between -2^53 and 2^53')
  or needs(min and max and min <= max, 'min and max must be whole numbers between -2^53 and 2^53, min not above max')
  or needs_ms(ttl, 'ttl') or needs(saturate, 'saturate must be 0 or 1')
if bad then return bad end

local value = redis.call('GET', counter)
local current = whole(value or 0, -MAX_INT, MAX_INT)
bad = needs(current, 'the counter does not hold a whole number')
if bad then return bad end
local target = math.max(min, math.min(max, current + by))
if target ~= current + by and saturate == 0 then
  target = current
end
-- Outside the bounds (they were narrowed), only a step towards them is taken.
if (target - current) * by <= 0 then
  return {current, 0}
end
if value then
  redis.call('SET', counter, int(target), 'KEEPTTL')
  if redis.call('PTTL', counter) == -1 then
    redis.call('PEXPIRE', counter, int(ttl))
  end
else
  redis.call('SET', counter, int(target), 'PX', int(ttl))
end
return {target, target - current}
