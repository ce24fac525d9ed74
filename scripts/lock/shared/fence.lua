-- The resource's side of fencing.
-- include: shared/args.lua

-- pass_fence accepts fence if it is the highest so far (or equal: the same owner again) and remembers it.
local function pass_fence(mark, fence)
  local highest = tonumber(redis.call('GET', mark)) or 0
  if fence < highest then
    return {0, highest}
  end
  if fence > highest then
    redis.call('SET', mark, int(fence))
  end
  return {1, fence}
end
