#!lua flags=allow-oom
-- @name queue_extend
-- @purpose Keep a job that takes longer than its lease.
-- @key ready (zset) jobs to run, no TTL
-- @key delayed (zset) jobs to run later, no TTL
-- @key leased (zset) jobs being run, no TTL
-- @key body (hash) payloads, no TTL
-- @key dead (zset) jobs that failed for good, no TTL
-- @arg id (string) the job's id
-- @arg try (count) as queue_claim returned it
-- @arg lease (ms) new time until another may have it; never shortens the present one
-- @reply array: 1, ttl (ms); 0, 0 the lease was lost
-- @complexity O(log N) with N jobs
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL queue_extend 5 q:{mail}:r q:{mail}:d q:{mail}:l q:{mail}:b q:{mail}:x job-1 1 30000
-- include: util/shared/queue.lua

local id, try, lease = ARGV[1], whole(ARGV[2], 1, MAX_INT), whole(ARGV[3], 1, MAX_MS)
local bad = needs_keys(KEYS, 5, 5, QUEUE) or needs_text(id, 'id') or needs_try(try) or needs_ms(lease, 'lease')
if bad then return bad end

local q, now = open_queue(KEYS), now_ms()
if not holds(q, id, try) then
  return {0, 0}
end
redis.call('ZADD', q.leased, 'GT', int(now + lease), id)
return {1, redis.call('ZSCORE', q.leased, id) - now}
