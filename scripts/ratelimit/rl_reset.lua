#!lua flags=allow-oom
-- @name rl_reset
-- @purpose Forget limits: the next call finds them fresh.
-- @key limits... (any) 1 to 1000 limits
-- @reply integer: how many there were
-- @complexity O(n) with n limits
-- @flags allow-oom
-- @since 0.1.0
-- @example FCALL rl_reset 1 rl:{user:7}
-- include: shared/args.lua

local bad = needs_keys(KEYS, 1, MAX_BATCH, '1 to 1000 limits')
if bad then return bad end
return redis.call('DEL', unpack(KEYS))
