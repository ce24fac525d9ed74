#!lua flags=no-writes
-- @name lb_around
-- @purpose Read the rows around a member.
-- @key board (zset) member to score
-- @key [parts...] (any) the board's parts
-- @arg parts (string) - or letters of mdf
-- @arg member (string) who
-- @arg before (count) rows before the member, 0 to 500
-- @arg after (count) rows after the member, 0 to 499
-- @arg order (desc|asc) desc: the highest score has rank 1
-- @arg mode (ordinal|competition|dense) ranks 1234, 1224 or 1223 for a tie of the second and third (dense: part d)
-- @arg [fill] (0|1) 1 (default): near an end of the board, fill up from the other side; 0: fewer rows
-- @reply array: total members, index of the member's row (from 0; -1 = absent, and no rows), then rank (integer),
-- @reply member, score (string) and, with part m, metadata or nil of each row
-- @complexity O(log N + rows) with N members
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lb_around 1 lb:{chess} - ann 5 5 desc ordinal
-- include: leaderboard/shared/board.lua

local parts, member, before, after = ARGV[1], ARGV[2], whole(ARGV[3], 0, 500), whole(ARGV[4], 0, 499)
local order, mode, fill = ARGV[5], ARGV[6], whole(ARGV[7] or 1, 0, 1)
local bad = needs_board(KEYS, parts)
  or needs_text(member, 'member') or needs(before, 'before must be a whole number from 0 to 500')
  or needs(after, 'after must be a whole number from 0 to 499') or needs_order(order)
  or needs(fill, 'fill must be 0 or 1')
if bad then return bad end
local b = open_board(KEYS, 1, parts)
bad = needs_mode(b, mode)
if bad then return bad end

local high, total = order == 'desc', redis.call('ZCARD', b.z)
local score, name = find(b, member)
if not score then
  return {total, -1}
end
local place = rank_of(b, name, score, high, 'ordinal') - 1
local from, to = math.max(0, place - before), math.min(total - 1, place + after)
if fill == 1 then
  from = math.max(0, math.min(place - before, total - before - after - 1))
  to = math.min(total - 1, from + before + after)
end
return add_rows(b, {total, place - from}, range(b, from, to, high), from, high, mode)
