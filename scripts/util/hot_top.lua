#!lua flags=no-writes
-- @name hot_top
-- @purpose Read the most frequent items of a sketch.
-- @key counts (zset) item to its count
-- @key errors (hash) item to how much too high its count may be
-- @arg n (count) items to read, 1 to 1000
-- @reply array: item, count, how much too high the count may be (integers) of each, most frequent first
-- @complexity O(log N + n) with N items kept
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO hot_top 2 hot:{keys} hot:{keys}:e 10
-- include: shared/args.lua

local n = whole(ARGV[1], 1, MAX_BATCH)
local bad = needs_keys(KEYS, 2, 2, 'counts errors') or needs(n, 'n must be a whole number from 1 to 1000')
if bad then return bad end

local rows, items, reply = redis.call('ZREVRANGE', KEYS[1], 0, int(n - 1), 'WITHSCORES'), {}, {}
if #rows == 0 then
  return reply
end
for i = 1, #rows, 2 do
  items[#items + 1] = rows[i]
end
local off = redis.call('HMGET', KEYS[2], unpack(items))
for i = 1, #items do
  reply[3 * i - 2], reply[3 * i - 1], reply[3 * i] = items[i], tonumber(rows[2 * i]), tonumber(off[i]) or 0
end
return reply
