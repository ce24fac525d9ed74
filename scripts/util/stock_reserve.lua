#!lua
-- @name stock_reserve
-- @purpose Hold units of a stock for a time; commit sells them, cancel or the end of that time gives them back.
-- @key stock (string) free units, set by SET; no TTL
-- @key holds (zset) hold to deadline, no TTL
-- @key qty (hash) hold to units, no TTL
-- @arg id (string) names the hold; the same id again takes nothing more
-- @arg n (count) units, 1 to 1000000000; 0 looks without taking
-- @arg hold (ms) time until they go back
-- @reply array of 2 integers: 1 held or 0 too few are free, units left
-- @complexity O(log N) with N holds
-- @flags none
-- @since 0.1.0
-- @example FCALL stock_reserve 3 stock:{sku1} stock:{sku1}:holds stock:{sku1}:qty cart-1 2 900000
-- include: util/shared/stock.lua

local id, n, hold = ARGV[1], whole(ARGV[2], 0, 1000000000), whole(ARGV[3], 1, MAX_MS)
local bad = needs_keys(KEYS, 3, 3, 'stock holds qty') or needs_text(id, 'id')
  or needs(n, 'n must be a whole number from 0 to 1000000000') or needs_ms(hold, 'hold')
if bad then return bad end

local now = now_ms()
local free, wrong = free_units(KEYS[1])
if wrong then return wrong end
local ids, back = due(KEYS[2], KEYS[3], now, 100)
redis.call('HLEN', KEYS[3]) -- fails on a key of another type, before anything is written
free = free + back
if tonumber(redis.call('ZSCORE', KEYS[2], id) or 0) > now then
  return {1, free}
elseif n > free then
  return {0, free}
elseif n == 0 then
  return {1, free}
end
settle(KEYS, free - n, ids)
redis.call('ZADD', KEYS[2], int(now + hold), id)
redis.call('HSET', KEYS[3], id, int(n))
return {1, free - n}
