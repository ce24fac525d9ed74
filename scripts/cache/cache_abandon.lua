#!lua flags=allow-oom
-- @name cache_abandon
-- @purpose Give the lease back without a value: loading failed, and another may try at once.
-- @key entry (hash) the entry
-- @arg owner (string) as in cache_get_or_lease
-- @reply integer: 1 given back, 0 the caller had no lease
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL cache_abandon 1 cache:{p17} load-1
-- include: shared/args.lua

local owner = ARGV[1]
local bad = needs_keys(KEYS, 1, 1, 'entry') or needs_text(owner, 'owner')
if bad then return bad end

if redis.call('HGET', KEYS[1], 'o') ~= owner then
  return 0
end
redis.call('HDEL', KEYS[1], 'o', 'l')
return 1
