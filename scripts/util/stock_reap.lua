#!lua
-- @name stock_reap
-- @purpose Give back the units of holds that ran out.
-- @key stock (string) free units; no TTL
-- @key holds (zset) hold to deadline, no TTL
-- @key qty (hash) hold to units, no TTL
-- @arg n (count) most holds to handle in this call, 1 to 1000
-- @reply array of 3 integers: holds ended, units given back, units left
-- @complexity O(n log N) with N holds
-- @flags none
-- @since 0.1.0
-- @example FCALL stock_reap 3 stock:{sku1} stock:{sku1}:holds stock:{sku1}:qty 100
-- include: util/shared/stock.lua

local n = whole(ARGV[1], 1, MAX_BATCH)
local bad = needs_keys(KEYS, 3, 3, 'stock holds qty') or needs(n, 'n must be a whole number from 1 to 1000')
if bad then return bad end

local free, wrong = free_units(KEYS[1])
if wrong then return wrong end
local ids, back = due(KEYS[2], KEYS[3], now_ms(), int(n))
redis.call('HLEN', KEYS[3]) -- fails on a key of another type, before anything is written
if #ids > 0 then
  settle(KEYS, free + back, ids)
end
return {#ids, back, free + back}
