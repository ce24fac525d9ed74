#!lua flags=allow-oom
-- @name fairlock_cancel
-- @purpose Leave the queue of a fair lock.
-- @key lock (string) fence and id of the holder
-- @key queue (zset) waiter to ticket
-- @key alive (zset) waiter to the end of its heartbeat
-- @arg id (string) names the waiter
-- @reply integer: 1 left the queue, 0 was not in it
-- @complexity O(log N) with N waiters
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL fairlock_cancel 3 fair:{gpu} fair:{gpu}:q fair:{gpu}:a w1
-- include: shared/args.lua

local queue, alive, id = KEYS[2], KEYS[3], ARGV[1]
local bad = needs_keys(KEYS, 3, 3, 'lock queue alive') or needs_text(id, 'id')
if bad then return bad end

redis.call('ZSCORE', alive, id) -- fails on a key of another type, before anything is written
local left = redis.call('ZREM', queue, id)
redis.call('ZREM', alive, id)
return left
