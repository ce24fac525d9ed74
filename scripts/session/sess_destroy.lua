#!lua flags=allow-oom
-- @name sess_destroy
-- @purpose End a session.
-- @key sess (hash) the session
-- @key idx (zset) the user's index
-- @reply integer: 1 ended, 0 there was none
-- @complexity O(log N + f) with N sessions of the user and f fields
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL sess_destroy 2 sess:{u7}:9c1f sess:{u7}:idx
-- include: session/shared/session.lua

local sess, idx = KEYS[1], KEYS[2]
local bad = needs_keys(KEYS, 2, 2, 'sess idx')
if bad then return bad end

local s = open_session(sess, idx, now_ms())
local member = redis.call('HGET', sess, '_m')
if member then
  redis.call('ZREM', idx, member)
end
redis.call('DEL', sess)
return s and 1 or 0
