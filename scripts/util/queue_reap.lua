#!lua
-- @name queue_reap
-- @purpose Put jobs whose lease ran out back into the queue, last among their priority, or among the dead.
-- @key ready (zset) jobs to run, no TTL
-- @key delayed (zset) jobs to run later, no TTL
-- @key leased (zset) jobs being run, no TTL
-- @key body (hash) payloads, no TTL
-- @key dead (zset) jobs that failed for good, no TTL
-- @arg n (count) most to handle in this call, 1 to 100
-- @reply array: how many were put back, how many are dead now
-- @complexity O(n log N) with N jobs
-- @flags none
-- @since 0.1.0
-- @example FCALL queue_reap 5 q:{mail}:r q:{mail}:d q:{mail}:l q:{mail}:b q:{mail}:x 100
-- include: util/shared/queue.lua

local n = whole(ARGV[1], 1, 100)
local bad = needs_keys(KEYS, 5, 5, QUEUE) or needs(n, 'n must be a whole number from 1 to 100')
if bad then return bad end

local q, now, dead = open_queue(KEYS), now_ms(), 0
local lost, jobs = redis.call('ZRANGEBYSCORE', q.leased, '-inf', int(now), 'LIMIT', 0, int(n)), {}
if #lost > 0 then
  redis.call('ZCARD', q.ready)
  redis.call('ZCARD', q.dead)
end
for i = 1, #lost do
  jobs[i] = tries(q, lost[i])
end
for i = 1, #lost do
  dead = dead + retry(q, lost[i], jobs[i], 0, now)
end
return {#lost - dead, dead}
