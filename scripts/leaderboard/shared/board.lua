-- A board is a sorted set and, by choice, further parts, each named by a letter in the argument parts ("-" for none):
--   m  metadata: a hash of member to text
--   d  dense ranks: a sorted set of the distinct scores and a hash of score to how many have it
--   f  first come, first ranked: a hash of member to the name it is stored under, a sequence number before the member,
--      so that the sorted set itself breaks ties by time; field '' is the sequence
-- The keys stand in that order: board[, meta][, distinct, counts][, stamps]. Calls on a board must agree on its parts,
-- and with part f on its order.
-- include: shared/args.lua

local STAMP = 17 -- length of the sequence number and the colon

-- board_size returns how many keys a board with these parts has, or nil if parts is not valid.
local function board_size(parts)
  if parts == '-' then
    return 1
  end
  if not parts or not string.find(parts, '^m?d?f?$') then
    return nil
  end
  return 1 + #parts + (string.find(parts, 'd') and 1 or 0)
end

local function needs_parts(parts)
  return needs(board_size(parts), 'parts must be - or letters of mdf in this order')
end

-- needs_board checks parts, and that the keys are those of one board.
local function needs_board(keys, parts)
  local size = board_size(parts)
  return not size and needs_parts(parts) or needs_keys(keys, size, size, 'board and its parts')
end

local function needs_order(order)
  return needs(order == 'desc' or order == 'asc', 'order must be desc or asc')
end

-- open_board names the keys from keys[at] on.
local function open_board(keys, at, parts)
  local b = {z = keys[at]}
  if parts == '-' then
    return b
  end
  if string.find(parts, 'm') then
    at = at + 1
    b.meta = keys[at]
  end
  if string.find(parts, 'd') then
    b.distinct, b.counts = keys[at + 1], keys[at + 2]
    at = at + 2
  end
  if string.find(parts, 'f') then
    b.stamps = keys[at + 1]
  end
  return b
end

-- board_total returns the number of members; it fails if a key has another type, before anything is written.
local function board_total(b)
  if b.meta then redis.call('HLEN', b.meta) end
  if b.distinct then
    redis.call('ZCARD', b.distinct)
    redis.call('HLEN', b.counts)
  end
  if b.stamps then redis.call('HLEN', b.stamps) end
  return redis.call('ZCARD', b.z)
end

-- score_of_text reads a score: a number or an infinity. nil if it is neither.
local function score_of_text(s)
  local n = tonumber(s)
  if n and n - n == 0 then
    return n + 0 -- no minus zero
  end
  local lower = string.lower(s or '')
  if lower == 'inf' or lower == '+inf' then return math.huge end
  if lower == '-inf' then return -math.huge end
end

-- show writes a score so that it reads back as the same number.
local function show(score)
  if score == math.huge then return 'inf' end
  if score == -math.huge then return '-inf' end
  return string.format('%.17g', score)
end

local function needs_score(n, name)
  if not n then
    return needs(false, name .. ' must be a number, inf or -inf')
  end
end

local function needs_mode(b, mode)
  return needs(mode == 'ordinal' or mode == 'competition' or mode == 'dense', 'mode must be ordinal, competition or dense')
    or needs(mode ~= 'dense' or b.distinct, 'dense ranks need part d')
end

-- stored returns the name a member is stored under, nil or false if it is absent.
local function stored(b, member)
  if b.stamps then
    return redis.call('HGET', b.stamps, member)
  end
  return member
end

local function member_of(b, name)
  return b.stamps and string.sub(name, STAMP + 1) or name
end

-- find returns a member's score and stored name, nil if it is absent.
local function find(b, member)
  local name = stored(b, member)
  local score = name and redis.call('ZSCORE', b.z, name)
  if score then
    return score_of_text(score), name
  end
end

-- rank_of returns the rank, from 1.
local function rank_of(b, name, score, high, mode)
  if mode == 'competition' then
    local s = show(score)
    return (high and redis.call('ZCOUNT', b.z, '(' .. s, '+inf') or redis.call('ZCOUNT', b.z, '-inf', '(' .. s)) + 1
  elseif mode == 'dense' then
    return (redis.call(high and 'ZREVRANK' or 'ZRANK', b.distinct, show(score)) or 0) + 1
  end
  return redis.call(high and 'ZREVRANK' or 'ZRANK', b.z, name) + 1
end

-- add_rows appends rank, member, score[, meta] of a run of rows (stored name, score, ...), the first being at offset.
local function add_rows(b, reply, rows, offset, high, mode)
  if #rows == 0 then return reply end
  local meta, wide, stamped = nil, b.meta and 4 or 3, b.stamps
  if b.meta then
    local members = {}
    for i = 1, #rows, 2 do
      members[#members + 1] = member_of(b, rows[i])
    end
    meta = redis.call('HMGET', b.meta, unpack(members))
  end
  local rank, last, n = 0, nil, #reply
  for i = 1, #rows, 2 do
    local name, score = rows[i], rows[i + 1] -- text: equal scores have equal texts
    if mode == 'ordinal' or last and score ~= last and mode ~= 'dense' then
      rank = offset + (i + 1) / 2
    elseif not last then
      rank = rank_of(b, name, score_of_text(score), high, mode)
    elseif score ~= last then
      rank = rank + 1
    end
    last = score
    reply[n + 1], reply[n + 2], reply[n + 3] = rank, stamped and string.sub(name, STAMP + 1) or name, score
    if meta then
      reply[n + 4] = meta[(i + 1) / 2]
    end
    n = n + wide
  end
  return reply
end

-- range reads rows from..to (from 0) of the board, best first.
local function range(b, from, to, high)
  return redis.call(high and 'ZREVRANGE' or 'ZRANGE', b.z, int(from), int(to), 'WITHSCORES')
end
