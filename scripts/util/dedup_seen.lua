#!lua
-- @name dedup_seen
-- @purpose Tell whether an id came before within a time, and remember it.
-- @key seen (zset) id to the moment it is forgotten
-- @arg id (string) the id
-- @arg ttl (ms) how long it is remembered, from the first time
-- @reply integer: 1 new, 0 seen before (and nothing is written)
-- @complexity O(log N) with N ids remembered
-- @flags none
-- @since 0.1.0
-- @example FCALL dedup_seen 1 seen:{webhooks} evt-1 3600000
-- include: shared/args.lua shared/clock.lua shared/expiry.lua

local seen, id, ttl = KEYS[1], ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'seen') or needs_text(id, 'id') or needs_ms(ttl, 'ttl')
if bad then return bad end

local now = now_ms()
if tonumber(redis.call('ZSCORE', seen, id) or 0) > now then
  return 0
end
local gone = redis.call('ZRANGEBYSCORE', seen, '-inf', int(now), 'LIMIT', 0, 100)
if #gone > 0 then
  redis.call('ZREM', seen, unpack(gone))
end
redis.call('ZADD', seen, int(now + ttl), id)
outlive(seen, now + ttl)
return 1
