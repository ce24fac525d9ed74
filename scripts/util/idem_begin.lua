#!lua
-- @name idem_begin
-- @purpose Begin a request that must take effect once; a repeated request learns how the first one went.
-- @key record (hash) named after the request's idempotency key
-- @arg token (string) names this attempt: random
-- @arg fingerprint (string) digest of method, path and body: the same key with another request is a mistake
-- @arg lock (ms) time the attempt may take
-- @reply array: state, retry (ms), status, body. States: started (go ahead); in_flight (another attempt runs; ask again
-- @reply after retry); done (status and body are its answer); mismatch (the key belongs to another request)
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL idem_begin 1 idem:{order-5} try-1 ab12 30000
-- include: shared/args.lua

local record, token, print, lock = KEYS[1], ARGV[1], ARGV[2], whole(ARGV[3], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'record') or needs_text(token, 'token') or needs(print, 'fingerprint is missing')
  or needs_ms(lock, 'lock')
if bad then return bad end

local r = redis.call('HMGET', record, 'state', 'token', 'print', 'status', 'body')
if not r[1] then
  redis.call('HSET', record, 'state', 'started', 'token', token, 'print', print)
  redis.call('PEXPIRE', record, int(lock))
  return {'started', 0, '', ''}
elseif r[3] ~= print then
  return {'mismatch', 0, '', ''}
elseif r[1] == 'done' then
  return {'done', 0, r[4], r[5]}
elseif r[2] == token then
  return {'started', 0, '', ''}
end
return {'in_flight', redis.call('PTTL', record) + 1, '', ''}
