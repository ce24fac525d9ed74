#!lua flags=no-writes
-- @name lock_inspect
-- @purpose See who holds a mutex, for how long, and the present fence.
-- @key lock (string) the lock
-- @key [fence] (string) the fence counter
-- @reply array: held (1 or 0), owner ("" when free), ttl (ms, -1 = without TTL, 0 when free), fence (0 = none)
-- @complexity O(1)
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO lock_inspect 2 lock:{report} fence:{report}
-- include: shared/args.lua

local bad = needs_keys(KEYS, 1, 2, 'lock [fence]')
if bad then return bad end

local fence = KEYS[2] and tonumber(redis.call('GET', KEYS[2])) or 0
local owner = redis.call('GET', KEYS[1])
if not owner then
  return {0, '', 0, fence}
end
return {1, owner, redis.call('PTTL', KEYS[1]), fence}
