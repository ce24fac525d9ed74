#!lua flags=no-writes
-- @name leaderboard_page
-- @purpose Read one page of a leaderboard: rank, member and score of each row, and how many members there are.
-- @key board (zset) member to score
-- @arg offset (count) rows to skip, 0 or more
-- @arg count (count) rows to return, 1 to 1000
-- @arg [order] (desc|asc) desc (default): the highest score has rank 1; asc: the lowest
-- @reply array: total members, then rank (integer, from 1), member, score (string) for each row; members with the
-- @reply same score have different ranks, in reverse byte order of the member under desc, in byte order under asc
-- @complexity O(log N + count) with N members
-- @flags no-writes
-- @since 0.1.0
-- @example EVALSHA <sha> 1 board:{chess} 0 10

local offset, count, order = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] or 'desc'
if not KEYS[1] then
  return redis.error_reply('BADARG leaderboard_page takes the key board')
end
if not offset or offset < 0 or offset > 4294967295 or offset % 1 ~= 0 then
  return redis.error_reply('BADARG offset must be an integer from 0 to 4294967295')
end
if not count or count < 1 or count > 1000 or count % 1 ~= 0 then
  return redis.error_reply('BADARG count must be an integer from 1 to 1000')
end
if order ~= 'desc' and order ~= 'asc' then
  return redis.error_reply('BADARG order must be desc or asc')
end

local range = order == 'desc' and 'ZREVRANGE' or 'ZRANGE'
local rows = redis.call(range, KEYS[1], offset, offset + count - 1, 'WITHSCORES')
local page = {redis.call('ZCARD', KEYS[1])}
local rank, n = offset, 1
for i = 1, #rows, 2 do
  rank = rank + 1
  page[n + 1], page[n + 2], page[n + 3] = rank, rows[i], rows[i + 1]
  n = n + 3
end
return page
