#!lua
-- @name cache_tag_bump
-- @purpose Make every entry with one of these tags stale, at once.
-- @key tags... (string) 1 to 1000 tags
-- @arg keep (ms) time the new generation is kept: the longest that loading a value takes
-- @reply array: the new generations (strings)
-- @complexity O(t) with t tags
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_tag_bump 1 tag:{shop}:prices 60000
-- include: lock/shared/mutex.lua cache/shared/tags.lua

local keep = whole(ARGV[1], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, MAX_BATCH, '1 to 1000 tags') or needs_ms(keep, 'keep')
if bad then return bad end

local now, gens = now_us(), {}
for i = 1, #KEYS do
  gens[i] = int(math.max((tonumber(redis.call('GET', KEYS[i])) or 0) + 1, now))
end
for i = 1, #KEYS do
  redis.call('SET', KEYS[i], gens[i], 'KEEPTTL')
  lengthen(KEYS[i], keep)
end
return gens
