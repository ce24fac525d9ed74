#!lua
-- @name lb_rollover
-- @purpose End a season: the live board becomes the archive, and the next submission starts a new one.
-- @key boards... (any) the live board and its parts, then the archive and its parts, no TTL unless expire says so
-- @arg parts (string) - or letters of mdf
-- @arg expire (ms) time to live of the archive; 0 = for ever
-- @arg [top] (count) rows the archive keeps, up to 1000; 0 (default) = all
-- @arg [order] (desc|asc) with top: which are the first; desc (default): the highest scores
-- @reply array: 1 archived or 0 (the live board is empty), members of the archive. Error EXISTS when there are both a
-- @reply live board and an archive of that name
-- @complexity O(1), with top O(top log top)
-- @flags none
-- @since 0.1.0
-- @example FCALL lb_rollover 2 lb:{chess} lb:{chess}:2026 - 86400000
-- include: lock/shared/mutex.lua leaderboard/shared/write.lua

local parts, expire, top, order = ARGV[1], whole(ARGV[2], 0, MAX_MS), whole(ARGV[3] or 0, 0, MAX_BATCH), ARGV[4] or 'desc'
local size = board_size(parts)
local bad = needs_parts(parts) or needs_keys(KEYS, 2 * size, 2 * size, 'live board and parts, archive and parts')
  or needs(distinct(KEYS), 'a key is named twice')
  or needs(expire, 'expire must be a whole number of milliseconds from 0 to 315360000000')
  or needs(top, 'top must be a whole number from 0 to 1000') or needs_order(order)
if bad then return bad end

local live, archive = open_board(KEYS, 1, parts), open_board(KEYS, size + 1, parts)
local total, archived = board_total(live), board_total(archive)
if total == 0 then
  return {0, archived}
end
if archived > 0 then
  return redis.error_reply('EXISTS the archive is there already')
end
if top > 0 and top < total then
  copy_rows(live, archive, range(live, 0, top - 1, order == 'desc'))
  redis.call('UNLINK', unpack(KEYS, 1, size))
  total = top
else
  for i = 1, size do
    if redis.call('EXISTS', KEYS[i]) == 1 then
      redis.call('RENAME', KEYS[i], KEYS[size + i])
    end
  end
end
if expire > 0 then
  for i = size + 1, 2 * size do
    redis.call('PEXPIRE', KEYS[i], int(expire))
  end
end
return {1, total}
