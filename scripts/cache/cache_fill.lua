#!lua
-- @name cache_fill
-- @purpose Store a loaded value, if the caller still has the lease: an invalidation in between took it away.
-- @key entry (hash) the entry
-- @key [channel] (channel) waiters listen here; the message is the version
-- @arg owner (string) as in cache_get_or_lease
-- @arg value (string) the value
-- @arg ttl (ms) time the value is fresh
-- @arg stale (ms) time after that during which it may be served while it is loaded anew
-- @arg negative (0|1) 1: there is no such thing; value is ignored
-- @arg delta (ms) how long the value took to make, for cache_get_xfetch; 0 = not known
-- @reply array: 1, version; 0, present version when the lease was lost
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_fill 1 cache:{p17} load-1 value 60000 30000 0 120
-- include: cache/shared/entry.lua lock/shared/mutex.lua

local owner, value, ttl, stale = ARGV[1], ARGV[2], whole(ARGV[3], 1, MAX_MS), whole(ARGV[4], 0, MAX_MS)
local negative, delta = whole(ARGV[5], 0, 1), whole(ARGV[6], 0, MAX_MS)
local bad = needs_keys(KEYS, 1, 2, 'entry [channel]') or needs_text(owner, 'owner') or needs(value, 'value is missing')
  or needs_ms(ttl, 'ttl') or needs_stale(stale) or needs(negative, 'negative must be 0 or 1') or needs_delta(delta)
if bad then return bad end

local reply = fill(KEYS[1], read_filler(KEYS[1]), owner, value, ttl, stale, negative, delta, now_us())
if reply[1] == 1 then
  wake(KEYS[2], int(reply[2]))
end
return reply
