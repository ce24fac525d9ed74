#!lua
-- @name id_snowflake
-- @purpose Draw ids that grow with time: 41 bits of ms since 2020, 10 bits of node, 12 bits of sequence.
-- @key state (hash) the last moment and sequence, kept for a day so that a clock that steps back does no harm
-- @arg node (count) which key this is, 0 to 1023: ids of different keys differ only by it
-- @arg n (count) how many ids, 1 to 1000
-- @reply array of strings: the ids, ascending (they are larger than 2^53)
-- @complexity O(n)
-- @flags none
-- @since 0.1.0
-- @example FCALL id_snowflake 1 id:{orders} 1 2
-- include: shared/args.lua shared/clock.lua

local node, n = whole(ARGV[1], 0, 1023), whole(ARGV[2], 1, MAX_BATCH)
local bad = needs_keys(KEYS, 1, 1, 'state') or needs(node, 'node must be a whole number from 0 to 1023')
  or needs(n, 'n must be a whole number from 1 to 1000')
if bad then return bad end

local last = redis.call('HMGET', KEYS[1], 't', 's')
local now = now_ms() - 1577836800000 -- 2020-01-01
local t, seq = tonumber(last[1]) or 0, tonumber(last[2]) or -1
if now > t then
  t, seq = now, -1
end
local ids = {}
for i = 1, n do
  seq = seq + 1
  if seq == 4096 then
    t, seq = t + 1, 0 -- borrowed from the next millisecond
  end
  -- t * 2^22 + node * 2^12 + seq in two halves, as a double does not hold it.
  local high = math.floor(t / 1000000) * 4194304
  local low = (t % 1000000) * 4194304 + node * 4096 + seq
  high = high + math.floor(low / 1000000)
  ids[i] = high > 0 and string.format('%.0f%06.0f', high, low % 1000000) or int(low)
end
redis.call('HSET', KEYS[1], 't', int(t), 's', int(seq))
redis.call('PEXPIRE', KEYS[1], int(math.max(0, t - now) + 86400000))
return ids
