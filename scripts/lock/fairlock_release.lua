#!lua flags=allow-oom
-- @name fairlock_release
-- @purpose Release a fair lock and wake the waiter whose turn it is.
-- @key lock (string) fence and id of the holder
-- @key queue (zset) waiter to ticket
-- @key alive (zset) waiter to the end of its heartbeat
-- @key seq (string) source of tickets and fences
-- @key [channel] (channel) told the id of the next in line
-- @arg id (string) names the owner
-- @reply integer: 1 released, 0 held by another, -1 absent
-- @complexity O(log N) with N waiters
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL fairlock_release 4 fair:{gpu} fair:{gpu}:q fair:{gpu}:a fair:{gpu}:s w1
-- include: shared/args.lua shared/clock.lua lock/shared/mutex.lua lock/shared/fairlock.lua

local lock, queue, alive, id = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
local bad = needs_keys(KEYS, 4, 5, 'lock queue alive seq [channel]') or needs_text(id, 'id')
if bad then return bad end

local owner = holder(lock)
if owner ~= id then
  return owner and 0 or -1
end
redis.call('ZCARD', queue) -- fails on a key of another type, before anything is written
drop_dead(queue, alive, now_ms())
redis.call('DEL', lock)
local head = redis.call('ZRANGE', queue, 0, 0)
if head[1] then
  wake(KEYS[5], head[1])
end
return 1
