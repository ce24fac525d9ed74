-- Stock with reservations: a counter of free units, and holds that give their units back when they run out. The holds
-- have no TTL, as their units would be lost with them: every call, and stock_reap, collects up to 100 that ran out.
-- include: shared/args.lua shared/clock.lua

-- due returns the holds that ran out and the units they give back.
local function due(holds, qty, now, limit)
  local ids, units = redis.call('ZRANGEBYSCORE', holds, '-inf', int(now), 'LIMIT', 0, limit), 0
  if #ids > 0 then
    local n = redis.call('HMGET', qty, unpack(ids))
    for i = 1, #ids do
      units = units + (tonumber(n[i]) or 0)
    end
  end
  return ids, units
end

-- settle writes the free units and drops the holds ids.
local function settle(keys, free, ids)
  if #ids > 0 then
    redis.call('ZREM', keys[2], unpack(ids))
    redis.call('HDEL', keys[3], unpack(ids))
  end
  redis.call('SET', keys[1], int(free), 'KEEPTTL')
end

-- free_units reads the counter; an error if it holds no whole number.
local function free_units(stock)
  local free = whole(redis.call('GET', stock) or 0, -MAX_INT, MAX_INT)
  return free, needs(free, 'the stock does not hold a whole number')
end
