#!lua flags=no-writes
-- @name latch_wait
-- @purpose Ask how many a latch or a barrier still waits for, and how long to wait before asking again.
-- @key latch (hash) participants that have come, and how many are expected
-- @reply array: how many are still expected (0 = open, -1 = there is none), ms until it goes by itself
-- @complexity O(1)
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO latch_wait 1 latch:{import}
-- include: lock/shared/latch_count.lua

local bad = needs_keys(KEYS, 1, 1, 'latch')
if bad then return bad end
local left = arrivals(KEYS[1])
return {left or -1, left and redis.call('PTTL', KEYS[1]) or 0}
