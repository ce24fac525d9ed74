#!lua
-- @name cache_mget_or_lease
-- @purpose Read several entries as cache_get_or_lease does, each with a lease of its own.
-- @key entries... (hash) 1 to 1000 entries
-- @arg owner (string) names the caller: random, new for every load
-- @arg lease (ms) time the caller may take to fill
-- @reply array of arrays: state, value or nil, lease, wait (ms), version of each entry
-- @complexity O(n) with n entries
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_mget_or_lease 2 cache:{cat}:1 cache:{cat}:2 load-1 5000
-- include: cache/shared/entry.lua

local owner, lease = ARGV[1], whole(ARGV[2], 1, MAX_MS)
local bad = needs_keys(KEYS, 1, MAX_BATCH, '1 to 1000 entries') or needs_text(owner, 'owner') or needs_ms(lease, 'lease')
if bad then return bad end

local entries = {}
for i = 1, #KEYS do -- all, before anything is written
  entries[i] = read_lease(KEYS[i])
end
local now, reply = now_ms(), {}
for i = 1, #KEYS do
  reply[i] = open_lease(KEYS[i], entries[i], owner, lease, now)
end
return reply
