#!lua flags=allow-oom
-- @name lock_release
-- @purpose Release a lock, but only if the caller still owns it (compare and delete).
-- @key lock (string) the lock, set by SET lock token NX PX ttl
-- @arg token (string) the token the lock was taken with: at least 128 random bits, made by the client
-- @reply integer: 1 released, 0 held by another owner, -1 absent (it expired or was released before)
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example EVALSHA <sha> 1 lock:{report} 5f0c1e...

local token = ARGV[1]
if not token or token == '' or not KEYS[1] then
  return redis.error_reply('BADARG lock_release takes the key lock and the argument token')
end

local owner = redis.call('GET', KEYS[1])
if owner == token then
  redis.call('DEL', KEYS[1])
  return 1
end
return owner and 0 or -1
