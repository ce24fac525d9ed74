-- A fair lock: a waiter's place (its ticket) and its being alive (its heartbeat) are two sorted sets, so that a slow
-- turn never costs a living waiter its place, and a dead waiter delays the others by one heartbeat at most.
-- include: shared/args.lua shared/expiry.lua

-- drop_dead removes waiters whose heartbeat has passed.
local function drop_dead(queue, alive, now)
  local dead = redis.call('ZRANGEBYSCORE', alive, '-inf', int(now), 'LIMIT', 0, 100)
  if #dead > 0 then
    redis.call('ZREM', alive, unpack(dead))
    redis.call('ZREM', queue, unpack(dead))
  end
end

-- holder splits the lock's value "fence:id".
local function holder(lock)
  local value = redis.call('GET', lock)
  if value then
    local fence, id = string.match(value, '^(%d+):(.*)$')
    return id or value, tonumber(fence) or 0
  end
end
