-- One call against one limit, with an optional receipt: a key named after the operation that records what was taken,
-- so that the same operation is charged once and can be refunded once.
-- include: shared/args.lua shared/clock.lua ratelimit/shared/reply.lua

local function consume(algorithm, keys, p, cost)
  local key, receipt, now = keys[1], keys[2], now_us()
  if receipt and redis.call('GET', receipt) then
    return (algorithm.check(key, p, 0, now))
  end
  local reply, commit, stamp = algorithm.check(key, p, cost, now)
  if commit then
    commit()
    if receipt then
      redis.call('SET', receipt, int(cost) .. ' ' .. int(stamp), 'PX', int(math.max(1, reply[5])))
    end
  end
  return reply
end
