#!lua
-- @name lock_force
-- @purpose Take a mutex away from whoever holds it. Only the fence protects the resource from the former owner.
-- @key lock (string) the lock
-- @key fence (string) counter of acquisitions, no TTL
-- @key [channel] (channel) told the lock's name
-- @arg token (string) names the new owner
-- @arg ttl (ms) time until the lock frees itself
-- @reply array: fence (integer), previous owner ("" when it was free or already the caller's)
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL lock_force 2 lock:{report} fence:{report} 77aa01 10000
-- include: shared/args.lua lock/shared/mutex.lua

local lock, fence, token, ttl = KEYS[1], KEYS[2], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 2, 3, 'lock fence [channel]') or needs_text(token, 'token') or needs_ms(ttl, 'ttl')
if bad then return bad end

local owner = redis.call('GET', lock)
if owner == token then
  local current = tonumber(redis.call('GET', fence)) or 0
  lengthen(lock, ttl)
  return {current, ''}
end
local number = redis.call('INCR', fence)
redis.call('SET', lock, token, 'PX', int(ttl))
wake(KEYS[3], lock)
return {number, owner or ''}
