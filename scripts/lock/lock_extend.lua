#!lua flags=allow-oom
-- @name lock_extend
-- @purpose Renew a mutex the caller holds. A lock that was lost stays lost.
-- @key lock (string) the lock
-- @arg token (string) the token the lock was taken with
-- @arg ttl (ms) new time to live, counted from now; never shortens the present one
-- @arg [max_until] (ms) since 1970: the lock is not extended beyond this moment
-- @reply array: 1, ttl (ms) still held; 0, 0 held by another; -1, 0 absent
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL lock_extend 1 lock:{report} 5f0c1e 10000
-- include: shared/args.lua shared/clock.lua lock/shared/mutex.lua

local lock, token, ttl = KEYS[1], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local max_until = ARGV[3] and whole(ARGV[3], 0, MAX_INT)
local bad = needs_keys(KEYS, 1, 1, 'lock') or needs_text(token, 'token') or needs_ms(ttl, 'ttl')
  or needs(max_until or not ARGV[3], 'max_until must be a time in milliseconds since 1970')
if bad then return bad end

local owner = redis.call('GET', lock)
if owner ~= token then
  return {owner and 0 or -1, 0}
end
if max_until then
  ttl = math.min(ttl, max_until - now_ms())
end
return {1, lengthen(lock, ttl)}
