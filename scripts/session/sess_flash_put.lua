#!lua
-- @name sess_flash_put
-- @purpose Leave a value in a session for the next request to take, once.
-- @key sess (hash) the session
-- @key [idx] (zset) the user's index
-- @arg name (string) name of the value
-- @arg value (string) the value
-- @reply integer: 1 stored, 0 there is no such session
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_flash_put 2 sess:{u7}:9c1f sess:{u7}:idx notice Saved.
-- include: session/shared/session.lua

local bad = needs_keys(KEYS, 1, 2, 'sess [idx]') or needs_text(ARGV[1], 'name') or needs(ARGV[2], 'value is missing')
if bad then return bad end

if not open_session(KEYS[1], KEYS[2], now_ms()) then
  return 0
end
redis.call('HSET', KEYS[1], '_f:' .. ARGV[1], ARGV[2])
return 1
