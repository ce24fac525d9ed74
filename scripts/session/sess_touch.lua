#!lua
-- @name sess_touch
-- @purpose Start a session's idle time anew, within its absolute deadline. Never creates one.
-- @key sess (hash) the session
-- @key [idx] (zset) the user's index
-- @arg idle (ms) new idle time; 0 keeps the present one
-- @reply array: 1, ttl (ms); 0, 0 when there is no such session
-- @complexity O(log N) with N sessions of the user
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_touch 2 sess:{u7}:9c1f sess:{u7}:idx 0
-- include: session/shared/session.lua

local sess, idx, idle = KEYS[1], KEYS[2], whole(ARGV[1], 0, MAX_MS)
local bad = needs_keys(KEYS, 1, 2, 'sess [idx]')
  or needs(idle, 'idle must be a whole number of milliseconds from 0 to 315360000000')
if bad then return bad end

local now = now_ms()
local s = open_session(sess, idx, now)
if not s then
  return {0, 0}
end
if idle > 0 and idle ~= s.idle then
  s.idle = idle
  redis.call('HSET', sess, '_i', int(idle))
end
return {1, touch_session(sess, idx, s, now) - now}
