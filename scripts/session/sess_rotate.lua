#!lua
-- @name sess_rotate
-- @purpose Give a session a new id (as after a login), keeping its data, version, age and deadlines.
-- @key old (hash) the session under its old id
-- @key new (hash) its key under the new id
-- @key idx (zset) the user's index
-- @arg old_sid (string) the old id
-- @arg new_sid (string) the new id, drawn at random
-- @arg [grace] (ms) how long sess_get on the old id tells the new one, for requests under way; 0 (default) not at all
-- @reply array: 1, version; 0, 0 when there is no such session or the new id is taken. A repeated call gets the first
-- @reply answer again
-- @complexity O(log N) with N sessions of the user
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_rotate 3 sess:{u7}:9c1f sess:{u7}:2b44 sess:{u7}:idx 9c1f 2b44 5000
-- include: session/shared/session.lua

local old, new, idx, old_sid, new_sid = KEYS[1], KEYS[2], KEYS[3], ARGV[1], ARGV[2]
local grace = whole(ARGV[3] or 0, 0, MAX_MS)
local bad = needs_keys(KEYS, 3, 3, 'old new idx') or needs(old ~= new, 'old and new must differ')
  or needs_text(old_sid, 'old_sid') or needs_text(new_sid, 'new_sid')
  or needs(grace, 'grace must be a whole number of milliseconds from 0 to 315360000000')
if bad then return bad end

local now = now_ms()
local s, there = open_session(old, idx, now), open_session(new, idx, now)
if there and redis.call('HGET', new, '_r') == old_sid then
  return {1, there.version}
end
if not s or sid_of(s.member) ~= old_sid or redis.call('EXISTS', new) == 1 then
  return {0, 0}
end
local member = index_member(s.created, new_sid)
redis.call('RENAME', old, new)
redis.call('HSET', new, '_m', member, '_r', old_sid)
redis.call('ZADD', idx, int(s.expires), member)
redis.call('ZREM', idx, s.member)
if grace > 0 then
  redis.call('HSET', old, '_to', new_sid)
  redis.call('PEXPIRE', old, int(grace))
end
return {1, s.version}
