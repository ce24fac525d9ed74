#!lua flags=allow-oom
-- @name stock_commit
-- @purpose Sell the units of a hold.
-- @key stock (string) free units; no TTL
-- @key holds (zset) hold to deadline, no TTL
-- @key qty (hash) hold to units, no TTL
-- @arg id (string) names the hold
-- @reply integer: units sold, 0 there is no such hold (it ran out, was sold or cancelled)
-- @complexity O(log N) with N holds
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL stock_commit 3 stock:{sku1} stock:{sku1}:holds stock:{sku1}:qty cart-1
-- include: util/shared/stock.lua

local id = ARGV[1]
local bad = needs_keys(KEYS, 3, 3, 'stock holds qty') or needs_text(id, 'id')
if bad then return bad end

local units = tonumber(redis.call('HGET', KEYS[3], id)) or 0
if tonumber(redis.call('ZSCORE', KEYS[2], id) or 0) <= now_ms() then
  return 0
end
redis.call('ZREM', KEYS[2], id)
redis.call('HDEL', KEYS[3], id)
return units
