#!lua
-- @name cache_set_if_newer
-- @purpose Store a value that has a version of its own (such as a row's), unless a newer one is there.
-- @key entry (hash) the entry; its versions are the caller's, so do not mix with cache_fill
-- @arg version (integer) of the value, 1 to 2^53-1
-- @arg value (string) the value
-- @arg ttl (ms) time the value is fresh, and kept
-- @reply array: 1, version stored (or there already); 0, the newer version that is there
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_set_if_newer 1 cache:{row:17} 42 value 60000
-- include: cache/shared/entry.lua

local entry, version, value, ttl = KEYS[1], whole(ARGV[1], 1, MAX_INT), ARGV[2], whole(ARGV[3], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'entry') or needs(version, 'version must be a whole number from 1 to 2^53-1')
  or needs(value, 'value is missing') or needs_ms(ttl, 'ttl')
if bad then return bad end

local current = tonumber(redis.call('HGET', entry, 'g')) or 0
if version <= current then
  return {version == current and 1 or 0, current}
end
redis.call('HSET', entry, 'v', value, 'g', int(version), 'f', int(now_ms() + ttl), 'n', 0)
redis.call('HDEL', entry, 'o', 'l', 'w')
redis.call('PEXPIRE', entry, int(ttl))
return {1, version}
