#!lua
-- @name lb_rollover
-- @purpose End a season: the live board becomes the archive, and the next submission starts a new one.
-- @key boards... (any) the live board and its parts, then the archive and its parts, no TTL unless expire says so
-- @arg parts (string) - or letters of mdf
-- @arg expire (ms) time to live of the archive; 0 = for ever
-- @reply array: 1 archived or 0 (the live board is empty), members of the archive. Error EXISTS when there are both a
-- @reply live board and an archive of that name
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL lb_rollover 2 lb:{chess} lb:{chess}:2026 - 86400000
-- include: lock/shared/mutex.lua leaderboard/shared/board.lua

local parts, expire = ARGV[1], whole(ARGV[2], 0, MAX_MS)
local size = board_size(parts)
local bad = needs_parts(parts) or needs_keys(KEYS, 2 * size, 2 * size, 'live board and parts, archive and parts')
  or needs(distinct(KEYS), 'a key is named twice')
  or needs(expire, 'expire must be a whole number of milliseconds from 0 to 315360000000')
if bad then return bad end

local live = board_total(open_board(KEYS, 1, parts))
local archived = board_total(open_board(KEYS, size + 1, parts))
if live == 0 then
  return {0, archived}
end
if archived > 0 then
  return redis.error_reply('EXISTS the archive is there already')
end
for i = 1, size do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('RENAME', KEYS[i], KEYS[size + i])
    if expire > 0 then
      redis.call('PEXPIRE', KEYS[size + i], int(expire))
    end
  end
end
return {1, live}
