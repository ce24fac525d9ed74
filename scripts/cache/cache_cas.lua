#!lua
-- @name cache_cas
-- @purpose Store a value if the entry still has the version that was read.
-- @key entry (hash) the entry
-- @arg expected (integer) version that was read, 0 = no entry
-- @arg value (string) the new value
-- @arg ttl (ms) time the value is fresh, and kept
-- @reply array: 1, new version; 0, present version when it differs (0 = no entry)
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_cas 1 cache:{p17} 0 value 60000
-- include: cache/shared/entry.lua

local entry, expected, value, ttl = KEYS[1], whole(ARGV[1], 0, MAX_INT), ARGV[2], whole(ARGV[3], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'entry') or needs(expected, 'expected must be a version or 0')
  or needs(value, 'value is missing') or needs_ms(ttl, 'ttl')
if bad then return bad end

local current = tonumber(redis.call('HGET', entry, 'g')) or 0
if current ~= expected then
  return {0, current}
end
local now = now_us()
local version = next_version(current, now)
redis.call('HSET', entry, 'v', value, 'g', int(version), 'f', int(math.floor(now / 1000) + ttl), 'n', 0)
redis.call('HDEL', entry, 'o', 'l', 'w')
redis.call('PEXPIRE', entry, int(ttl))
return {1, version}
