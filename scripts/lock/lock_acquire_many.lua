#!lua
-- @name lock_acquire_many
-- @purpose Take several mutexes at once, all or none.
-- @key locks... (string) 1 to 1000 locks, each named once
-- @arg token (string) names the owner
-- @arg ttl (ms) time until the locks free themselves; those already the caller's are renewed, never shortened
-- @reply array: 1, 0, ttl (ms) all held; 0, index of the first lock another holds (from 1), its ttl (ms)
-- @complexity O(n) with n locks
-- @flags none
-- @since 0.1.0
-- @example FCALL lock_acquire_many 2 lock:{acc}:1 lock:{acc}:2 5f0c1e 10000
-- include: shared/args.lua lock/shared/mutex.lua

local token, ttl = ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, MAX_BATCH, '1 to 1000 locks') or needs(distinct(KEYS), 'a lock is named twice')
  or needs_text(token, 'token') or needs_ms(ttl, 'ttl')
if bad then return bad end

local mine = {}
for i = 1, #KEYS do -- GET one by one: MGET would hide a key of another type
  local owner = redis.call('GET', KEYS[i])
  if owner and owner ~= token then
    return {0, i, redis.call('PTTL', KEYS[i])}
  end
  mine[i] = owner
end
for i = 1, #KEYS do
  if mine[i] then
    lengthen(KEYS[i], ttl)
  else
    redis.call('SET', KEYS[i], token, 'PX', int(ttl))
  end
end
return {1, 0, ttl}
