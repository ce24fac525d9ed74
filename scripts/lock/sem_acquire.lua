#!lua
-- @name sem_acquire
-- @purpose Take a permit of a counting semaphore; each permit has its own deadline, and the same id is one permit.
-- @key holders (zset) holder to deadline
-- @key [weights] (hash) needed for weights other than 1; then every call must name it
-- @arg id (string) names the holder; the same id again renews, never shortens, and keeps its weight
-- @arg max (count) permits there are, 1 to 1000000
-- @arg weight (count) permits to take, 1 to 1000000; 0 looks without taking
-- @arg lease (ms) time until the permit frees itself
-- @reply array: 1, in use, max when held (or when looking and one is free); 0, in use, next_free (ms until the
-- @reply same call succeeds if nobody renews or comes first, -1 = weight is more than max)
-- @complexity O(log N) with N holders; with weights O(N) for next_free
-- @flags none
-- @since 0.1.0
-- @example FCALL sem_acquire 1 sem:{db} w1 5 1 10000
-- include: shared/args.lua shared/clock.lua lock/shared/holders.lua

local holders, weights, id, max = KEYS[1], KEYS[2], ARGV[1], whole(ARGV[2], 1, 1000000)
local weight, lease = whole(ARGV[3], 0, 1000000), whole(ARGV[4], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 2, 'holders [weights]') or needs_text(id, 'id')
  or needs(max, 'max must be a whole number from 1 to 1000000')
  or needs(weight, 'weight must be a whole number from 0 to 1000000') or needs_ms(lease, 'lease')
  or needs(weights or weight <= 1, 'weights other than 1 need the key weights')
if bad then return bad end

local now = now_ms()
local used, gone = count_permits(holders, weights, now)
local deadline = tonumber(redis.call('ZSCORE', holders, id) or 0)
if deadline > now then
  if weight > 0 then
    drop_permits(holders, weights, gone, used)
    add_permit(holders, weights, id, weights and redis.call('HGET', weights, id) or 1, now, lease, used)
  end
  return {1, used, max}
end
if used + math.max(weight, 1) > max then
  if weight > max then
    return {0, used, -1}
  end
  return {0, used, permits_free_in(holders, weights, now, used + math.max(weight, 1) - max)}
end
if weight > 0 then
  drop_permits(holders, weights, gone, used)
  used = used + weight
  add_permit(holders, weights, id, weight, now, lease, used)
end
return {1, used, max}
