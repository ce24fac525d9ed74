#!lua flags=allow-oom
-- @name lb_remove
-- @purpose Remove members with all that belongs to them.
-- @key board (zset) member to score
-- @key [parts...] (any) the board's parts
-- @arg parts (string) - or letters of mdf
-- @arg members... (string) 1 to 1000
-- @reply integer: how many were removed
-- @complexity O(m log N) with m members asked for and N on the board
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL lb_remove 1 lb:{chess} - ann
-- include: leaderboard/shared/write.lua

local parts = ARGV[1]
local bad = needs_board(KEYS, parts)
  or needs(#ARGV > 1 and #ARGV <= 1 + MAX_BATCH, 'members: 1 to 1000')
if bad then return bad end

local b, rows, seen = open_board(KEYS, 1, parts), {}, {}
board_total(b)
for i = 2, #ARGV do
  local score, name = find(b, ARGV[i])
  if score and not seen[name] then
    seen[name] = true
    rows[#rows + 1] = name
    rows[#rows + 1] = show(score)
  end
end
return #take_out(b, rows)
