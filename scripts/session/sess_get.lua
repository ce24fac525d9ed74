#!lua
-- @name sess_get
-- @purpose Read a session and, if wished, start its idle time anew.
-- @key sess (hash) the session
-- @key [idx] (zset) the user's index; without it a session ended by the cap or by sess_destroy_all still reads
-- @arg touch (0|1) 1: this is a use of the session
-- @reply array: version, ttl (ms), idle (ms), ms until the absolute deadline, then field and value of each field;
-- @reply -1, new sid when the session was rotated a moment ago; nil when there is none
-- @complexity O(f) with f fields
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_get 2 sess:{u7}:9c1f sess:{u7}:idx 1
-- include: session/shared/session.lua

local sess, idx, touch = KEYS[1], KEYS[2], whole(ARGV[1], 0, 1)
local bad = needs_keys(KEYS, 1, 2, 'sess [idx]') or needs(touch, 'touch must be 0 or 1')
if bad then return bad end

local now = now_ms()
local s = open_session(sess, idx, now)
if not s then
  local to = redis.call('HGET', sess, '_to')
  return to and {-1, to} or false
end
local all, expires = redis.call('HGETALL', sess), s.expires
if touch == 1 then
  expires = touch_session(sess, idx, s, now)
end
local reply, n = {s.version, expires - now, s.idle, s.deadline - now}, 4
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 1) ~= '_' then
    reply[n + 1], reply[n + 2] = all[i], all[i + 1]
    n = n + 2
  end
end
return reply
