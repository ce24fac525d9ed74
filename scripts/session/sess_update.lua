#!lua
-- @name sess_update
-- @purpose Change fields of a session if nobody else has since it was read. Never brings back one that has ended.
-- @key sess (hash) the session
-- @key [idx] (zset) the user's index
-- @arg expected (integer) version that was read; -1 = any
-- @arg idle (ms) new idle time; 0 keeps the present one
-- @arg nset (count) how many fields to set
-- @arg changes... (string) field and value of each to set, then the number of fields to delete, then their names
-- @reply array: 1, new version; 0, present version when it differs; -1, 0 when there is no such session
-- @complexity O(f) with f fields named
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_update 2 sess:{u7}:9c1f sess:{u7}:idx -1 0 1 cart 3 0
-- include: session/shared/session.lua

local sess, idx = KEYS[1], KEYS[2]
local expected, idle, nset = whole(ARGV[1], -1, MAX_INT), whole(ARGV[2], 0, MAX_MS), whole(ARGV[3], 0, MAX_BATCH)
local bad = needs_keys(KEYS, 1, 2, 'sess [idx]') or needs(expected, 'expected must be a version or -1')
  or needs(idle, 'idle must be a whole number of milliseconds from 0 to 315360000000')
  or needs(nset, 'nset must be a whole number from 0 to 1000')
if bad then return bad end
local at = 4 + 2 * nset
local ndel = whole(ARGV[at], 0, MAX_BATCH)
bad = needs(ndel and #ARGV == at + ndel, 'arguments: expected idle nset field value... ndel field...')
  or needs_fields(ARGV, 4, at - 1, 2) or needs_fields(ARGV, at + 1, #ARGV, 1)
if bad then return bad end

local now = now_ms()
local s = open_session(sess, idx, now)
if not s then
  return {-1, 0}
end
if expected >= 0 and expected ~= s.version then
  return {0, s.version}
end
s.idle = idle > 0 and idle or s.idle
redis.call('HSET', sess, '_v', int(s.version + 1), '_i', int(s.idle), unpack(ARGV, 4, at - 1))
if ndel > 0 then
  redis.call('HDEL', sess, unpack(ARGV, at + 1))
end
touch_session(sess, idx, s, now)
return {1, s.version + 1}
