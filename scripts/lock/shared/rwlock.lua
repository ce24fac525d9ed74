-- A read-write lock: readers in a sorted set, each with its own deadline, so that a crashed reader delays a writer by
-- its own lease and no other's.
-- include: shared/args.lua shared/expiry.lua

-- reading returns the end of id's read lock, nil if it holds none at now.
local function reading(readers, id, now)
  local deadline = tonumber(redis.call('ZSCORE', readers, id) or 0)
  if deadline > now then
    return deadline
  end
end

-- add_reader gives id a read lock until now + ttl and drops some that have run out. Returns how many read.
local function add_reader(readers, id, now, ttl)
  local gone = redis.call('ZRANGEBYSCORE', readers, '-inf', int(now), 'LIMIT', 0, MAX_BATCH)
  if #gone > 0 then
    redis.call('ZREM', readers, unpack(gone))
  end
  redis.call('ZADD', readers, 'GT', int(now + ttl), id)
  local n = redis.call('ZCOUNT', readers, '(' .. int(now), '+inf')
  outlive(readers, now + ttl)
  return n
end
