#!lua flags=allow-oom
-- @name idem_abort
-- @purpose Give up a request that had no effect: it may be tried again at once.
-- @key record (hash) as in idem_begin
-- @arg token (string) as in idem_begin
-- @reply integer: 1 given up, 0 the attempt is not the one that runs
-- @complexity O(1)
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL idem_abort 1 idem:{order-5} try-1
-- include: shared/args.lua

local record, token = KEYS[1], ARGV[1]
local bad = needs_keys(KEYS, 1, 1, 'record') or needs_text(token, 'token')
if bad then return bad end

local r = redis.call('HMGET', record, 'state', 'token')
if r[1] ~= 'started' or r[2] ~= token then
  return 0
end
redis.call('DEL', record)
return 1
