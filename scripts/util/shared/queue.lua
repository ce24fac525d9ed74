-- A queue of five keys: ready (job to priority and sequence), delayed (job to the moment it is due), leased (job to the
-- end of its lease), body (a hash: "p:id" payload, "t:id" tries made, "m:id" most tries, "r:id" priority, "seq"), dead
-- (job to the moment it failed for good). A job is in exactly one of the four sorted sets.
-- include: shared/args.lua shared/clock.lua

local QUEUE = 'ready delayed leased body dead'
local MAX_DEAD = 1000 -- dead jobs kept for inspection

local function open_queue(keys)
  return {ready = keys[1], delayed = keys[2], leased = keys[3], body = keys[4], dead = keys[5]}
end

-- A function reads every key that it may write to before it writes: reading fails on a key of another type.

-- enqueue puts a job last among those of its priority (0 comes first).
local function enqueue(q, id, prio)
  local seq = redis.call('HINCRBY', q.body, 'seq', 1)
  redis.call('ZADD', q.ready, int(prio * 17592186044416 + seq), id) -- 2^44 jobs of each of 256 priorities
end

local function forget(q, id)
  redis.call('HDEL', q.body, 'p:' .. id, 't:' .. id, 'm:' .. id, 'r:' .. id)
end

-- tries reads a job's tries made, most tries and priority.
local function tries(q, id)
  local b = redis.call('HMGET', q.body, 't:' .. id, 'm:' .. id, 'r:' .. id)
  return {made = tonumber(b[1]) or 0, most = tonumber(b[2]) or 0, prio = tonumber(b[3]) or 0}
end

-- retry ends a lease: the job is due again after delay, or dead when it has no tries left. Returns 1 if it is dead.
local function retry(q, id, job, delay, now)
  redis.call('ZREM', q.leased, id)
  if job.made >= job.most then
    redis.call('ZADD', q.dead, int(now), id)
    local over = redis.call('ZRANGE', q.dead, 0, -MAX_DEAD - 1)
    if over[1] then
      redis.call('ZREM', q.dead, over[1])
      forget(q, over[1])
    end
    return 1
  elseif delay > 0 then
    redis.call('ZADD', q.delayed, int(now + delay), id)
  else
    enqueue(q, id, job.prio)
  end
  return 0
end

-- holds says whether the caller's try is the one that has the lease: a worker that was too slow has not.
local function holds(q, id, try)
  return redis.call('ZSCORE', q.leased, id) and tonumber(redis.call('HGET', q.body, 't:' .. id)) == try
end

local function needs_try(n)
  return needs(n, 'try must be the number queue_claim returned')
end
