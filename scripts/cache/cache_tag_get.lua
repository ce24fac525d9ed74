#!lua flags=no-writes
-- @name cache_tag_get
-- @purpose Read a value that depends on tags: nothing if one of them was bumped since it was stored.
-- @key entry (hash) the entry
-- @key tags... (string) its tags, in the order of cache_tag_set
-- @reply array: 1, value, then the generations of the tags; 0, nil, generations (for cache_tag_set) when it is missing
-- @complexity O(t) with t tags
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO cache_tag_get 2 page:{shop}:17 tag:{shop}:prices
-- include: cache/shared/tags.lua

local bad = needs_keys(KEYS, 2, 101, 'entry, then 1 to 100 tags')
if bad then return bad end

local gens, fields = generations(KEYS), {'v'}
for i = 1, #gens do
  fields[i + 1] = 't' .. i
end
local e = redis.call('HMGET', KEYS[1], unpack(fields))
local valid = e[1] and redis.call('HLEN', KEYS[1]) == #gens + 1
for i = 1, #gens do
  valid = valid and e[i + 1] == gens[i]
end
if not valid then
  return {0, false, unpack(gens)}
end
return {1, e[1], unpack(gens)}
