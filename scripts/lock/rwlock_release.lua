#!lua flags=allow-oom
-- @name rwlock_release
-- @purpose Release a read or write lock the caller holds and wake waiters.
-- @key readers (zset) reader to deadline
-- @key writer (string) the writer's id
-- @key waiting (string) the id of the writer that waits
-- @key [channel] (channel) waiters listen here; the message is the mode
-- @arg id (string) names the holder
-- @arg mode (read|write) which lock
-- @reply integer: 1 released, -1 the caller did not hold it
-- @complexity O(log N) with N readers
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL rwlock_release 3 rw:{doc}:r rw:{doc}:w rw:{doc}:q r1 read
-- include: shared/args.lua shared/clock.lua lock/shared/mutex.lua lock/shared/rwlock.lua

local readers, writer, id, mode = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local bad = needs_keys(KEYS, 3, 4, 'readers writer waiting [channel]') or needs_text(id, 'id')
  or needs(mode == 'read' or mode == 'write', 'mode must be read or write')
if bad then return bad end

if mode == 'read' then
  if not reading(readers, id, now_ms()) then
    return -1
  end
  redis.call('ZREM', readers, id)
else
  if redis.call('GET', writer) ~= id then
    return -1
  end
  redis.call('DEL', writer)
end
wake(KEYS[4], mode)
return 1
