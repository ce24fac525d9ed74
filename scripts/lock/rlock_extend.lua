#!lua flags=allow-oom
-- @name rlock_extend
-- @purpose Renew a reentrant lock the caller holds.
-- @key lock (hash) the lock
-- @arg owner (string) names the owner
-- @arg ttl (ms) new time to live; never shortens the present one
-- @reply array: 1, ttl (ms) still held; 0, 0 held by another; -1, 0 absent
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL rlock_extend 1 rlock:{job} w1 10000
-- include: shared/args.lua lock/shared/mutex.lua

local lock, owner, ttl = KEYS[1], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'lock') or needs_text(owner, 'owner') or needs_ms(ttl, 'ttl')
if bad then return bad end

local holder = redis.call('HGET', lock, 'owner')
if holder ~= owner then
  return {holder and 0 or -1, 0}
end
return {1, lengthen(lock, ttl)}
