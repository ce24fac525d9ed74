#!lua
-- @name latch_down
-- @purpose Count a latch down, once for each participant, and wake those who wait when it opens.
-- @key latch (hash) participants that have come, and how many are expected
-- @key [channel] (channel) told the latch's name when it opens
-- @arg id (string) names the participant
-- @reply array: 1 counted or 0 not (came before, or the latch is open), how many are still expected (-1 = no latch)
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL latch_down 1 latch:{import} part-1
-- include: lock/shared/latch_count.lua

local latch, id = KEYS[1], ARGV[1]
local bad = needs_keys(KEYS, 1, 2, 'latch [channel]') or needs_text(id, 'id')
if bad then return bad end

local left = arrivals(latch)
if not left then
  return {0, -1}
end
return arrive(latch, KEYS[2], id, left)
