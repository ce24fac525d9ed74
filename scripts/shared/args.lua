-- Reads arguments. All are checked before the first write, because an error does not take writes back.

local MAX_MS = 315360000000 -- ten years: now + MAX_MS is exact even in microseconds
local MAX_INT = 9007199254740991 -- 2^53 - 1, the largest whole number a double counts to
local MAX_BATCH = 1000 -- elements one call may touch

-- whole returns s as a number when it is a whole number from min to max, else nil (also for nan).
local function whole(s, min, max)
  local n = tonumber(s)
  if n and n >= min and n <= max and n % 1 == 0 then
    return n
  end
end

-- needs returns an error reply unless ok.
local function needs(ok, text)
  if not ok then
    return redis.error_reply('BADARG ' .. text)
  end
end

-- The texts of those below are only made when they are needed: they run in every call.

local function needs_keys(keys, min, max, usage)
  if #keys < min or #keys > max then
    return needs(false, 'keys: ' .. usage)
  end
end

local function needs_ms(n, name)
  if not n then
    return needs(false, name .. ' must be a whole number of milliseconds from 1 to 315360000000')
  end
end

local function needs_text(s, name)
  if not s or s == '' then
    return needs(false, name .. ' must not be empty')
  end
end

-- int formats a whole number: tostring would turn 1e15 into "1e+15".
local function int(n)
  return string.format('%.0f', n + 0)
end
