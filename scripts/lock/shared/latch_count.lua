-- A count of arrivals: a hash of the participants that have arrived, and under '' how many are expected. Who arrives twice
-- counts once.
-- include: shared/args.lua lock/shared/mutex.lua

-- arrivals returns how many are still expected, nil if there is no count.
local function arrivals(key)
  local n = tonumber(redis.call('HGET', key, ''))
  return n and math.max(0, n + 1 - redis.call('HLEN', key))
end

-- arrive counts id and tells those who wait when it was the last. Returns 1 or 0 (came before, or was not needed), and how
-- many are still expected.
local function arrive(key, channel, id, left)
  if left == 0 or redis.call('HSETNX', key, id, 1) == 0 then
    return {0, left}
  end
  if left == 1 then
    wake(channel, key)
  end
  return {1, left - 1}
end

local function needs_parties(n)
  return needs(n, 'n must be a whole number from 1 to 10000')
end
