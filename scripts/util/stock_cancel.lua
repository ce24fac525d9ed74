#!lua flags=allow-oom
-- @name stock_cancel
-- @purpose Give the units of a hold back.
-- @key stock (string) free units; no TTL
-- @key holds (zset) hold to deadline, no TTL
-- @key qty (hash) hold to units, no TTL
-- @arg id (string) names the hold
-- @reply array of 2 integers: 1 cancelled or 0 there is no such hold, units left
-- @complexity O(log N) with N holds
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL stock_cancel 3 stock:{sku1} stock:{sku1}:holds stock:{sku1}:qty cart-1
-- include: util/shared/stock.lua

local id = ARGV[1]
local bad = needs_keys(KEYS, 3, 3, 'stock holds qty') or needs_text(id, 'id')
if bad then return bad end

local now = now_ms()
local free, wrong = free_units(KEYS[1])
if wrong then return wrong end
local ids, back = due(KEYS[2], KEYS[3], now, 100)
local units = tonumber(redis.call('HGET', KEYS[3], id)) or 0
if tonumber(redis.call('ZSCORE', KEYS[2], id) or 0) <= now then
  return {0, free + back}
end
ids[#ids + 1] = id
settle(KEYS, free + back + units, ids)
return {1, free + back + units}
