-- Tags: each is a key with a generation, and an entry keeps the generations of its tags. Bumping a tag makes all its
-- entries stale at once, without listing them. A tag that is not there has generation 0, which no entry was stored with.
-- include: shared/args.lua shared/clock.lua

-- generations reads the tags keys[2..n] as text.
local function generations(keys)
  local list = {}
  for i = 2, #keys do
    list[i - 1] = redis.call('GET', keys[i]) or '0'
  end
  return list
end
