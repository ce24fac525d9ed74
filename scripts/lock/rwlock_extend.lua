#!lua flags=allow-oom
-- @name rwlock_extend
-- @purpose Renew a read or write lock the caller holds. A lock that was lost stays lost.
-- @key readers (zset) reader to deadline
-- @key writer (string) the writer's id
-- @key waiting (string) the id of the writer that waits
-- @arg id (string) names the holder
-- @arg ttl (ms) new time to live; never shortens the present one
-- @arg mode (read|write) which lock
-- @reply array: 1, ttl (ms) still held; -1, 0 lost
-- @complexity O(log N) with N readers
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL rwlock_extend 3 rw:{doc}:r rw:{doc}:w rw:{doc}:q r1 10000 read
-- include: shared/args.lua shared/clock.lua lock/shared/mutex.lua lock/shared/rwlock.lua

local readers, writer, id, ttl, mode = KEYS[1], KEYS[2], ARGV[1], whole(ARGV[2], 1, MAX_MS), ARGV[3]
local bad = needs_keys(KEYS, 3, 3, 'readers writer waiting') or needs_text(id, 'id') or needs_ms(ttl, 'ttl')
  or needs(mode == 'read' or mode == 'write', 'mode must be read or write')
if bad then return bad end

if mode == 'read' then
  local now = now_ms()
  local deadline = reading(readers, id, now)
  if not deadline then
    return {-1, 0}
  end
  add_reader(readers, id, now, ttl)
  return {1, math.max(deadline - now, ttl)}
end
if redis.call('GET', writer) ~= id then
  return {-1, 0}
end
return {1, lengthen(writer, ttl)}
