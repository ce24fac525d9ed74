-- Sliding log: one entry per unit, its time (us) as member and score. Exact, at about 100 bytes per unit.
-- include: shared/args.lua ratelimit/shared/reply.lua

local sliding_log = {}
local MAX_LOG = 10000 -- about 1 MB

function sliding_log.parse(limit, window)
  local p = {whole(limit, 1, MAX_LOG), whole(window, 1, MAX_MS)}
  return p, needs(p[1], 'limit must be a whole number from 1 to 10000') or needs_ms(p[2], 'window')
end

-- drop_old removes up to 1000 of the entries that have left the window; n are within it.
local function drop_old(key, n)
  local gone = redis.call('ZCARD', key) - n
  if gone > 0 then
    redis.call('ZREMRANGEBYRANK', key, 0, math.min(gone, MAX_BATCH) - 1)
  end
end

function sliding_log.check(key, p, cost, now)
  local limit, window = p[1], p[2] * 1000
  local n, last, reset = redis.call('ZCOUNT', key, '(' .. int(now - window), '+inf'), 0, 0
  if n > 0 then
    last = tonumber(redis.call('ZRANGE', key, -1, -1)[1])
    reset = math.ceil((last + window - now) / 1000)
  end
  if n + cost > limit then
    if cost > limit then
      return limit_reply(limit, limit - n, -1, reset)
    end
    -- The call fits when the entry that is limit - cost before the newest has left.
    local blocking = redis.call('ZRANGE', key, cost - limit - 1, cost - limit - 1)[1]
    return limit_reply(limit, limit - n, math.ceil((blocking + window - now) / 1000), reset)
  end
  if cost == 0 then
    return limit_reply(limit, limit - n, nil, reset)
  end
  local first = math.max(now, last + 1) -- two calls in one microsecond are two entries
  reset = math.ceil((first + cost - 1 + window - now) / 1000)
  return limit_reply(limit, limit - n - cost, nil, reset), function()
    drop_old(key, n)
    for from = 0, cost - 1, 500 do
      local entries = {}
      for i = from, math.min(from + 499, cost - 1) do
        local t = int(first + i)
        entries[#entries + 1] = t
        entries[#entries + 1] = t
      end
      redis.call('ZADD', key, unpack(entries))
    end
    redis.call('PEXPIRE', key, int(reset + 1))
  end, first
end

function sliding_log.refund(key, p, cost, stamp)
  redis.call('ZREMRANGEBYSCORE', key, int(stamp), int(stamp + cost - 1))
end
