#!lua
-- @name rwlock_write
-- @purpose Take the write lock; while readers hold it, book the next turn so that new readers wait.
-- @key readers (zset) reader to deadline
-- @key writer (string) the writer's id
-- @key waiting (string) the id of the writer that waits
-- @arg id (string) names the writer; the same id again renews
-- @arg ttl (ms) time until the lock frees itself
-- @arg [wait] (ms) how long the booking holds; 0 (default) books nothing
-- @reply array: 1, 0 held; 0, retry (ms). Error UPGRADE when id holds a read lock: two readers that both wait to
-- @reply write would wait for ever
-- @complexity O(log N) with N readers
-- @flags none
-- @since 0.1.0
-- @example FCALL rwlock_write 3 rw:{doc}:r rw:{doc}:w rw:{doc}:q w1 10000 500
-- include: shared/args.lua shared/clock.lua lock/shared/mutex.lua lock/shared/rwlock.lua

local readers, writer, waiting = KEYS[1], KEYS[2], KEYS[3]
local id, ttl, wait = ARGV[1], whole(ARGV[2], 1, MAX_MS), whole(ARGV[3] or 0, 0, MAX_MS)
local bad = needs_keys(KEYS, 3, 3, 'readers writer waiting') or needs_text(id, 'id') or needs_ms(ttl, 'ttl')
  or needs(wait, 'wait must be a whole number of milliseconds from 0 to 315360000000')
if bad then return bad end

local now = now_ms()
local upgrade = reading(readers, id, now)
local owner, booked = redis.call('GET', writer), redis.call('GET', waiting)
if owner == id then
  lengthen(writer, ttl)
  return {1, 0}
end
if upgrade then
  return redis.error_reply('UPGRADE release the read lock before asking for the write lock')
end
if owner then
  return {0, redis.call('PTTL', writer) + 1}
end
if booked and booked ~= id then
  return {0, redis.call('PTTL', waiting) + 1}
end
local last = redis.call('ZREVRANGEBYSCORE', readers, '+inf', '(' .. int(now), 'WITHSCORES', 'LIMIT', 0, 1)
if last[2] then
  if wait > 0 then
    redis.call('SET', waiting, id, 'PX', int(wait))
  end
  return {0, last[2] - now}
end
redis.call('SET', writer, id, 'PX', int(ttl))
redis.call('DEL', readers, waiting) -- readers: only locks that have run out
return {1, 0}
