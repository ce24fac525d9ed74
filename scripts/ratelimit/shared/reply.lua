-- The reply all limits share: limited, limit, remaining, retry_after, reset_after (times in ms).
-- include: shared/args.lua

local MAX_LIMIT = 1000000000
local MAX_PRODUCT = 1125899906842624 -- 2^50: products below it divide without a rounding error that matters

-- limit_reply builds it. retry is nil when the call is allowed, -1 when no waiting would help.
local function limit_reply(limit, remaining, retry, reset)
  return {retry and 1 or 0, limit, math.max(0, remaining), retry or -1, math.max(0, reset)}
end

local function needs_limit(n, name)
  if not n then
    return needs(false, name .. ' must be a whole number from 1 to 1000000000')
  end
end

local function needs_cost(n)
  return needs(n, 'cost must be a whole number from 0 to 1000000000')
end
