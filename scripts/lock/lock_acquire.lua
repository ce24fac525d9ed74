#!lua
-- @name lock_acquire
-- @purpose Take a mutex; for the token that holds it, renew it without ever shortening it.
-- @key lock (string) holds the owner's token
-- @key [fence] (string) counter of acquisitions, no TTL: it must never go back
-- @arg token (string) names the owner: at least 128 random bits, made by the client
-- @arg ttl (ms) time until the lock frees itself, 1 to 315360000000
-- @reply array: 1, fence (0 without a fence key), ttl (ms) when held; 0, 0, ttl of the holder (ms, -1 = a key without
-- @reply TTL, which is never stolen) when another holds it
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL lock_acquire 2 lock:{report} fence:{report} 5f0c1e 10000
-- include: shared/args.lua lock/shared/mutex.lua

local lock, fence, token, ttl = KEYS[1], KEYS[2], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 2, 'lock [fence]') or needs_text(token, 'token') or needs_ms(ttl, 'ttl')
if bad then return bad end

local owner = redis.call('GET', lock)
if owner == token then
  local current = fence and tonumber(redis.call('GET', fence)) or 0
  return {1, current, lengthen(lock, ttl)}
end
if owner then
  return {0, 0, redis.call('PTTL', lock)}
end
local number = fence and redis.call('INCR', fence) or 0 -- before SET: it fails on a key of another type
redis.call('SET', lock, token, 'PX', int(ttl))
return {1, number, ttl}
