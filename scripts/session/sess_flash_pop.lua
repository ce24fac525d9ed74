#!lua
-- @name sess_flash_pop
-- @purpose Take the value another request left in a session.
-- @key sess (hash) the session
-- @key [idx] (zset) the user's index
-- @arg name (string) name of the value
-- @reply string: the value; nil when there is none or no such session
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_flash_pop 2 sess:{u7}:9c1f sess:{u7}:idx notice
-- include: session/shared/session.lua

local bad = needs_keys(KEYS, 1, 2, 'sess [idx]') or needs_text(ARGV[1], 'name')
if bad then return bad end

if not open_session(KEYS[1], KEYS[2], now_ms()) then
  return false
end
local field = '_f:' .. ARGV[1]
local value = redis.call('HGET', KEYS[1], field)
if value then
  redis.call('HDEL', KEYS[1], field)
end
return value
