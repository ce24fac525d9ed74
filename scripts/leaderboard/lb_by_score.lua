#!lua flags=no-writes
-- @name lb_by_score
-- @purpose Read the members whose score lies between two bounds, best first.
-- @key board (zset) member to score
-- @key [parts...] (any) the board's parts
-- @arg parts (string) - or letters of mdf
-- @arg order (desc|asc) desc: the highest score has rank 1
-- @arg mode (ordinal|competition|dense) ranks 1234, 1224 or 1223 for a tie of the second and third (dense: part d)
-- @arg min (number) lowest score, inclusive
-- @arg max (number) highest score, inclusive
-- @arg limit (count) rows to read, 1 to 1000
-- @reply array: how many there are between the bounds, then rank (integer), member, score (string) and, with part m,
-- @reply metadata or nil of each row
-- @complexity O(log N + limit) with N members
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lb_by_score 1 lb:{chess} - desc ordinal 1400 1600 10
-- include: leaderboard/shared/board.lua

local parts, order, mode = ARGV[1], ARGV[2], ARGV[3]
local min, max, limit = score_of_text(ARGV[4]), score_of_text(ARGV[5]), whole(ARGV[6], 1, MAX_BATCH)
local bad = needs_board(KEYS, parts)
  or needs_order(order) or needs_score(min, 'min') or needs_score(max, 'max')
  or needs(limit, 'limit must be a whole number from 1 to 1000')
if bad then return bad end
local b = open_board(KEYS, 1, parts)
bad = needs_mode(b, mode)
if bad then return bad end

local high = order == 'desc'
local found = redis.call('ZCOUNT', b.z, show(min), show(max))
if found == 0 then
  return {0}
end
local first = high and redis.call('ZREVRANGEBYSCORE', b.z, show(max), show(min), 'LIMIT', 0, 1)
  or redis.call('ZRANGEBYSCORE', b.z, show(min), show(max), 'LIMIT', 0, 1)
local from = redis.call(high and 'ZREVRANK' or 'ZRANK', b.z, first[1])
return add_rows(b, {found}, range(b, from, from + math.min(limit, found) - 1, high), from, high, mode)
