#!lua
-- @name cache_mfill
-- @purpose Store several loaded values, each if the caller still has its lease; one that is lost does not stop the rest.
-- @key entries... (hash) 1 to 1000 entries
-- @arg owner (string) as in cache_mget_or_lease
-- @arg ttl (ms) time the values are fresh
-- @arg stale (ms) time after that during which they may be served while they are loaded anew
-- @arg delta (ms) how long they took to make, 0 = not known
-- @arg values... (string) two for each entry: value, negative (0 or 1)
-- @reply array of integers: version stored for each entry, 0 = its lease was lost
-- @complexity O(n) with n entries
-- @flags none
-- @since 0.1.0
-- @example FCALL cache_mfill 2 cache:{cat}:1 cache:{cat}:2 load-1 60000 0 0 one 0 two 0
-- include: cache/shared/entry.lua

local owner, ttl, stale, delta = ARGV[1], whole(ARGV[2], 1, MAX_MS), whole(ARGV[3], 0, MAX_MS), whole(ARGV[4], 0, MAX_MS)
local bad = needs_keys(KEYS, 1, MAX_BATCH, '1 to 1000 entries') or needs_text(owner, 'owner') or needs_ms(ttl, 'ttl')
  or needs_stale(stale) or needs_delta(delta) or needs(#ARGV == 4 + 2 * #KEYS, 'values: value negative of each entry')
if bad then return bad end
for i = 1, #KEYS do
  bad = needs(whole(ARGV[4 + 2 * i], 0, 1), 'negative must be 0 or 1')
  if bad then return bad end
end

local entries = {}
for i = 1, #KEYS do -- all, before anything is written
  entries[i] = read_filler(KEYS[i])
end
local now, reply = now_us(), {}
for i = 1, #KEYS do
  local done = fill(KEYS[i], entries[i], owner, ARGV[3 + 2 * i], ttl, stale, tonumber(ARGV[4 + 2 * i]), delta, now)
  reply[i] = done[1] == 1 and done[2] or 0
end
return reply
