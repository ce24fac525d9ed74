-- Permits with deadlines: a sorted set of holder to deadline and, when permits have weights, a hash of holder to weight
-- whose field '' keeps the sum.
-- include: shared/args.lua shared/expiry.lua

-- count_permits returns the permits in use at now and the holders that have run out but are still stored (up to 1000).
local function count_permits(holders, weights, now)
  local gone = redis.call('ZRANGEBYSCORE', holders, '-inf', int(now), 'LIMIT', 0, MAX_BATCH)
  if not weights then
    return redis.call('ZCOUNT', holders, '(' .. int(now), '+inf'), gone
  end
  local used = tonumber(redis.call('HGET', weights, '')) or 0
  if #gone == 0 and used > 0 and redis.call('EXISTS', holders) == 0 then
    gone.all = true -- the holders' key has expired with its last holder, and the weights' key lives on
    return 0, gone
  end
  if #gone > 0 then
    local w = redis.call('HMGET', weights, unpack(gone))
    for i = 1, #gone do
      used = used - (tonumber(w[i]) or 0)
    end
  end
  return used, gone
end

-- drop_permits forgets holders that have run out; used is the sum of the others.
local function drop_permits(holders, weights, gone, used)
  if gone.all then
    redis.call('DEL', weights)
  elseif #gone > 0 then
    redis.call('ZREM', holders, unpack(gone))
    if weights then
      redis.call('HDEL', weights, unpack(gone))
      redis.call('HSET', weights, '', int(used))
    end
  end
end

-- permits_free_in returns the ms until `need` permits have run out at least, -1 if that cannot be said.
local function permits_free_in(holders, weights, now, need)
  if not weights then
    local at = redis.call('ZRANGEBYSCORE', holders, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', int(need - 1), 1)
    return at[2] and at[2] - now or -1
  end
  local live = redis.call('ZRANGEBYSCORE', holders, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', 0, MAX_BATCH)
  for i = 1, #live, 2 do
    need = need - (tonumber(redis.call('HGET', weights, live[i])) or 0)
    if need <= 0 then
      return live[i + 1] - now
    end
  end
  return -1
end

-- add_permit stores a permit until now + lease, or lengthens it.
local function add_permit(holders, weights, id, weight, now, lease, used)
  redis.call('ZADD', holders, 'GT', int(now + lease), id)
  outlive(holders, now + lease)
  if weights then
    redis.call('HSET', weights, id, int(weight), '', int(used))
    outlive(weights, now + lease)
  end
end
