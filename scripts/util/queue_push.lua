#!lua
-- @name queue_push
-- @purpose Add a job to a queue, to run now or later; a job whose id is in the queue already is not added again.
-- @key ready (zset) jobs to run, no TTL: jobs do not vanish
-- @key delayed (zset) jobs to run later, no TTL
-- @key leased (zset) jobs being run, no TTL
-- @key body (hash) payloads, no TTL
-- @key dead (zset) jobs that failed for good, no TTL
-- @arg id (string) the job's id
-- @arg delay (ms) time until it is due
-- @arg prio (count) 0 (first) to 255 (last)
-- @arg max_tries (count) how often it is tried, 1 to 1000
-- @arg payload (string) what the worker gets
-- @reply integer: 1 added, 0 it is there already
-- @complexity O(log N) with N jobs
-- @flags none
-- @since 0.1.0
-- @example FCALL queue_push 5 q:{mail}:r q:{mail}:d q:{mail}:l q:{mail}:b q:{mail}:x job-1 0 0 5 payload
-- include: util/shared/queue.lua

local id, delay, prio = ARGV[1], whole(ARGV[2], 0, MAX_MS), whole(ARGV[3], 0, 255)
local tries, payload = whole(ARGV[4], 1, 1000), ARGV[5]
local bad = needs_keys(KEYS, 5, 5, QUEUE) or needs_text(id, 'id')
  or needs(delay, 'delay must be a whole number of milliseconds from 0 to 315360000000')
  or needs(prio, 'prio must be a whole number from 0 to 255') or needs(tries, 'max_tries must be a whole number from 1 to 1000')
  or needs(payload, 'payload is missing')
if bad then return bad end

local q = open_queue(KEYS)
redis.call('ZCARD', delay > 0 and q.delayed or q.ready)
if redis.call('HEXISTS', q.body, 'p:' .. id) == 1 then
  return 0
end
redis.call('HSET', q.body, 'p:' .. id, payload, 't:' .. id, 0, 'm:' .. id, int(tries), 'r:' .. id, int(prio))
if delay > 0 then
  redis.call('ZADD', q.delayed, int(now_ms() + delay), id)
else
  enqueue(q, id, prio)
end
return 1
