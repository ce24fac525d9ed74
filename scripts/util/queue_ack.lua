#!lua flags=allow-oom
-- @name queue_ack
-- @purpose Say that a job is done.
-- @key ready (zset) jobs to run, no TTL
-- @key delayed (zset) jobs to run later, no TTL
-- @key leased (zset) jobs being run, no TTL
-- @key body (hash) payloads, no TTL
-- @key dead (zset) jobs that failed for good, no TTL
-- @arg id (string) the job's id
-- @arg try (count) as queue_claim returned it
-- @reply integer: 1 done, 0 the lease was lost (another has or had the job)
-- @complexity O(log N) with N jobs
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL queue_ack 5 q:{mail}:r q:{mail}:d q:{mail}:l q:{mail}:b q:{mail}:x job-1 1
-- include: util/shared/queue.lua

local id, try = ARGV[1], whole(ARGV[2], 1, MAX_INT)
local bad = needs_keys(KEYS, 5, 5, QUEUE) or needs_text(id, 'id') or needs_try(try)
if bad then return bad end

local q = open_queue(KEYS)
if not holds(q, id, try) then
  return 0
end
redis.call('ZREM', q.leased, id)
forget(q, id)
return 1
