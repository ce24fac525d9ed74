#!lua
-- @name cache_wb_take
-- @purpose Write behind: take values that are due, to write them to their place; others get them again after the lease.
-- @key values (hash) id to value and version, no TTL
-- @key dirty (zset) id to the moment it is due, no TTL
-- @arg n (count) how many, 1 to 300
-- @arg lease (ms) time until others may take them
-- @reply array: id, value, version of each; cache_wb_ack wants the version
-- @complexity O(n log N) with N values that wait
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_wb_take 2 wb:{users} wb:{users}:dirty 10 30000
-- include: shared/args.lua shared/clock.lua

local n, lease = whole(ARGV[1], 1, 300), whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 2, 2, 'values dirty') or needs(n, 'n must be a whole number from 1 to 300') or needs_ms(lease, 'lease')
if bad then return bad end

local now, reply = now_ms(), {}
redis.call('HLEN', KEYS[1]) -- fails on a key of another type, before anything is written
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', int(now), 'LIMIT', 0, int(n))
for i = 1, #due do
  local v = redis.call('HMGET', KEYS[1], 'v:' .. due[i], 'g:' .. due[i])
  redis.call('ZADD', KEYS[2], int(now + lease), due[i])
  reply[3 * i - 2], reply[3 * i - 1], reply[3 * i] = due[i], v[1], tonumber(v[2])
end
return reply
