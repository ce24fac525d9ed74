-- GCRA, the leaky bucket as a meter: one number, the theoretical arrival time (tat, us) of the next unit.
-- include: shared/args.lua ratelimit/shared/reply.lua

local gcra = {}

-- parse returns {capacity (max_burst + 1), us per unit}. Rounding up admits at most 1 us per unit less, never more.
function gcra.parse(max_burst, count, period)
  local burst, n, ms = whole(max_burst, 0, MAX_LIMIT - 1), whole(count, 1, MAX_LIMIT), whole(period, 1, MAX_MS)
  local bad = needs(burst, 'max_burst must be a whole number from 0 to 999999999') or needs_limit(n, 'count')
    or needs_ms(ms, 'period') or needs(n <= ms * 1000, 'count must not exceed one per microsecond of the period')
  if bad then
    return nil, bad
  end
  local p = {burst + 1, math.ceil(ms * 1000 / n)}
  return p, needs(p[1] * p[2] <= MAX_MS * 1000, 'the burst would take more than ten years to drain')
end

local function gcra_tat(key, now)
  local tat = redis.call('GET', key)
  return math.max(tonumber(tat) or now, now)
end

function gcra.check(key, p, cost, now)
  local cap, unit = p[1], p[2]
  local tat, tau = gcra_tat(key, now), cap * unit
  local new = tat + unit * cost
  if cost > cap or now < new - tau then
    local retry = cost > cap and -1 or math.ceil((new - tau - now) / 1000)
    return limit_reply(cap, math.floor((now - (tat - tau)) / unit), retry, math.ceil((tat - now) / 1000))
  end
  local reply = limit_reply(cap, math.floor((now - (new - tau)) / unit), nil, math.ceil((new - now) / 1000))
  if cost == 0 then
    return reply
  end
  return reply, function() redis.call('SET', key, int(new), 'PX', int(math.max(1, reply[5]))) end, new
end

function gcra.refund(key, p, cost, _, now)
  local tat = gcra_tat(key, now) - p[2] * cost
  if tat <= now then
    redis.call('DEL', key)
  else
    redis.call('SET', key, int(tat), 'PX', int(math.max(1, math.ceil((tat - now) / 1000))))
  end
end
