#!lua flags=no-writes
-- @name cache_get_xfetch
-- @purpose Read an entry; a few callers are told to load it anew before it is stale, the more so the longer that takes.
-- @key entry (hash) the entry
-- @arg beta (number) 1 is right as a rule; more refreshes earlier; 0 never early
-- @arg [random] (number) above 0, up to 1: used in place of a random number
-- @reply array: value or nil, ms until stale (0 = stale or missing), refresh (1 = load it anew), version
-- @complexity O(1)
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO cache_get_xfetch 1 cache:{p17} 1.0
-- include: cache/shared/entry.lua

local beta, random = tonumber(ARGV[1]), tonumber(ARGV[2])
local bad = needs_keys(KEYS, 1, 1, 'entry') or needs(beta and beta >= 0 and beta <= 1000, 'beta must be a number from 0 to 1000')
  or needs(not ARGV[2] or (random and random > 0 and random <= 1), 'random must be a number above 0 and up to 1')
if bad then return bad end

local e = redis.call('HMGET', KEYS[1], 'v', 'g', 'f', 'd', 'n')
local now, fresh = now_ms(), tonumber(e[3]) or 0
local left = math.max(0, fresh - now)
if left == 0 or not (e[1] or e[5] == '1') then
  return {e[1], 0, 1, tonumber(e[2]) or 0}
end
local early = -(tonumber(e[4]) or 0) * beta * math.log(random or 1 - math.random())
return {e[1], left, now + early >= fresh and 1 or 0, tonumber(e[2]) or 0}
