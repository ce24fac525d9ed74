#!lua
-- @name queue_claim
-- @purpose Take jobs to run: those whose time has come join the queue first, then the first n are leased.
-- @key ready (zset) jobs to run, no TTL
-- @key delayed (zset) jobs to run later, no TTL
-- @key leased (zset) jobs being run, no TTL
-- @key body (hash) payloads, no TTL
-- @key dead (zset) jobs that failed for good, no TTL
-- @arg n (count) how many, 1 to 100
-- @arg lease (ms) time until another may have them
-- @reply array: id, payload, try (which try this is; the other calls want it) of each
-- @complexity O(n log N) with N jobs
-- @flags none
-- @since 0.1.0
-- @example FCALL queue_claim 5 q:{mail}:r q:{mail}:d q:{mail}:l q:{mail}:b q:{mail}:x 10 30000
-- include: util/shared/queue.lua

local n, lease = whole(ARGV[1], 1, 100), whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 5, 5, QUEUE) or needs(n, 'n must be a whole number from 1 to 100') or needs_ms(lease, 'lease')
if bad then return bad end

local q, now = open_queue(KEYS), now_ms()
local due = redis.call('ZRANGEBYSCORE', q.delayed, '-inf', int(now), 'LIMIT', 0, 100)
redis.call('ZCARD', q.leased)
redis.call('HLEN', q.body)
if #due > 0 then
  redis.call('ZCARD', q.ready)
end
for i = 1, #due do
  redis.call('ZREM', q.delayed, due[i])
  enqueue(q, due[i], tonumber(redis.call('HGET', q.body, 'r:' .. due[i])) or 0)
end
local jobs, reply = redis.call('ZRANGE', q.ready, 0, int(n - 1)), {}
for i = 1, #jobs do
  local id = jobs[i]
  redis.call('ZREM', q.ready, id)
  redis.call('ZADD', q.leased, int(now + lease), id)
  local try = redis.call('HINCRBY', q.body, 't:' .. id, 1)
  reply[3 * i - 2], reply[3 * i - 1], reply[3 * i] = id, redis.call('HGET', q.body, 'p:' .. id), try
end
return reply
