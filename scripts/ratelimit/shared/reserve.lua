-- Reservations on a token bucket: the estimate is taken at once, the difference settled later. A hold that is not
-- settled in time goes back to the bucket.
-- include: shared/args.lua shared/expiry.lua ratelimit/shared/token_bucket.lua

-- due_holds returns the ids of up to 100 holds that ran out and the tokens they give back.
local function due_holds(holds, costs, now)
  local ids = redis.call('ZRANGEBYSCORE', holds, '-inf', int(now), 'LIMIT', 0, 100)
  local tokens = 0
  if #ids > 0 then
    local cost = redis.call('HMGET', costs, unpack(ids))
    for i = 1, #ids do
      tokens = tokens + (tonumber(cost[i]) or 0)
    end
  end
  return ids, tokens
end

-- tokens_due returns the moment (ms) the bucket holds `need`, counting what the next 100 holds give back when they run out.
local function tokens_due(holds, costs, p, tokens, at, need, now)
  local due = bucket_until(p, tokens, at, need, now)
  local next = redis.call('ZRANGEBYSCORE', holds, '(' .. int(now), '(' .. int(due), 'WITHSCORES', 'LIMIT', 0, 100)
  for i = 1, #next, 2 do
    local ends = tonumber(next[i + 1])
    if ends >= due then
      break
    end
    tokens = tokens + (tonumber(redis.call('HGET', costs, next[i])) or 0)
    due = math.min(due, math.max(ends, bucket_until(p, tokens, at, need, now)))
  end
  return due
end

local function drop_holds(holds, costs, ids)
  if #ids > 0 then
    redis.call('ZREM', holds, unpack(ids))
    redis.call('HDEL', costs, unpack(ids))
  end
end

-- keep_holds makes the holds live until `at_least` and until the bucket is full: only then is nothing left to give back.
-- One moment, set once: a key whose moment has passed is gone at once, and what is owed with it.
local function keep_holds(keys, p, tokens, at, now, at_least)
  local full = math.max(at_least, bucket_until(p, tokens, at, p[1], now))
  outlive(keys[2], full)
  outlive(keys[3], full)
end

-- settle_hold ends a hold at what was really used: {found, delta given back, remaining}.
local function settle_hold(keys, id, actual, p, now)
  local bucket, holds, costs = keys[1], keys[2], keys[3]
  local tokens, at = bucket_state(bucket, p, now)
  local due, back = due_holds(holds, costs, now)
  local deadline = tonumber(redis.call('ZSCORE', holds, id) or 0)
  local cost = tonumber(redis.call('HGET', costs, id))
  tokens = math.min(p[1], tokens + back)
  if deadline <= now or not cost then
    return {0, 0, math.max(0, tokens)}
  end
  drop_holds(holds, costs, due)
  redis.call('ZREM', holds, id)
  redis.call('HDEL', costs, id)
  tokens = math.min(p[1], tokens + cost - actual) -- may go into debt: what was used was used
  bucket_store(bucket, p, tokens, at, now)
  keep_holds(keys, p, tokens, at, now, now)
  return {1, cost - actual, math.max(0, tokens)}
end
