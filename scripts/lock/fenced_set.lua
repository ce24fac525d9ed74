#!lua
-- @name fenced_set
-- @purpose Write a value only if the writer's fence is the highest seen: an owner that lost its lock cannot overwrite.
-- @key mark (string) highest fence seen, no TTL: it must never go back
-- @key value (any) what is protected, overwritten by a string; no TTL unless asked for
-- @arg fence (integer) the fence the caller got with its lock, 1 to 2^53-1
-- @arg value (string) what to store
-- @arg [ttl] (ms) time to live of the value; without it the value stays
-- @reply array: 1 written or 0 stale, highest fence seen
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL fenced_set 2 mark:{report} report:{report} 34 done 60000
-- include: shared/args.lua lock/shared/fence.lua

local fence, value, ttl = whole(ARGV[1], 1, MAX_INT), ARGV[2], whole(ARGV[3], 1, MAX_MS)
local bad = needs_keys(KEYS, 2, 2, 'mark value') or needs(fence, 'fence must be a whole number from 1 to 2^53-1')
  or needs(value, 'value is missing') or (ARGV[3] and needs_ms(ttl, 'ttl'))
if bad then return bad end

local reply = pass_fence(KEYS[1], fence)
if reply[1] == 1 then
  if ttl then
    redis.call('SET', KEYS[2], value, 'PX', int(ttl))
  else
    redis.call('SET', KEYS[2], value)
  end
end
return reply
