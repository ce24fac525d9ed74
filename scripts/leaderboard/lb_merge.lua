#!lua
-- @name lb_merge
-- @purpose Build a board from others; with parts, metadata, dense ranks and ties are built anew.
-- @key boards... (any) the board to build and its parts, then each source and its parts, no TTL
-- @arg parts (string) - or letters of mdf; with parts the sources together may have up to 1000 members
-- @arg order (desc|asc) desc: the highest score has rank 1
-- @arg aggregate (sum|min|max) how scores of one member combine
-- @arg weights... (number) one for each source
-- @reply integer: members of the new board. Error TOOMANY when there are parts and too many members
-- @complexity O(N log N) with N members of the sources; this is the one call whose work is not bounded by 1000
-- @flags none
-- @since 0.1.0
-- @example FCALL lb_merge 3 lb:{game}:sum lb:{game}:a lb:{game}:b - desc sum 1 1
-- include: lock/shared/mutex.lua leaderboard/shared/write.lua

local parts, order, aggregate = ARGV[1], ARGV[2], ARGV[3]
local size = board_size(parts)
local bad = needs_parts(parts) or needs(#KEYS >= 2 * size and #KEYS % size == 0, 'keys: each board and its parts')
  or needs(distinct(KEYS), 'a key is named twice') or needs_order(order)
  or needs(aggregate == 'sum' or aggregate == 'min' or aggregate == 'max', 'aggregate must be sum, min or max')
  or needs(#ARGV - 3 == #KEYS / size - 1, 'one weight for each source')
if bad then return bad end
local weights = {}
for i = 4, #ARGV do
  weights[i - 3] = score_of_text(ARGV[i])
  bad = needs(weights[i - 3] and weights[i - 3] - weights[i - 3] == 0, 'a weight must be a number')
  if bad then return bad end
end

if size == 1 then
  for i = 1, #KEYS do
    redis.call('ZCARD', KEYS[i]) -- ZUNIONSTORE takes sets, too
  end
  local n, args = #weights, {unpack(KEYS, 2)}
  args[n + 1] = 'WEIGHTS'
  for i = 1, n do args[n + 1 + i] = show(weights[i]) end
  args[2 * n + 2], args[2 * n + 3] = 'AGGREGATE', aggregate
  return redis.call('ZUNIONSTORE', KEYS[1], n, unpack(args))
end
local high, total = order == 'desc', 0
local dest, sources = open_board(KEYS, 1, parts), {}
board_total(dest)
for i = 1, #weights do
  sources[i] = open_board(KEYS, i * size + 1, parts)
  total = total + board_total(sources[i])
end
if total > MAX_BATCH then
  return redis.error_reply('TOOMANY members to merge with parts: ' .. total .. ', at most 1000')
end

local names, scores, meta = {}, {}, {}
for i = 1, #sources do
  local rows = add_rows(sources[i], {}, range(sources[i], 0, -1, high), 0, high, 'ordinal')
  for at = 1, #rows, sources[i].meta and 4 or 3 do
    local member, score = rows[at + 1], score_of_text(rows[at + 2]) * weights[i]
    local old = scores[member]
    if not old then
      names[#names + 1] = member
    elseif aggregate == 'sum' then
      score = old + score
    else
      score = math[aggregate](old, score)
    end
    scores[member] = score == score and score or 0 -- as ZUNIONSTORE does for inf - inf
    meta[member] = meta[member] or (sources[i].meta and rows[at + 3]) or nil
  end
end
for i = 1, size do redis.call('DEL', KEYS[i]) end
for i = 1, #names do
  put(dest, names[i], scores[names[i]], nil, nil, high)
  if meta[names[i]] then redis.call('HSET', dest.meta, names[i], meta[names[i]]) end
end
return #names
