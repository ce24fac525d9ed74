#!lua
-- @name lb_submit_many
-- @purpose Submit up to 1000 scores at once, to one board or several (a player's daily, weekly and all-time score).
-- @key boards... (any) each board followed by its parts, no TTL unless expire_at says so
-- @arg parts (string) - or letters of mdf, the same for all boards
-- @arg op (set|best|worst|incr) as of lb_submit
-- @arg order (desc|asc) as of lb_submit
-- @arg cap (count) members each board keeps, 0 = any number
-- @arg expire_at (ms) since 1970: when the boards go, set on the first write; 0 = never
-- @arg rows... (string) three for each score: number of the board (from 1), member, score
-- @reply array of integers: for each score 1 applied or 0 not
-- @complexity O(n log N) with n scores and N members
-- @flags none
-- @since 0.1.0
-- @example FCALL lb_submit_many 2 lb:{game}:day lb:{game}:all - best desc 0 0 1 ann 10 2 ann 10
-- include: shared/clock.lua lock/shared/mutex.lua leaderboard/shared/write.lua

local parts, op, order = ARGV[1], ARGV[2], ARGV[3]
local cap, expire_at = whole(ARGV[4], 0, 1000000000), whole(ARGV[5], 0, MAX_INT)
local size = board_size(parts)
local bad = needs_parts(parts) or needs(#KEYS > 0 and #KEYS % size == 0 and #KEYS <= MAX_BATCH, 'keys: each board and its parts')
  or needs(distinct(KEYS), 'a key is named twice') or needs_op(op) or needs_order(order)
  or needs(cap, 'cap must be a whole number from 0 to 1000000000')
  or needs(expire_at and (expire_at == 0 or expire_at > now_ms()), 'expire_at must be 0 or a time to come (ms since 1970)')
  or needs(#ARGV > 5 and (#ARGV - 5) % 3 == 0 and (#ARGV - 5) / 3 <= MAX_BATCH, 'rows: up to 1000 of board member score')
if bad then return bad end
local rows = {}
for i = 6, #ARGV, 3 do
  local row = {whole(ARGV[i], 1, #KEYS / size), ARGV[i + 1], score_of_text(ARGV[i + 2])}
  bad = needs(row[1], 'a board must be a number from 1 to how many there are') or needs_text(row[2], 'member')
    or needs_score(row[3], 'score') or needs(op ~= 'incr' or row[3] - row[3] == 0, 'an increment must be finite')
  if bad then return bad end
  rows[#rows + 1] = row
end

local boards, totals, reply = {}, {}, {}
for i = 1, #KEYS / size do
  boards[i] = open_board(KEYS, (i - 1) * size + 1, parts)
  totals[i] = board_total(boards[i])
end
for i = 1, #rows do
  local at, applied, _ = rows[i][1]
  applied, _, _, _, totals[at] = submit(boards[at], rows[i][2], rows[i][3], op, order == 'desc', cap, false, totals[at])
  reply[i] = applied and 1 or 0
end
if expire_at > 0 then expire_board(KEYS, 1, #KEYS, expire_at) end
return reply
