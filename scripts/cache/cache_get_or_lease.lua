#!lua
-- @name cache_get_or_lease
-- @purpose Read an entry; if it is missing or stale, one caller gets the lease to fill it and the others do not.
-- @key entry (hash) the entry
-- @key [stats] (hash) how often each state was found, for cache_stats; kept for a week after the last count
-- @arg owner (string) names the caller: random, new for every load
-- @arg lease (ms) time the caller may take to fill
-- @arg [sample] (count) with stats: one call in so many, drawn at random, is counted, as so many; 1 (default) to 1000000
-- @reply array: state, value or nil, lease (1 = load the value and call cache_fill), wait (ms until the present lease
-- @reply runs out, 0 = none), version. States: hit; stale (a value past its time: use it); miss; wait (nothing yet,
-- @reply another is loading); negative (it is known that there is nothing)
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_get_or_lease 1 cache:{p17} load-1 5000
-- include: cache/shared/entry.lua

local entry, stats, owner = KEYS[1], KEYS[2], ARGV[1]
local lease, sample = whole(ARGV[2], 1, MAX_MS), whole(ARGV[3] or 1, 1, 1000000)
local bad = needs_keys(KEYS, 1, 2, 'entry [stats]') or needs_text(owner, 'owner') or needs_ms(lease, 'lease')
  or needs(sample, 'sample must be a whole number from 1 to 1000000')
if bad then return bad end

if not stats then
  return open_lease(entry, read_lease(entry), owner, lease, now_ms())
end
redis.call('HLEN', stats) -- fails on a key of another type, before anything is written
local reply = open_lease(entry, read_lease(entry), owner, lease, now_ms())
if sample == 1 or math.random(sample) == 1 then
  redis.call('HINCRBY', stats, reply[1], int(sample))
  redis.call('PEXPIRE', stats, 604800000)
end
return reply
