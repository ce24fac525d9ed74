#!lua
-- @name rwlock_read
-- @purpose Take a read lock: many may read, none while a writer holds the lock or waits for it.
-- @key readers (zset) reader to deadline
-- @key writer (string) the writer's id
-- @key waiting (string) the id of the writer that waits
-- @arg id (string) names the reader; the same id again renews
-- @arg ttl (ms) time until this reader's lock frees itself
-- @reply array: 1, number of readers; 0, retry (ms) when a writer holds it or waits. The writer itself may read, so
-- @reply that it can step down: read, then release write
-- @complexity O(log N) with N readers
-- @flags none
-- @since 0.1.0
-- @example FCALL rwlock_read 3 rw:{doc}:r rw:{doc}:w rw:{doc}:q r1 10000
-- include: shared/args.lua shared/clock.lua lock/shared/rwlock.lua

local readers, writer, waiting, id, ttl = KEYS[1], KEYS[2], KEYS[3], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 3, 3, 'readers writer waiting') or needs_text(id, 'id') or needs_ms(ttl, 'ttl')
if bad then return bad end

local now = now_ms()
local again = reading(readers, id, now)
local owner, booked = redis.call('GET', writer), redis.call('GET', waiting)
if owner and owner ~= id then
  return {0, redis.call('PTTL', writer) + 1}
end
if booked and booked ~= id and not again and owner ~= id then
  return {0, redis.call('PTTL', waiting) + 1}
end
return {1, add_reader(readers, id, now, ttl)}
