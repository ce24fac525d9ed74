#!lua
-- @name rl_multi
-- @purpose Check several limits of any algorithms in one call: all are charged, or none.
-- @key limits... (any) 1 to 100 limits, each named once
-- @arg limits... (string) five for each key: algorithm (fixed, sliding_log, sliding_counter, token_bucket, gcra), its three parameters in the order of its own function (0 where it has fewer), cost
-- @reply array of 7 integers: limited (1 = denied), index of the tightest limit (from 1: the one that takes longest to
-- @reply allow the call, else the one with the least remaining), then that limit's limited, limit, remaining,
-- @reply retry_after (ms), reset_after (ms)
-- @complexity O(n) with n limits, plus that of the algorithms
-- @flags none
-- @since 0.1.0
-- @example FCALL rl_multi 2 rl:{user:7}:s rl:{user:7}:d gcra 9 10 1000 1 fixed 1000 86400000 0 1
-- include: shared/args.lua shared/clock.lua lock/shared/mutex.lua ratelimit/shared/algorithms.lua

local bad = needs_keys(KEYS, 1, 100, '1 to 100 limits') or needs(distinct(KEYS), 'a limit is named twice')
  or needs(#ARGV == 5 * #KEYS, 'five arguments for each limit: algorithm a b c cost')
if bad then return bad end
local calls, units = {}, 0
for i = 1, #KEYS do
  local at = 5 * i - 4
  local algorithm, p, wrong = parse_limit(ARGV, at)
  if wrong then return wrong end
  local cost = whole(ARGV[at + 4], 0, max_cost(algorithm))
  wrong = needs_cost(cost)
  if wrong then return wrong end
  if algorithm == sliding_log then units = units + cost end
  calls[i] = {algorithm, p, cost}
end
bad = needs(units <= MAX_BATCH, 'the sliding logs must not take more than 1000 units in one call')
if bad then return bad end

local now, commits, tightest, index = now_us(), {}, nil, 0
-- tighter says whether reply a holds the caller back more than b. Never (-1) is longest.
local function tighter(a, b)
  if a[1] ~= b[1] then
    return a[1] > b[1]
  elseif a[1] == 1 then
    return b[4] ~= -1 and (a[4] == -1 or a[4] > b[4])
  end
  return a[3] < b[3]
end
for i = 1, #KEYS do
  local reply, commit = calls[i][1].check(KEYS[i], calls[i][2], calls[i][3], now)
  commits[#commits + 1] = commit
  if not tightest or tighter(reply, tightest) then
    tightest, index = reply, i
  end
end
if tightest[1] == 0 then
  for i = 1, #commits do
    commits[i]()
  end
end
return {tightest[1], index, unpack(tightest)}
