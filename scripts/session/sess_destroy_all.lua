#!lua flags=allow-oom
-- @name sess_destroy_all
-- @purpose End all sessions of a user but one, up to 1000 in a call.
-- @key idx (zset) the user's index
-- @key [sessions...] (hash) sessions whose keys shall be deleted, too; the others are dead all the same, and expire
-- @arg keep (string) id of the session to keep, "" = none
-- @reply array: how many were ended, then their ids
-- @complexity O(N log N) with N sessions of the user
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL sess_destroy_all 2 sess:{u7}:idx sess:{u7}:9c1f ""
-- include: session/shared/session.lua

local idx, keep = KEYS[1], ARGV[1]
local bad = needs_keys(KEYS, 1, MAX_BATCH, 'idx [sessions...]') or needs(keep, 'keep is missing')
if bad then return bad end

local now = now_ms()
local live, members, sids, ended = redis.call('ZRANGEBYSCORE', idx, '(' .. int(now), '+inf', 'LIMIT', 0, MAX_BATCH + 1), {}, {}, {}
for i = 1, #live do
  local sid = sid_of(live[i])
  if sid ~= keep and #members < MAX_BATCH then
    members[#members + 1] = live[i]
    sids[#sids + 1] = sid
    ended[live[i]] = true
  end
end
local dead = {}
for i = 2, #KEYS do
  if ended[redis.call('HGET', KEYS[i], '_m')] then
    dead[#dead + 1] = KEYS[i]
  end
end
prune_index(idx, now)
if #members > 0 then
  redis.call('ZREM', idx, unpack(members))
end
if #dead > 0 then
  redis.call('DEL', unpack(dead))
end
return {#sids, unpack(sids)}
