-- Sliding counter: the count of this window and of the one before, which counts less the further this one has come.
-- include: shared/args.lua ratelimit/shared/reply.lua

local sliding_counter = {}

function sliding_counter.parse(limit, window)
  local p = {whole(limit, 1, MAX_LIMIT), whole(window, 1, MAX_MS)}
  local bad = needs_limit(p[1], 'limit') or needs_ms(p[2], 'window')
    or needs(p[1] * p[2] <= MAX_PRODUCT, 'limit * window must not exceed 2^50')
  return p, bad
end

-- counter_state returns the start of the window (ms), its count and the count of the one before.
local function counter_state(key, w, now)
  local start = now - now % w
  local state = redis.call('HMGET', key, 'start', 'curr', 'prev')
  local stored, curr, prev = tonumber(state[1]), tonumber(state[2]) or 0, tonumber(state[3]) or 0
  if stored == start or (stored and stored > start and stored - start <= w) then
    return stored, curr, prev -- the second case: the clock went back
  elseif stored == start - w then
    return start, 0, curr
  end
  return start, 0, 0
end

function sliding_counter.check(key, p, cost, now_us)
  local limit, w, now = p[1], p[2], math.floor(now_us / 1000)
  local start, curr, prev = counter_state(key, w, now)
  local e = math.max(0, now - start)
  local weighted = prev * (w - e) + curr * w -- counts times w: whole numbers have no rounding to exploit
  local reset = curr > 0 and 2 * w - e or prev > 0 and w - e or 0
  local remaining = math.floor((limit * w - weighted) / w)
  if weighted + cost * w > limit * w then
    local retry
    if cost > limit then
      retry = -1
    elseif curr + cost <= limit then
      retry = math.ceil((prev * w - (limit - curr - cost) * w) / prev) - e
    else
      retry = w - e + math.max(0, math.ceil((curr * w - (limit - cost) * w) / curr))
    end
    return limit_reply(limit, remaining, retry, reset)
  end
  if cost == 0 then
    return limit_reply(limit, remaining, nil, reset)
  end
  return limit_reply(limit, remaining - cost, nil, 2 * w - e), function()
    redis.call('HSET', key, 'start', int(start), 'curr', int(curr + cost), 'prev', int(prev))
    redis.call('PEXPIREAT', key, int(start + 2 * w))
  end, start
end

function sliding_counter.refund(key, p, cost, stamp, now_us)
  local start, curr, prev = counter_state(key, p[2], math.floor(now_us / 1000))
  if stamp == start then
    curr = math.max(0, curr - cost)
  elseif stamp == start - p[2] then
    prev = math.max(0, prev - cost)
  else
    return
  end
  redis.call('HSET', key, 'start', int(start), 'curr', int(curr), 'prev', int(prev))
  redis.call('PEXPIREAT', key, int(start + 2 * p[2]))
end
