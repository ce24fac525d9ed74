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
-- include: shared/args.lua shared/clock.lua

local queue, alive, id = KEYS[2], KEYS[3], ARGV[1]
local bad = needs_keys(KEYS, 3, 3, 'lock queue alive') or needs_text(id, 'id')
if bad then return bad end

-- Before anything is written: it fails on a key of another type. A waiter whose heartbeat has passed has no place to give up.
local beat = tonumber(redis.call('ZSCORE', alive, id) or 0)
local left = redis.call('ZREM', queue, id)
redis.call('ZREM', alive, id)
return beat > now_ms() and left or 0
