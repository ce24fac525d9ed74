#!lua flags=no-writes
-- @name lb_score_at
-- @purpose Read the score at a percentile, between two members by linear interpolation.
-- @key board (zset) member to score
-- @arg order (desc|asc) desc: percentile 100 is the highest score; asc: the lowest
-- @arg percentile (count) in hundredths of a percent, 0 to 10000
-- @reply string: the score; nil on an empty board
-- @complexity O(log N) with N members
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lb_score_at 1 lb:{chess} desc 9000
-- include: leaderboard/shared/board.lua

local order, bp = ARGV[1], whole(ARGV[2], 0, 10000)
local bad = needs_keys(KEYS, 1, 1, 'board') or needs_order(order)
  or needs(bp, 'percentile must be a whole number from 0 to 10000')
if bad then return bad end

local total = redis.call('ZCARD', KEYS[1])
if total == 0 then
  return false
end
local at = (total - 1) * bp / 10000
local low = math.floor(at)
local rows = redis.call(order == 'desc' and 'ZRANGE' or 'ZREVRANGE', KEYS[1], int(low), int(low + 1), 'WITHSCORES')
local a, b = score_of_text(rows[2]), score_of_text(rows[4] or rows[2])
if at == low or a == b then
  return show(a)
end
return show(a + (b - a) * (at - low))
