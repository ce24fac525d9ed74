#!lua
-- @name fence_check
-- @purpose Protect a resource: accept a fence only if no higher one was seen before.
-- @key mark (string) highest fence seen, no TTL: it must never go back
-- @arg fence (integer) the fence the caller got with its lock, 1 to 2^53-1
-- @reply array: 1 accepted or 0 stale, highest fence seen
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL fence_check 1 mark:{report} 34
-- include: shared/args.lua lock/shared/fence.lua

local fence = whole(ARGV[1], 1, MAX_INT)
local bad = needs_keys(KEYS, 1, 1, 'mark') or needs(fence, 'fence must be a whole number from 1 to 2^53-1')
if bad then return bad end

return pass_fence(KEYS[1], fence)
