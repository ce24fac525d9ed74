#!lua
-- @name sess_list
-- @purpose List a user's sessions, the latest to expire first, and clean the index.
-- @key idx (zset) the user's index
-- @arg limit (count) most to list, 1 to 1000
-- @reply array: sid, expires_at (ms since 1970), created (ms since 1970) of each
-- @complexity O(log N + limit) with N sessions of the user
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_list 1 sess:{u7}:idx 100
-- include: session/shared/session.lua

local idx, limit = KEYS[1], whole(ARGV[1], 1, MAX_BATCH)
local bad = needs_keys(KEYS, 1, 1, 'idx') or needs(limit, 'limit must be a whole number from 1 to 1000')
if bad then return bad end

prune_index(idx, now_ms())
local rows, reply = redis.call('ZREVRANGE', idx, 0, int(limit - 1), 'WITHSCORES'), {}
for i = 1, #rows, 2 do
  reply[#reply + 1] = sid_of(rows[i])
  reply[#reply + 1] = tonumber(rows[i + 1])
  reply[#reply + 1] = tonumber(string.sub(rows[i], 1, CREATED - 1))
end
return reply
