-- Changes of a board that keep all its parts in step.
-- include: leaderboard/shared/board.lua

-- count_score notes that one member more (by = 1) or less (by = -1) has the score.
local function count_score(b, score, by)
  if not b.distinct then return end
  local s = show(score)
  local n = redis.call('HINCRBY', b.counts, s, by)
  if n <= 0 then
    redis.call('HDEL', b.counts, s)
    redis.call('ZREM', b.distinct, s)
  elseif n == 1 and by == 1 then
    redis.call('ZADD', b.distinct, s, s)
  end
end

-- put sets a member's score and returns the name it is stored under; old and name are what find returned. A member that
-- keeps its score keeps its place.
local function put(b, member, score, old, name, high)
  if old == score then return name end
  if b.stamps then
    local seq = redis.call('HINCRBY', b.stamps, '', 1)
    if name then redis.call('ZREM', b.z, name) end
    name = string.format('%016.0f:', high and MAX_INT - seq or seq) .. member
    redis.call('HSET', b.stamps, member, name)
  else
    name = member
  end
  redis.call('ZADD', b.z, show(score), name)
  if b.distinct then
    if old then count_score(b, old, -1) end
    count_score(b, score, 1)
  end
  return name
end

-- take_out removes rows (stored name, score, ...) with all that belongs to them and returns the members.
local function take_out(b, rows)
  local names, members = {}, {}
  for i = 1, #rows, 2 do
    names[#names + 1] = rows[i]
    members[#members + 1] = member_of(b, rows[i])
    count_score(b, score_of_text(rows[i + 1]), -1)
  end
  if #names > 0 then
    redis.call('ZREM', b.z, unpack(names))
    if b.meta then redis.call('HDEL', b.meta, unpack(members)) end
    if b.stamps then
      redis.call('HDEL', b.stamps, unpack(members))
      if redis.call('ZCARD', b.z) == 0 then redis.call('DEL', b.stamps) end
    end
  end
  return members
end

-- copy_rows puts rows (stored name, score, ...) of one board on another, which is empty, with all that belongs to them.
local function copy_rows(from, to, rows)
  for i = 1, #rows, 2 do
    local name, member = rows[i], member_of(from, rows[i])
    redis.call('ZADD', to.z, rows[i + 1], name)
    count_score(to, score_of_text(rows[i + 1]), 1)
    if to.stamps then redis.call('HSET', to.stamps, member, name) end
    local meta = from.meta and redis.call('HGET', from.meta, member)
    if meta then redis.call('HSET', to.meta, member, meta) end
  end
  if to.stamps then redis.call('HSET', to.stamps, '', redis.call('HGET', from.stamps, '')) end
end

-- worst reads up to n of the last rows, worst first.
local function worst(b, n, high)
  return redis.call(high and 'ZRANGE' or 'ZREVRANGE', b.z, 0, int(n - 1), 'WITHSCORES')
end

-- submit applies one score. op: set, best, worst or incr. total is the number of members; only a cap needs it. Returns
-- applied (bool), the score that stands, the old rank (-1 if the member is new), then the name the member is stored under
-- (nil if it is not on the board) and the total. Beyond cap members (0 = any number) the worst leave.
local function submit(b, member, score, op, high, cap, want_rank, total)
  local old, name = find(b, member)
  local prev = old and want_rank and rank_of(b, name, old, high, 'ordinal') or -1
  if op == 'incr' and old then
    score = old + score
  elseif old and op ~= 'set' then
    local better = (high and score > old) or (not high and score < old)
    if score == old or better ~= (op == 'best') then
      return false, old, prev, name, total
    end
  end
  if cap > 0 and not old and total >= cap then
    -- A newcomer that only ties the last one came later: it does not get in, and nothing is written.
    local last = score_of_text(worst(b, 1, high)[2])
    if not ((high and score > last) or (not high and score < last)) then
      return false, score, prev, nil, total
    end
  end
  name = put(b, member, score, old, name, high)
  total = total + (old and 0 or 1)
  if cap > 0 and total > cap then
    local gone = take_out(b, worst(b, math.min(total - cap, 100), high))
    total = total - #gone
    for i = 1, #gone do
      if gone[i] == member then name = nil end
    end
  end
  return true, score, prev, name, total
end

local function needs_op(op)
  return needs(op == 'set' or op == 'best' or op == 'worst' or op == 'incr', 'op must be set, best, worst or incr')
end

-- expire_board gives every key of the board that has none a time to live.
local function expire_board(keys, from, to, at)
  for i = from, to do
    redis.call('PEXPIREAT', keys[i], int(at), 'NX')
  end
end
