#!lua flags=no-writes
-- @name lb_page
-- @purpose Read one page of a board.
-- @key board (zset) member to score
-- @key [parts...] (any) the board's parts
-- @arg parts (string) - or letters of mdf
-- @arg order (desc|asc) desc: the highest score has rank 1
-- @arg mode (ordinal|competition|dense) ranks 1234, 1224 or 1223 for a tie of the second and third (dense: part d)
-- @arg offset (count) rows to skip
-- @arg count (count) rows to read, 1 to 1000
-- @reply array: total members, then rank (integer), member, score (string) and, with part m, metadata or nil of each
-- @complexity O(log N + count) with N members
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lb_page 1 lb:{chess} - desc ordinal 0 10
-- include: leaderboard/shared/board.lua

local parts, order, mode = ARGV[1], ARGV[2], ARGV[3]
local offset, count = whole(ARGV[4], 0, MAX_INT - 1000), whole(ARGV[5], 1, MAX_BATCH)
local bad = needs_board(KEYS, parts)
  or needs_order(order) or needs(offset, 'offset must be a whole number from 0')
  or needs(count, 'count must be a whole number from 1 to 1000')
if bad then return bad end
local b = open_board(KEYS, 1, parts)
bad = needs_mode(b, mode)
if bad then return bad end

local high = order == 'desc'
return add_rows(b, {redis.call('ZCARD', b.z)}, range(b, offset, offset + count - 1, high), offset, high, mode)
