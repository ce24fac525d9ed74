#!lua flags=allow-oom
-- @name lock_extend_many
-- @purpose Renew several mutexes, if the caller still owns them all.
-- @key locks... (string) 1 to 1000 locks, each named once
-- @arg token (string) the token they were taken with
-- @arg ttl (ms) new time to live; never shortens the present one
-- @reply array: 1, 0 all renewed; 0, index of the first lock that is not the caller's (from 1), and none was renewed
-- @complexity O(n) with n locks
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL lock_extend_many 2 lock:{acc}:1 lock:{acc}:2 5f0c1e 10000
-- include: shared/args.lua lock/shared/mutex.lua

local token, ttl = ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, MAX_BATCH, '1 to 1000 locks') or needs(distinct(KEYS), 'a lock is named twice')
  or needs_text(token, 'token') or needs_ms(ttl, 'ttl')
if bad then return bad end

for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) ~= token then
    return {0, i}
  end
end
for i = 1, #KEYS do
  lengthen(KEYS[i], ttl)
end
return {1, 0}
