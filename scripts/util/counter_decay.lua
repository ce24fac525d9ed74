#!lua
-- @name counter_decay
-- @purpose Add to a counter that halves in every half-life: how much has happened lately.
-- @key counter (hash) value and the moment it was right
-- @arg by (number) what to add, may be negative; 0 looks without writing
-- @arg half_life (ms) time in which the value halves
-- @reply string: the value now
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL counter_decay 1 hot:{video7} 1 60000
-- include: shared/args.lua shared/clock.lua

local counter, by, half = KEYS[1], tonumber(ARGV[1]), whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'counter') or needs(by and math.abs(by) <= 1e15, 'by must be a number between -1e15 and 1e15')
  or needs_ms(half, 'half_life')
if bad then return bad end

local now = now_ms()
local state = redis.call('HMGET', counter, 'v', 't')
local value, at = tonumber(state[1]) or 0, tonumber(state[2]) or now
value = value * 2 ^ (-math.max(0, now - at) / half) + by
if by ~= 0 then
  redis.call('HSET', counter, 'v', string.format('%.17g', value), 't', int(math.max(now, at)))
  -- Kept until less than a thousandth is left.
  local halvings = math.max(1, math.ceil(math.log(math.max(1, math.abs(value)) * 1000) / math.log(2)))
  redis.call('PEXPIRE', counter, int(math.min(halvings * half, MAX_MS)))
end
return string.format('%.17g', value)
