#!lua
-- @name leader_campaign
-- @purpose Become or stay leader; every change of leader starts a new epoch, which serves as a fence.
-- @key leader (hash) id, epoch and metadata of the leader
-- @key epoch (string) counter of terms, no TTL: it must never go back
-- @arg id (string) names the candidate; the leader's own id renews, never shortens
-- @arg ttl (ms) time until the leadership ends by itself
-- @arg [meta] (string) what others should know of the leader, such as its address
-- @reply array: is_leader (1 or 0), epoch, leader's id, ttl (ms), leader's meta
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL leader_campaign 2 leader:{cron} epoch:{cron} node-1 10000 10.0.0.1:80
-- include: shared/args.lua lock/shared/mutex.lua

local leader, epoch, id, ttl, meta = KEYS[1], KEYS[2], ARGV[1], whole(ARGV[2], 1, MAX_MS), ARGV[3]
local bad = needs_keys(KEYS, 2, 2, 'leader epoch') or needs_text(id, 'id') or needs_ms(ttl, 'ttl')
if bad then return bad end

local state = redis.call('HMGET', leader, 'id', 'epoch', 'meta')
if state[1] and state[1] ~= id then
  return {0, tonumber(state[2]), state[1], redis.call('PTTL', leader), state[3]}
end
if state[1] then
  redis.call('HSET', leader, 'meta', meta or state[3])
  return {1, tonumber(state[2]), id, lengthen(leader, ttl), meta or state[3]}
end
local term = redis.call('INCR', epoch)
redis.call('HSET', leader, 'id', id, 'epoch', int(term), 'meta', meta or '')
redis.call('PEXPIRE', leader, int(ttl))
return {1, term, id, ttl, meta or ''}
