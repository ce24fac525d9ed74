#!lua flags=allow-oom
-- @name lock_release_many
-- @purpose Release every one of several mutexes that the caller still owns.
-- @key locks... (string) 1 to 1000 locks, each named once
-- @arg token (string) the token they were taken with
-- @reply array: how many were released, index of the first that was not the caller's (from 1; 0 = all were)
-- @complexity O(n) with n locks
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL lock_release_many 2 lock:{acc}:1 lock:{acc}:2 5f0c1e
-- include: shared/args.lua lock/shared/mutex.lua

local token = ARGV[1]
local bad = needs_keys(KEYS, 1, MAX_BATCH, '1 to 1000 locks') or needs(distinct(KEYS), 'a lock is named twice')
  or needs_text(token, 'token')
if bad then return bad end

local mine, lost = {}, 0
for i = 1, #KEYS do
  if redis.call('GET', KEYS[i]) == token then
    mine[#mine + 1] = KEYS[i]
  elseif lost == 0 then
    lost = i
  end
end
if #mine > 0 then
  redis.call('DEL', unpack(mine))
end
return {#mine, lost}
