#!lua
-- @name bloom_add
-- @purpose Tell which ids came before within a time, and remember them, in constant space; a few new ids seem known.
-- @key current (string) bits of the ids that came lately
-- @key previous (string) bits of those before
-- @arg bits (count) bits of each filter, 8 to 134217728 (16 MB), always the same: 10 for each id that comes within twice ttl
-- @arg hashes (count) bits set for an id, 1 to 20, always the same: with 7 (and 10 bits an id) one new id in 100 seems known
-- @arg ttl (ms) how long an id is remembered, from the first time; at most twice as long
-- @arg ids... (string) 1 or more; ids times hashes at most 1000
-- @reply array of integers, for each id: 1 new, 0 known (and nothing is written for it)
-- @complexity O(n) with n ids times hashes
-- @flags none
-- @since 0.1.0
-- @example FCALL bloom_add 2 seen:{clicks}:a seen:{clicks}:b 100000 7 3600000 click-1 click-2
-- include: util/shared/bloom.lua

local current, previous, ttl = KEYS[1], KEYS[2], whole(ARGV[3], 1, MAX_MS / 2)
local f, bad = parse_filter(ARGV, 4)
bad = needs_keys(KEYS, 2, 2, 'current previous') or needs(current ~= previous, 'current and previous must differ')
  or needs(ttl, 'ttl must be a whole number of milliseconds from 1 to 157680000000') or bad
if bad then return bad end

local old, new, reply = redis.call('STRLEN', previous) > 0, {}, {} -- STRLEN fails on keys of another type, before anything is written
local there = redis.call('STRLEN', current) > 0
local turn = there and redis.call('PTTL', current) <= ttl -- the current filter becomes the previous one
local seen = {}
for i = 4, #ARGV do
  local id = ARGV[i]
  local list = not seen[id] and places(f, id)
  if not list or there and has(current, list) or old and has(previous, list) then
    reply[i - 3] = 0
  else
    reply[i - 3] = 1
    new[#new + 1] = list
  end
  seen[id] = true
end
if #new == 0 then
  return reply
end
if turn then
  redis.call('RENAME', current, previous)
end
for i = 1, #new do
  local cmd = {'BITFIELD', current}
  for k = 1, f.hashes do
    local at = 4 * k - 1
    cmd[at], cmd[at + 1], cmd[at + 2], cmd[at + 3] = 'SET', 'u1', new[i][k], 1
  end
  redis.call(unpack(cmd))
end
if turn or not there then
  redis.call('PEXPIRE', current, int(2 * ttl))
end
return reply
