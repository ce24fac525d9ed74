#!lua
-- @name idem_complete
-- @purpose Keep the answer of a request for those that repeat it.
-- @key record (hash) as in idem_begin
-- @arg token (string) as in idem_begin
-- @arg status (string) such as the HTTP status
-- @arg body (string) the answer
-- @arg ttl (ms) time the answer is kept
-- @reply integer: 1 kept (or kept before by the same attempt), 0 the attempt took too long and lost its turn
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL idem_complete 1 idem:{order-5} try-1 201 {} 86400000
-- include: shared/args.lua

local record, token, status, body, ttl = KEYS[1], ARGV[1], ARGV[2], ARGV[3], whole(ARGV[4], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'record') or needs_text(token, 'token') or needs(status and body, 'status and body are missing')
  or needs_ms(ttl, 'ttl')
if bad then return bad end

local r = redis.call('HMGET', record, 'state', 'token')
if r[2] ~= token then
  return 0
elseif r[1] == 'started' then
  redis.call('HSET', record, 'state', 'done', 'status', status, 'body', body)
  redis.call('PEXPIRE', record, int(ttl))
end
return 1
