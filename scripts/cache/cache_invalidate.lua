#!lua flags=allow-oom
-- @name cache_invalidate
-- @purpose Say that the source has changed: a load that began before cannot fill the entry any more.
-- @key entry (hash) the entry
-- @arg mode (hard|soft) hard: the value is gone; soft: it may be served while it is loaded anew
-- @arg grace (ms) hard: how long the entry's version is remembered, at least the longest lease
-- @reply integer: 1 invalidated, 0 there was nothing
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL cache_invalidate 1 cache:{p17} hard 10000
-- include: cache/shared/entry.lua

local mode, grace = ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'entry') or needs(mode == 'hard' or mode == 'soft', 'mode must be hard or soft')
  or needs_ms(grace, 'grace')
if bad then return bad end

local entry = KEYS[1]
local g = redis.call('HGET', entry, 'g')
if not g and redis.call('EXISTS', entry) == 0 then
  return 0
end
redis.call('HSET', entry, 'g', int(next_version(g, now_us())), 'f', 0)
if mode == 'hard' then
  redis.call('HDEL', entry, 'v', 'n', 'o', 'l', 'w', 'd')
  redis.call('PEXPIRE', entry, int(grace))
else
  redis.call('HDEL', entry, 'o', 'l', 'w')
end
return 1
