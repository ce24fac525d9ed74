#!lua flags=allow-oom
-- @name rlock_release
-- @purpose Release a reentrant lock once; the last release frees it and wakes a waiter.
-- @key lock (hash) the lock
-- @key [channel] (channel) waiters listen here; the message is the lock's name
-- @key [latch] (string) one per owner: makes a repeated request count once
-- @arg owner (string) names the owner
-- @arg [request] (string) id of this request, with a latch
-- @arg [latch_ttl] (ms) how long the answer is kept, with a latch
-- @reply integer: how many releases are still due, 0 = free now, -1 = the caller did not hold it
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL rlock_release 3 rlock:{job} chan:{job} latch:{job}:w1 w1 req-2 60000
-- include: shared/args.lua lock/shared/mutex.lua lock/shared/latch.lua

local lock, channel, latch, owner = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local request, latch_ttl = ARGV[2], whole(ARGV[3], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 3, 'lock [channel [latch]]') or needs_text(owner, 'owner')
  or needs_latch(latch, request, latch_ttl)
if bad then return bad end

local known = latched(latch, request)
local state = redis.call('HMGET', lock, 'owner', 'count')
if known then
  return known
end
if state[1] ~= owner then
  return -1
end
local count = tonumber(state[2]) - 1
if count > 0 then
  redis.call('HSET', lock, 'count', int(count))
else
  redis.call('DEL', lock)
  wake(channel, lock)
end
keep(latch, request, count, latch_ttl)
return count
