-- Token bucket: `refill` tokens every interval, up to the capacity. A bucket that is not stored is full.
-- include: shared/args.lua ratelimit/shared/reply.lua

local token_bucket = {}

function token_bucket.parse(capacity, refill, interval)
  local p = {whole(capacity, 1, MAX_LIMIT), whole(refill, 1, MAX_LIMIT), whole(interval, 1, MAX_MS)}
  local bad = needs_limit(p[1], 'capacity') or needs_limit(p[2], 'refill') or needs_ms(p[3], 'interval')
    or needs(math.ceil(p[1] / p[2]) * p[3] <= MAX_MS, 'the bucket would take more than ten years to fill')
  return p, bad
end

-- bucket_state returns the tokens and the moment (ms) of the last refill, as of now.
local function bucket_state(key, p, now)
  local state = redis.call('HMGET', key, 'tokens', 'refilled')
  local tokens, at = tonumber(state[1]), tonumber(state[2])
  if not tokens or not at then
    return p[1], now
  end
  local refills = math.max(0, math.floor((now - at) / p[3]))
  tokens, at = math.min(p[1], tokens + refills * p[2]), at + refills * p[3]
  if tokens == p[1] then
    at = math.max(now, at)
  end
  return tokens, at
end

-- bucket_until returns the moment (ms) the bucket holds `tokens`, given its state; never before now.
local function bucket_until(p, have, at, tokens, now)
  if have >= tokens then
    return now
  end
  return at + math.ceil((tokens - have) / p[2]) * p[3]
end

-- bucket_store writes the state; a full bucket need not be kept.
local function bucket_store(key, p, tokens, at, now)
  local full = bucket_until(p, tokens, at, p[1], now)
  if full <= now then
    redis.call('DEL', key)
  else
    redis.call('HSET', key, 'tokens', int(tokens), 'refilled', int(at))
    redis.call('PEXPIREAT', key, int(full))
  end
end

function token_bucket.check(key, p, cost, now_us)
  local capacity, now = p[1], math.floor(now_us / 1000)
  local tokens, at = bucket_state(key, p, now)
  if tokens < cost then
    local retry = cost > capacity and -1 or bucket_until(p, tokens, at, cost, now) - now
    return limit_reply(capacity, tokens, retry, bucket_until(p, tokens, at, capacity, now) - now)
  end
  local left = tokens - cost
  local reply = limit_reply(capacity, left, nil, bucket_until(p, left, at, capacity, now) - now)
  if cost == 0 then
    return reply
  end
  return reply, function() bucket_store(key, p, left, at, now) end, now
end

function token_bucket.refund(key, p, cost, _, now_us)
  local now = math.floor(now_us / 1000)
  local tokens, at = bucket_state(key, p, now)
  bucket_store(key, p, math.min(p[1], tokens + cost), at, now)
end
