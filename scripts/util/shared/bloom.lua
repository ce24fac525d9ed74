-- A sliding Bloom filter: two strings of bits. Ids are added to the current one; when that is ttl old it becomes the previous
-- one, which goes when it is twice ttl old. So an id is known for ttl at least and twice ttl at most. The age of the current
-- one is told by its own time to live.
-- include: shared/args.lua

local MAX_BITS = 134217728 -- 16 MB

-- parse_filter reads the arguments bits hashes, and checks how many ids follow from args[first] on.
local function parse_filter(args, first)
  local f = {bits = whole(args[1], 8, MAX_BITS), hashes = whole(args[2], 1, 20)}
  local bad = needs(f.bits, 'bits must be a whole number from 8 to 134217728') or needs(f.hashes, 'hashes must be a whole number from 1 to 20')
    or needs(#args >= first and (#args - first + 1) * f.hashes <= MAX_BATCH, 'ids: 1 or more, at most 1000 times hashes')
  for i = first, #args do
    bad = bad or needs_text(args[i], 'an id')
  end
  return f, bad
end

-- places returns the bits of an id: two halves of its digest, the one as often as it takes added to the other.
local function places(f, id)
  local digest, list = redis.sha1hex(id), {}
  local at, step = tonumber(string.sub(digest, 1, 12), 16) % f.bits, tonumber(string.sub(digest, 13, 24), 16) % f.bits
  for i = 1, f.hashes do
    list[i] = at
    at = (at + step + i) % f.bits -- + i: a step of 0 or of half the bits still gives different places
  end
  return list
end

-- has tells whether all the bits at these places are set.
local function has(key, list)
  local cmd = {'BITFIELD_RO', key}
  for i = 1, #list do
    cmd[3 * i], cmd[3 * i + 1], cmd[3 * i + 2] = 'GET', 'u1', list[i]
  end
  local bits = redis.call(unpack(cmd))
  for i = 1, #bits do
    if bits[i] == 0 then
      return false
    end
  end
  return true
end
