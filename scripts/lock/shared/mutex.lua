-- What the locks kept in one string have in common.
-- include: shared/args.lua

-- lengthen sets a time to live of at least ttl ms and returns the one the key has now.
local function lengthen(key, ttl)
  local left = redis.call('PTTL', key)
  if left >= ttl then
    return left
  end
  redis.call('PEXPIRE', key, int(ttl))
  return ttl
end

-- wake tells waiters on the channel, if there is one. They poll too: a message may be missed.
local function wake(channel, message)
  if channel then
    redis.call('SPUBLISH', channel, message)
  end
end

-- distinct says whether no key is named twice.
local function distinct(keys)
  if #keys <= 6 then -- fewer comparisons than a table costs
    for i = 2, #keys do
      for k = 1, i - 1 do
        if keys[i] == keys[k] then
          return false
        end
      end
    end
    return true
  end
  local seen = {}
  for i = 1, #keys do
    if seen[keys[i]] then
      return false
    end
    seen[keys[i]] = true
  end
  return true
end
