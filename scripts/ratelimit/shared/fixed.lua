-- Fixed window: a count and the moment its window ends. From the first call, or aligned to multiples of the window.
-- include: shared/args.lua ratelimit/shared/reply.lua

local fixed = {}

-- parse returns {limit, window in ms, aligned 0|1} or an error.
function fixed.parse(limit, window, aligned)
  local p = {whole(limit, 1, MAX_LIMIT), whole(window, 1, MAX_MS), whole(aligned or 0, 0, 1)}
  local bad = needs_limit(p[1], 'limit') or needs_ms(p[2], 'window') or needs(p[3], 'aligned must be 0 or 1')
  return p, bad
end

-- window returns the count and the end (ms) of the window that now belongs to, and whether it is a new one.
local function fixed_window(key, p, now)
  local state = redis.call('HMGET', key, 'count', 'ends')
  local count, ends = tonumber(state[1]), tonumber(state[2])
  if count and ends and now < ends then
    return count, ends, false
  end
  return 0, p[3] == 1 and (math.floor(now / p[2]) + 1) * p[2] or now + p[2], true
end

-- check evaluates a call of that cost at now_us: the reply and, if there is something to write, a function that writes
-- it and a stamp by which refund finds it again.
function fixed.check(key, p, cost, now_us)
  local now, limit = math.floor(now_us / 1000), p[1]
  local count, ends, fresh = fixed_window(key, p, now)
  local reset = fresh and 0 or ends - now
  if count + cost > limit then
    return limit_reply(limit, limit - count, cost > limit and -1 or reset, reset)
  end
  local reply = limit_reply(limit, limit - count - cost, nil, (fresh and cost == 0) and 0 or ends - now)
  if cost == 0 then
    return reply
  end
  return reply, function()
    redis.call('HSET', key, 'count', int(count + cost), 'ends', int(ends))
    if fresh then
      redis.call('PEXPIREAT', key, int(ends))
    end
  end, ends
end

-- refund gives cost back if the window it was taken from is still open.
function fixed.refund(key, p, cost, stamp, now_us)
  local count, ends, fresh = fixed_window(key, p, math.floor(now_us / 1000))
  if not fresh and ends == stamp then
    redis.call('HSET', key, 'count', int(math.max(0, count - cost)))
  end
end
