#!lua
-- @name cache_get_or_lease
-- @purpose Read an entry; if it is missing or stale, one caller gets the lease to fill it and the others do not.
-- @key entry (hash) the entry
-- @arg owner (string) names the caller: random, new for every load
-- @arg lease (ms) time the caller may take to fill
-- @reply array: state, value or nil, lease (1 = load the value and call cache_fill), wait (ms until the present lease
-- @reply runs out, 0 = none), version. States: hit; stale (a value past its time: use it); miss; wait (nothing yet,
-- @reply another is loading); negative (it is known that there is nothing)
-- @complexity O(1)
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_get_or_lease 1 cache:{p17} load-1 5000
-- include: cache/shared/entry.lua

local owner, lease = ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, 1, 'entry') or needs_text(owner, 'owner') or needs_ms(lease, 'lease')
if bad then return bad end

return open_lease(KEYS[1], owner, lease, now_ms())
