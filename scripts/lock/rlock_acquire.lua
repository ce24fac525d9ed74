#!lua
-- @name rlock_acquire
-- @purpose Take a reentrant lock: its owner may take it again, and must release it as many times.
-- @key lock (hash) owner and count
-- @key [channel] (channel) not used here: it keeps the latch's place
-- @key [latch] (string) one per owner: makes a repeated request count once
-- @arg owner (string) names the owner
-- @arg ttl (ms) time until the lock frees itself; never shortened by a further call
-- @arg [request] (string) id of this request, with a latch
-- @arg [latch_ttl] (ms) how long the answer is kept, with a latch
-- @reply array: 1, count, ttl (ms) when held; 0, 0, ttl of the holder (ms) when another holds it
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL rlock_acquire 3 rlock:{job} chan:{job} latch:{job}:w1 w1 10000 req-1 60000
-- include: shared/args.lua lock/shared/mutex.lua lock/shared/latch.lua

local lock, latch, owner, ttl = KEYS[1], KEYS[3], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local request, latch_ttl = ARGV[3], whole(ARGV[4], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 3, 'lock [channel [latch]]') or needs_text(owner, 'owner') or needs_ms(ttl, 'ttl')
  or needs_latch(latch, request, latch_ttl)
if bad then return bad end

local known = latched(latch, request)
local state = redis.call('HMGET', lock, 'owner', 'count')
if state[1] and state[1] ~= owner then
  return {0, 0, redis.call('PTTL', lock)}
end
if known and state[1] then
  return {1, known, redis.call('PTTL', lock)}
end
local count = (tonumber(state[2]) or 0) + 1
redis.call('HSET', lock, 'owner', owner, 'count', int(count))
local left = lengthen(lock, ttl)
keep(latch, request, count, latch_ttl)
return {1, count, left}
