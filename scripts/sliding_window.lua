#!lua
-- @name sliding_window
-- @purpose Limit calls to so many in any window of time, exactly: every admitted call is logged with its time.
-- @key log (zset) one limiter's log; expires by itself when the last call has left the window
-- @arg limit (count) calls admitted in any window, 1 to 10000: the log holds one entry each
-- @arg window (ms) length of the window, 1 to 100000000000
-- @arg [cost] (count) how many calls this one counts for, default 1; 0 looks without counting
-- @reply array of 5 integers: limited (1 = denied), limit, remaining (count), retry_after (ms until the same call is
-- @reply admitted if nobody else calls; -1 when admitted, or when cost is over limit and never can be),
-- @reply reset_after (ms until the log is empty)
-- @complexity O(log N + cost) with N calls in the log, plus O(M) for the M calls that have left the window
-- @flags none
-- @since 0.1.0
-- @example EVALSHA <sha> 1 limit:{user:7} 100 60000

local key = KEYS[1]
local limit, window, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3] or 1)
if not key then
  return redis.error_reply('BADARG sliding_window takes the key log')
end
if not limit or limit < 1 or limit > 10000 or limit % 1 ~= 0 then
  return redis.error_reply('BADARG limit must be an integer from 1 to 10000')
end
if not window or window < 1 or window > 100000000000 or window % 1 ~= 0 then
  return redis.error_reply('BADARG window must be an integer of milliseconds from 1 to 100000000000')
end
if not cost or cost < 0 or cost > 9007199254740992 or cost % 1 ~= 0 then
  return redis.error_reply('BADARG cost must be an integer from 0 to 9007199254740992')
end

-- All times below are microseconds of the server's clock: 16 digits, exact in a double.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
window = window * 1000

-- An entry's member is its score, so that reading members is enough. A call of the window before last is not counted.
local used = redis.call('ZCOUNT', key, string.format('(%.0f', now - window), '+inf')
local newest = tonumber(redis.call('ZRANGE', key, -1, -1)[1])

if used + cost > limit then
  -- Denied: nothing is written. The call fits when the (limit - cost + 1)-th newest entry leaves the window.
  local retry = -1
  if cost <= limit then
    local blocking = tonumber(redis.call('ZRANGE', key, cost - limit - 1, cost - limit - 1)[1])
    retry = math.ceil((blocking + window - now) / 1000)
  end
  local reset = used > 0 and math.ceil((newest + window - now) / 1000) or 0
  return {1, limit, math.max(0, limit - used), retry, reset}
end

if cost > 0 then
  redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - window))
  -- Two calls in one microsecond are two calls, and a clock that was set back must not reorder the log.
  local at = now
  if newest and newest >= at then at = newest + 1 end
  if cost == 1 then
    newest = at
    at = string.format('%.0f', at)
    redis.call('ZADD', key, at, at)
  else
    newest = at + cost - 1
    while at <= newest do
      -- unpack takes at most some 8000 values.
      local entries = {}
      for t = at, math.min(at + 999, newest) do
        local s = string.format('%.0f', t)
        entries[#entries + 1] = s
        entries[#entries + 1] = s
      end
      redis.call('ZADD', key, unpack(entries))
      at = at + 1000
    end
  end
  -- Expiry counts from the whole millisecond before now: one more, or the key is gone before its last entry.
  redis.call('PEXPIRE', key, math.ceil((newest + window - now) / 1000) + 1)
  used = used + cost
end

local reset = used > 0 and math.ceil((newest + window - now) / 1000) or 0
return {0, limit, limit - used, -1, reset}
