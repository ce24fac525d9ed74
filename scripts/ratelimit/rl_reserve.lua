#!lua
-- @name rl_reserve
-- @purpose Take an estimate from a token bucket and hold it until the real use is known (rl_settle, rl_cancel).
-- @key bucket (hash) the bucket, as of rl_token_bucket
-- @key holds (zset) hold to deadline
-- @key costs (hash) hold to tokens
-- @arg id (string) names the hold; the same id again takes nothing more
-- @arg estimate (count) tokens to take; 0 looks without taking
-- @arg capacity (count) tokens the full bucket holds
-- @arg refill (count) tokens added every interval
-- @arg interval (ms) time between refills
-- @arg hold (ms) time until an unsettled hold goes back to the bucket
-- @reply array of 5 integers: limited (1 = denied), limit, remaining, retry_after (ms), reset_after (ms)
-- @complexity O(log N) with N holds
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_reserve 3 llm:{org} llm:{org}:holds llm:{org}:costs call-1 1500 100000 1000 600 60000
-- include: shared/clock.lua ratelimit/shared/reserve.lua

local bucket, holds, costs, id, cost = KEYS[1], KEYS[2], KEYS[3], ARGV[1], whole(ARGV[2], 0, MAX_LIMIT)
local hold, p = whole(ARGV[6], 1, MAX_MS), nil
local bad = needs_keys(KEYS, 3, 3, 'bucket holds costs') or needs_text(id, 'id') or needs_cost(cost)
  or needs_ms(hold, 'hold')
if not bad then p, bad = token_bucket.parse(ARGV[3], ARGV[4], ARGV[5]) end
if bad then return bad end

local now, capacity = now_ms(), p[1]
local tokens, at = bucket_state(bucket, p, now)
local due, back = due_holds(holds, costs, now)
local deadline = tonumber(redis.call('ZSCORE', holds, id) or 0)
redis.call('HLEN', costs) -- fails on a key of another type, before anything is written
tokens = math.min(capacity, tokens + back)
if deadline > now then
  cost = 0
end
if tokens < cost then
  local retry = cost > capacity and -1 or tokens_due(holds, costs, p, tokens, at, cost, now) - now
  return limit_reply(capacity, tokens, retry, bucket_until(p, tokens, at, capacity, now) - now)
end
if cost > 0 then
  tokens = tokens - cost
  drop_holds(holds, costs, due)
  bucket_store(bucket, p, tokens, at, now)
  redis.call('ZADD', holds, int(now + hold), id)
  redis.call('HSET', costs, id, int(cost))
  keep_holds(KEYS, p, tokens, at, now, now + hold)
end
return limit_reply(capacity, tokens, nil, bucket_until(p, tokens, at, capacity, now) - now)
