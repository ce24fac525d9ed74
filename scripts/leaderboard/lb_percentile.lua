#!lua flags=no-writes
-- @name lb_percentile
-- @purpose See how a score, on the board or not, compares with those on the board.
-- @key board (zset) member to score
-- @arg order (desc|asc) desc: higher is better
-- @arg score (number) the score
-- @reply array of 3 integers: share of members it beats in hundredths of a percent (floor(10000 * worse / N), 10000 on
-- @reply an empty board), number of better members, total members
-- @complexity O(log N) with N members
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lb_percentile 1 lb:{chess} desc 1500
-- include: leaderboard/shared/board.lua

local order, score = ARGV[1], score_of_text(ARGV[2])
local bad = needs_keys(KEYS, 1, 1, 'board') or needs_order(order) or needs_score(score, 'score')
if bad then return bad end

local above = redis.call('ZCOUNT', KEYS[1], '(' .. show(score), '+inf')
local below = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. show(score))
local total = redis.call('ZCARD', KEYS[1])
local better, worse = above, below
if order == 'asc' then
  better, worse = below, above
end
return {total == 0 and 10000 or math.floor(10000 * worse / total), better, total}
