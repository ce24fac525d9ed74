#!lua flags=allow-oom
-- @name lb_trim
-- @purpose Drop the worst members, beyond a number or below a score, with all that belongs to them.
-- @key board (zset) member to score
-- @key [parts...] (any) the board's parts
-- @arg parts (string) - or letters of mdf
-- @arg order (desc|asc) desc: the highest score has rank 1
-- @arg keep (integer) members to keep, -1 = any number
-- @arg limit (count) most to drop in this call, 1 to 1000
-- @arg [bound] (number) also drop scores worse than this one
-- @reply array: how many were dropped, then their names, worst first; as many as limit means there may be more
-- @complexity O(k log N) with k dropped of N members
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL lb_trim 1 lb:{chess} - desc 1000 100
-- include: leaderboard/shared/write.lua

local parts, order, keep = ARGV[1], ARGV[2], whole(ARGV[3], -1, MAX_INT)
local limit, bound = whole(ARGV[4], 1, MAX_BATCH), ARGV[5] and score_of_text(ARGV[5])
local bad = needs_board(KEYS, parts)
  or needs_order(order) or needs(keep, 'keep must be a whole number from -1')
  or needs(limit, 'limit must be a whole number from 1 to 1000') or (ARGV[5] and needs_score(bound, 'bound'))
if bad then return bad end

local b, high = open_board(KEYS, 1, parts), order == 'desc'
local total = board_total(b)
local rows, drop = worst(b, limit, high), {}
for i = 1, #rows, 2 do
  local score = score_of_text(rows[i + 1])
  local over = keep >= 0 and total - #drop / 2 > keep
  if not over and not (bound and ((high and score < bound) or (not high and score > bound))) then
    break
  end
  drop[#drop + 1] = rows[i]
  drop[#drop + 1] = rows[i + 1]
end
local members = take_out(b, drop)
return {#members, unpack(members)}
