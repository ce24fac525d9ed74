#!lua
-- @name cache_tag_set
-- @purpose Store a value that depends on tags, unless one of them was bumped since the value was asked for.
-- @key entry (hash) the entry
-- @key tags... (string) 1 to 100 tags, in the same slot, always in the same order
-- @arg value (string) the value
-- @arg ttl (ms) time the entry is kept
-- @arg [seen...] (string) generations as cache_tag_get returned them on the miss; without them nothing is checked
-- @reply array: 1 stored or 0 not (a tag was bumped), then the generations of the tags (strings)
-- @complexity O(t) with t tags
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_tag_set 2 page:{shop}:17 tag:{shop}:prices value 60000
-- include: lock/shared/mutex.lua cache/shared/tags.lua

local entry, value, ttl = KEYS[1], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 2, 101, 'entry, then 1 to 100 tags') or needs(distinct(KEYS), 'a key is named twice')
  or needs(value, 'value is missing') or needs_ms(ttl, 'ttl')
  or needs(#ARGV == 2 or #ARGV == 1 + #KEYS, 'seen: one generation for each tag')
if bad then return bad end

redis.call('HLEN', entry) -- fails on a key of another type, before anything is written
local now, gens, stored = now_us(), generations(KEYS), {'v', value}
for i = 1, #gens do
  if ARGV[2 + i] and ARGV[2 + i] ~= gens[i] then
    return {0, unpack(gens)}
  end
end
for i = 1, #gens do
  if gens[i] == '0' then
    gens[i] = int(now)
    redis.call('SET', KEYS[i + 1], gens[i], 'PX', int(ttl))
  else
    lengthen(KEYS[i + 1], ttl) -- a tag outlives its entries
  end
  stored[#stored + 1] = 't' .. i
  stored[#stored + 1] = gens[i]
end
redis.call('DEL', entry)
redis.call('HSET', entry, unpack(stored))
redis.call('PEXPIRE', entry, int(ttl))
return {1, unpack(gens)}
