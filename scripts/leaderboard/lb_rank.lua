#!lua flags=no-writes
-- @name lb_rank
-- @purpose Read a member's rank, score and percentile.
-- @key board (zset) member to score
-- @key [parts...] (any) the board's parts
-- @arg parts (string) - or letters of mdf
-- @arg member (string) who
-- @arg order (desc|asc) desc: the highest score has rank 1
-- @arg mode (ordinal|competition|dense) ranks 1234, 1224 or 1223 for a tie of the second and third (dense: part d)
-- @reply array: rank (from 1; -1 = absent), score (string or nil), total members, percentile in hundredths of a percent
-- @reply (the share of the others that the member beats: floor(10000 * (N - competition rank) / (N - 1)), -1 = absent)
-- @complexity O(log N) with N members
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lb_rank 1 lb:{chess} - ann desc competition
-- include: leaderboard/shared/board.lua

local parts, member, order, mode = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local bad = needs_board(KEYS, parts)
  or needs_text(member, 'member') or needs_order(order)
if bad then return bad end
local b = open_board(KEYS, 1, parts)
bad = needs_mode(b, mode)
if bad then return bad end

local high, total = order == 'desc', redis.call('ZCARD', b.z)
local score, name = find(b, member)
if not score then
  return {-1, false, total, -1}
end
local competition = rank_of(b, name, score, high, 'competition')
local rank = mode == 'competition' and competition or rank_of(b, name, score, high, mode)
local bp = total == 1 and 10000 or math.floor(10000 * (total - competition) / (total - 1))
return {rank, show(score), total, bp}
