#!lua
-- @name hot_hit
-- @purpose Count a hit in a sketch of the most frequent items, of bounded size (space-saving).
-- @key counts (zset) item to its count, never too low
-- @key errors (hash) item to how much too high its count may be
-- @arg item (string) what was hit
-- @arg weight (count) how much it counts, 0 to 1000000000; 0 looks without counting
-- @arg size (count) items the sketch keeps, 1 to 10000: every item with more than total / size hits is among them
-- @arg ttl (ms) time the sketch lives, from its first hit
-- @reply array of 2 integers: the item's count, how much too high it may be; 0, 0 when it is not kept
-- @complexity O(log N) with N items kept
-- @flags none
-- @since 0.1.0
-- @example FCALL hot_hit 2 hot:{keys} hot:{keys}:e user:7 1 100 60000
-- include: shared/args.lua

local counts, errors, item, weight = KEYS[1], KEYS[2], ARGV[1], whole(ARGV[2], 0, 1000000000)
local size, ttl = whole(ARGV[3], 1, 10000), whole(ARGV[4], 1, MAX_MS)
local bad = needs_keys(KEYS, 2, 2, 'counts errors') or needs_text(item, 'item')
  or needs(weight, 'weight must be a whole number from 0 to 1000000000')
  or needs(size, 'size must be a whole number from 1 to 10000') or needs_ms(ttl, 'ttl')
if bad then return bad end

local kept = tonumber(redis.call('ZSCORE', counts, item))
if kept then
  local off = tonumber(redis.call('HGET', errors, item) or 0)
  if weight > 0 then
    kept = tonumber(redis.call('ZINCRBY', counts, int(weight), item))
  end
  return {kept, off}
end
redis.call('HLEN', errors) -- fails on a key of another type, before anything is written
if weight == 0 then
  return {0, 0}
end
-- A newcomer takes the place and the count of the least: it may have been hit as often while it was not kept.
local base, least, n = 0, nil, redis.call('ZCARD', counts)
if n >= size then
  least = redis.call('ZRANGE', counts, 0, 0, 'WITHSCORES')
  base = tonumber(least[2])
elseif n == 0 then
  redis.call('DEL', errors)
end
redis.call('ZADD', counts, int(base + weight), item)
redis.call('HSET', errors, item, int(base))
if least then -- after the newcomer is in: a key that empties loses its time to live
  redis.call('ZREM', counts, least[1])
  redis.call('HDEL', errors, least[1])
elseif n == 0 then
  redis.call('PEXPIRE', counts, int(ttl))
  redis.call('PEXPIRE', errors, int(ttl))
end
return {base + weight, base}
