-- The latch of a reentrant lock: it keeps the answer to one request, so that a client that lost the reply can ask
-- again with the same request id without counting twice.
-- include: shared/args.lua

-- latched returns the answer kept for this request, or nil.
local function latched(latch, request)
  local kept = latch and redis.call('GET', latch)
  if kept then
    local id, answer = string.match(kept, '^(.*) (%-?%d+)$')
    if id == request then
      return tonumber(answer)
    end
  end
end

local function keep(latch, request, answer, ms)
  if latch then
    redis.call('SET', latch, request .. ' ' .. int(answer), 'PX', int(ms))
  end
end

local function needs_latch(latch, request, ms)
  return latch and (needs_text(request, 'request') or needs_ms(ms, 'latch_ttl'))
end
