#!lua
-- @name fairlock_acquire
-- @purpose Take a lock in the order of first asking; call again within the heartbeat to keep the place.
-- @key lock (string) fence and id of the holder
-- @key queue (zset) waiter to ticket
-- @key alive (zset) waiter to the end of its heartbeat
-- @key seq (string) source of tickets and fences, no TTL: it must never go back
-- @arg id (string) names the owner; the holder's id renews the lock
-- @arg ttl (ms) time until the lock frees itself
-- @arg heartbeat (ms) how long the place is kept without another call; 0 tries without queueing
-- @reply array: 1, fence held; 0, position (from 1, 0 = not queued), retry (ms)
-- @complexity O(log N) with N waiters
-- @flags none
-- @since 0.1.0
-- @example FCALL fairlock_acquire 4 fair:{gpu} fair:{gpu}:q fair:{gpu}:a fair:{gpu}:s w1 10000 3000
-- include: shared/args.lua shared/clock.lua shared/expiry.lua lock/shared/mutex.lua lock/shared/fairlock.lua

local lock, queue, alive, seq, id = KEYS[1], KEYS[2], KEYS[3], KEYS[4], ARGV[1]
local ttl, heartbeat = whole(ARGV[2], 1, MAX_MS), whole(ARGV[3], 0, MAX_MS)
local bad = needs_keys(KEYS, 4, 4, 'lock queue alive seq') or needs_text(id, 'id') or needs_ms(ttl, 'ttl')
  or needs(heartbeat, 'heartbeat must be a whole number of milliseconds from 0 to 315360000000')
if bad then return bad end

local now = now_ms()
local owner, fence = holder(lock)
local queued = redis.call('ZSCORE', queue, id)
local beat = redis.call('ZSCORE', alive, id)
if owner == id then
  lengthen(lock, ttl)
  return {1, fence}
end
if not owner then
  -- The first living waiter has the next turn.
  local first = redis.call('ZRANGEBYSCORE', alive, '(' .. int(now), '+inf', 'LIMIT', 0, 1)
  local mine = #first == 0
  if not mine and queued and tonumber(beat) > now then
    local head = redis.call('ZRANGE', queue, 0, 100)
    for i = 1, #head do
      local until_ms = redis.call('ZSCORE', alive, head[i])
      if head[i] == id then
        mine = true
        break
      elseif until_ms and tonumber(until_ms) > now then
        break
      end
    end
  end
  if mine then
    fence = redis.call('INCR', seq)
    drop_dead(queue, alive, now)
    redis.call('ZREM', queue, id)
    redis.call('ZREM', alive, id)
    redis.call('SET', lock, int(fence) .. ':' .. id, 'PX', int(ttl))
    return {1, fence}
  end
end
local left = owner and redis.call('PTTL', lock) + 1 or 1
if heartbeat == 0 then
  return {0, 0, math.max(1, left)}
end
if not queued or tonumber(beat or 0) <= now then
  local ticket = redis.call('INCR', seq)
  drop_dead(queue, alive, now)
  redis.call('ZADD', queue, int(ticket), id)
else
  drop_dead(queue, alive, now)
end
redis.call('ZADD', alive, int(now + heartbeat), id)
local position = redis.call('ZRANK', queue, id) + 1 -- before the expiry is set: a moment that has passed deletes the key
outlive(alive, now + heartbeat)
outlive(queue, now + heartbeat)
if not owner then -- then the head's heartbeat bounds the wait
  left = heartbeat
end
return {0, position, math.max(1, math.min(left, math.ceil(heartbeat / 3)))}
