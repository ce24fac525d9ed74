#!lua
-- @name once
-- @purpose Run something at most once in a time (leading), or only after a time without calls (quiet).
-- @key mark (string) set while the thing must not run
-- @arg ttl (ms) the time
-- @arg [edge] (leading|quiet) leading (default): those within ttl of a call that ran skip; quiet: every call starts ttl anew
-- @reply array of 2 integers: 1 run or 0 skip, wait (ms until a call may run if there is none before)
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL once 1 once:{report} 60000 leading
-- include: shared/args.lua

local mark, ttl, edge = KEYS[1], whole(ARGV[1], 1, MAX_MS), ARGV[2] or 'leading'
local bad = needs_keys(KEYS, 1, 1, 'mark') or needs_ms(ttl, 'ttl')
  or needs(edge == 'leading' or edge == 'quiet', 'edge must be leading or quiet')
if bad then return bad end

local busy = redis.call('GET', mark)
if busy and edge == 'leading' then
  return {0, redis.call('PTTL', mark) + 1}
end
redis.call('SET', mark, 1, 'PX', int(ttl))
return busy and {0, ttl + 1} or {1, 0}
