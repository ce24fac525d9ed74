-- A cache entry is a hash: v value, g version, f fresh until (ms), n negative (1: "there is no such thing" is cached),
-- o owner of the lease, l lease until (ms), w who filled it last, d how long the value took to make (ms).
-- A version is a time in us or more, so that it never comes again, even after the entry was gone.
-- include: shared/args.lua shared/clock.lua shared/expiry.lua

local function next_version(g, now_us)
  return math.max((tonumber(g) or 0) + 1, now_us)
end

-- read_lease reads what open_lease needs of an entry; it fails on a key of another type.
local function read_lease(entry)
  return redis.call('HMGET', entry, 'v', 'g', 'f', 'n', 'o', 'l')
end

-- open_lease opens an entry, read as e, for owner and takes the lease if a value is due and nobody has it.
-- Returns {state, value, lease (1 or 0), wait (ms), version}.
local function open_lease(entry, e, owner, lease, now)
  local value, version, fresh = e[1], tonumber(e[2]) or 0, tonumber(e[3]) or 0
  local known = value or e[4] == '1'
  if known and now < fresh then
    return {value and 'hit' or 'negative', value, 0, 0, version}
  end
  local until_ms = tonumber(e[6]) or 0
  local free = not e[5] or until_ms <= now
  if free or e[5] == owner then
    if free then
      until_ms = now + lease
      redis.call('HSET', entry, 'o', owner, 'l', int(until_ms))
      outlive(entry, until_ms)
    end
    return {known and 'stale' or 'miss', value, 1, 0, version}
  end
  if known then
    return {'stale', value, 0, until_ms - now, version}
  end
  return {'wait', false, 0, until_ms - now, version}
end

-- read_filler reads what fill needs of an entry; it fails on a key of another type.
local function read_filler(entry)
  return redis.call('HMGET', entry, 'o', 'g', 'w')
end

-- fill stores a value in an entry, read as e, if owner has the lease: {1, version} or {0, present version}.
local function fill(entry, e, owner, value, ttl, stale, negative, delta, now_us)
  if e[1] ~= owner then
    return {not e[1] and e[3] == owner and 1 or 0, tonumber(e[2]) or 0} -- 1: this call was served before
  end
  local version, fresh = next_version(e[2], now_us), math.floor(now_us / 1000) + ttl
  redis.call('HSET', entry, 'g', int(version), 'f', int(fresh), 'n', negative, 'w', owner, 'd', int(delta), 'v', value)
  if negative == 1 then
    redis.call('HDEL', entry, 'o', 'l', 'v')
  else
    redis.call('HDEL', entry, 'o', 'l')
  end
  redis.call('PEXPIREAT', entry, int(fresh + stale))
  return {1, version}
end

local function needs_stale(n)
  return needs(n, 'stale must be a whole number of milliseconds from 0 to 315360000000')
end

local function needs_delta(n)
  return needs(n, 'delta must be a whole number of milliseconds from 0 to 315360000000')
end
