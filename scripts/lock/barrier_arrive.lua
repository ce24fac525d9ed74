#!lua
-- @name barrier_arrive
-- @purpose Arrive at a barrier of n participants; the first makes it, the last wakes all.
-- @key barrier (hash) participants that have come, and how many are expected
-- @key [channel] (channel) told the barrier's name when all have come
-- @arg id (string) names the participant
-- @arg n (count) participants, 1 to 10000; the first one's number holds
-- @arg ttl (ms) time until the barrier goes, from the first arrival
-- @reply array: 1 counted or 0 not (came before, or all have come), how many are still expected
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL barrier_arrive 1 barrier:{round-7} node-1 3 600000
-- include: lock/shared/latch_count.lua

local barrier, id, n, ttl = KEYS[1], ARGV[1], whole(ARGV[2], 1, 10000), whole(ARGV[3], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 2, 'barrier [channel]') or needs_text(id, 'id') or needs_parties(n) or needs_ms(ttl, 'ttl')
if bad then return bad end

local left = arrivals(barrier)
if not left then
  redis.call('HSET', barrier, '', int(n))
  redis.call('PEXPIRE', barrier, int(ttl))
  left = n
end
return arrive(barrier, KEYS[2], id, left)
