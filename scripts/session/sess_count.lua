#!lua
-- @name sess_count
-- @purpose Count a user's sessions and clean the index.
-- @key idx (zset) the user's index
-- @reply integer: how many are live
-- @complexity O(log N) with N sessions of the user
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_count 1 sess:{u7}:idx
-- include: session/shared/session.lua

local bad = needs_keys(KEYS, 1, 1, 'idx')
if bad then return bad end

local now = now_ms()
prune_index(KEYS[1], now)
return redis.call('ZCOUNT', KEYS[1], '(' .. int(now), '+inf')
