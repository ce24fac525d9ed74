#!lua flags=allow-oom
-- @name lock_release
-- @purpose Release a mutex, but only if the caller still owns it, and wake a waiter.
-- @key lock (string) the lock
-- @key [channel] (channel) waiters listen here; the message is the lock's name
-- @arg token (string) the token the lock was taken with
-- @reply integer: 1 released, 0 held by another, -1 absent (it expired or was released before)
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL lock_release 1 lock:{report} 5f0c1e
-- include: shared/args.lua lock/shared/mutex.lua

local lock, token = KEYS[1], ARGV[1]
local bad = needs_keys(KEYS, 1, 2, 'lock [channel]') or needs_text(token, 'token')
if bad then return bad end

local owner = redis.call('GET', lock)
if owner ~= token then
  return owner and 0 or -1
end
redis.call('DEL', lock)
wake(KEYS[2], lock)
return 1
