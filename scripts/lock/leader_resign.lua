#!lua flags=allow-oom
-- @name leader_resign
-- @purpose Give up the leadership.
-- @key leader (hash) id, epoch and metadata of the leader
-- @key epoch (string) counter of terms
-- @arg id (string) names the leader
-- @reply integer: 1 resigned, 0 another leads, -1 nobody leads
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL leader_resign 2 leader:{cron} epoch:{cron} node-1
-- include: shared/args.lua

local leader, id = KEYS[1], ARGV[1]
local bad = needs_keys(KEYS, 2, 2, 'leader epoch') or needs_text(id, 'id')
if bad then return bad end

local current = redis.call('HGET', leader, 'id')
if current ~= id then
  return current and 0 or -1
end
redis.call('DEL', leader)
return 1
