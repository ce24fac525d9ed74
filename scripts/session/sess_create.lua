#!lua
-- @name sess_create
-- @purpose Start a session; beyond the cap of a user, end others or refuse.
-- @key idx (zset) the user's index
-- @key sess (hash) the session; its key must be made from the sid, which the client draws at random
-- @arg sid (string) the session's id
-- @arg idle (ms) time without use after which it ends
-- @arg abs (ms) time after which it ends in any case
-- @arg max (count) sessions the user may have, 1 to 1000; 0 = any number
-- @arg policy (oldest|lru|reject) whom the cap ends: the oldest; the one that expires first; nobody
-- @arg [fields...] (string) field and value, up to 1000 of each; names that start with _ are reserved
-- @reply array: 1, version, expires_at (ms since 1970), then the ids of sessions ended; 0, LIMIT when the cap refuses;
-- @reply 0, EXISTS when the sid is taken (a repeated call that was served before gets its first answer again)
-- @complexity O(log N + fields) with N sessions of the user, O(N) under policy oldest
-- @flags none
-- @since 0.1.0
-- @example FCALL sess_create 2 sess:{u7}:idx sess:{u7}:9c1f 9c1f 1800000 86400000 5 oldest name Ann
-- include: session/shared/session.lua

local idx, sess, sid = KEYS[1], KEYS[2], ARGV[1]
local idle, abs = whole(ARGV[2], 1, MAX_MS), whole(ARGV[3], 1, MAX_MS)
local max, policy = whole(ARGV[4], 0, MAX_BATCH), ARGV[5]
local bad = needs_keys(KEYS, 2, 2, 'idx sess') or needs_text(sid, 'sid') or needs_ms(idle, 'idle') or needs_ms(abs, 'abs')
  or needs(max, 'max must be a whole number from 0 to 1000')
  or needs(policy == 'oldest' or policy == 'lru' or policy == 'reject', 'policy must be oldest, lru or reject')
  or needs(#ARGV % 2 == 1 and #ARGV <= 5 + 2 * MAX_BATCH, 'fields: up to 1000 of field value')
  or needs_fields(ARGV, 6, #ARGV, 2)
if bad then return bad end

local now = now_ms()
local there = open_session(sess, idx, now)
if there and there.version == 1 and sid_of(there.member) == sid then
  return {1, 1, there.expires}
elseif redis.call('EXISTS', sess) == 1 then
  return {0, 'EXISTS'}
end
local reply = {1, 1, 0}
local live = redis.call('ZCOUNT', idx, '(' .. int(now), '+inf')
if max > 0 and live >= max then
  if policy == 'reject' then
    return {0, 'LIMIT'}
  end
  local victims = redis.call('ZRANGEBYSCORE', idx, '(' .. int(now), '+inf', 'LIMIT', 0, MAX_BATCH)
  if policy == 'oldest' then
    table.sort(victims) -- a member starts with the time the session was created
  end
  for i = 1, math.min(live - max + 1, #victims) do
    redis.call('ZREM', idx, victims[i])
    reply[i + 3] = sid_of(victims[i])
  end
end
prune_index(idx, now)
local s = {idle = idle, deadline = now + abs, member = index_member(now, sid)}
redis.call('HSET', sess, '_c', int(now), '_a', int(s.deadline), '_i', int(idle), '_v', 1, '_m', s.member, unpack(ARGV, 6))
reply[3] = touch_session(sess, idx, s, now)
return reply
