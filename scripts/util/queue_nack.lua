#!lua
-- @name queue_nack
-- @purpose Say that a job failed: it is tried again after a delay, or is dead when it has no tries left.
-- @key ready (zset) jobs to run, no TTL
-- @key delayed (zset) jobs to run later, no TTL
-- @key leased (zset) jobs being run, no TTL
-- @key body (hash) payloads, no TTL
-- @key dead (zset) jobs that failed for good, no TTL
-- @arg id (string) the job's id
-- @arg try (count) as queue_claim returned it
-- @arg delay (ms) time until the next try
-- @reply array: 1 or 0 (the lease was lost), 1 if the job is dead now
-- @complexity O(log N) with N jobs
-- @flags none
-- @since 0.1.0
-- @example FCALL queue_nack 5 q:{mail}:r q:{mail}:d q:{mail}:l q:{mail}:b q:{mail}:x job-1 1 1000
-- include: util/shared/queue.lua

local id, try, delay = ARGV[1], whole(ARGV[2], 1, MAX_INT), whole(ARGV[3], 0, MAX_MS)
local bad = needs_keys(KEYS, 5, 5, QUEUE) or needs_text(id, 'id') or needs_try(try)
  or needs(delay, 'delay must be a whole number of milliseconds from 0 to 315360000000')
if bad then return bad end

local q = open_queue(KEYS)
if not holds(q, id, try) then
  return {0, 0}
end
local job = tries(q, id)
redis.call('ZCARD', job.made >= job.most and q.dead or delay > 0 and q.delayed or q.ready)
return {1, retry(q, id, job, delay, now_ms())}
