#!lua flags=no-writes
-- @name lb_ranks_for
-- @purpose Read rank and score of several members, such as a player's friends.
-- @key board (zset) member to score
-- @key [parts...] (any) the board's parts
-- @arg parts (string) - or letters of mdf
-- @arg order (desc|asc) desc: the highest score has rank 1
-- @arg mode (ordinal|competition|dense) ranks 1234, 1224 or 1223 for a tie of the second and third (dense: part d)
-- @arg members... (string) 1 to 1000
-- @reply array: rank (-1 = absent) and score (string or nil) of each, in the order asked
-- @complexity O(m log N) with m members asked for and N on the board
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lb_ranks_for 1 lb:{chess} - desc ordinal ann bob
-- include: leaderboard/shared/board.lua

local parts, order, mode = ARGV[1], ARGV[2], ARGV[3]
local bad = needs_board(KEYS, parts)
  or needs_order(order) or needs(#ARGV > 3 and #ARGV <= 3 + MAX_BATCH, 'members: 1 to 1000')
if bad then return bad end
local b = open_board(KEYS, 1, parts)
bad = needs_mode(b, mode)
if bad then return bad end

local reply = {}
for i = 4, #ARGV do
  local score, name = find(b, ARGV[i])
  reply[#reply + 1] = score and rank_of(b, name, score, order == 'desc', mode) or -1
  reply[#reply + 1] = score and show(score) or false
end
return reply
