#!lua flags=no-writes
-- @name lb_top
-- @purpose Read the first rows of a board.
-- @key board (zset) member to score
-- @key [parts...] (any) the board's parts
-- @arg parts (string) - or letters of mdf
-- @arg order (desc|asc) desc: the highest score has rank 1
-- @arg mode (ordinal|competition|dense) ranks 1234, 1224 or 1223 for a tie of the second and third (dense: part d)
-- @arg count (count) rows to read, 1 to 1000
-- @reply array: total members, then rank (integer), member, score (string) and, with part m, metadata or nil of each
-- @complexity O(log N + count) with N members
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lb_top 1 lb:{chess} - desc ordinal 10
-- include: leaderboard/shared/board.lua

local parts, order, mode, count = ARGV[1], ARGV[2], ARGV[3], whole(ARGV[4], 1, MAX_BATCH)
local bad = needs_board(KEYS, parts)
  or needs_order(order) or needs(count, 'count must be a whole number from 1 to 1000')
if bad then return bad end
local b = open_board(KEYS, 1, parts)
bad = needs_mode(b, mode)
if bad then return bad end

local high = order == 'desc'
return add_rows(b, {redis.call('ZCARD', b.z)}, range(b, 0, count - 1, high), 0, high, mode)
