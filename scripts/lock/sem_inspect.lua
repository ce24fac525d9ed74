#!lua flags=no-writes
-- @name sem_inspect
-- @purpose See how many permits of a semaphore are in use.
-- @key holders (zset) holder to deadline
-- @key [weights] (hash) named if it was at acquisition
-- @reply array: permits in use, number of holders, ms until the next permit runs out (-1 = none is held)
-- @complexity O(log N) with N holders
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO sem_inspect 1 sem:{db}
-- include: shared/args.lua shared/clock.lua lock/shared/holders.lua

local holders, weights = KEYS[1], KEYS[2]
local bad = needs_keys(KEYS, 1, 2, 'holders [weights]')
if bad then return bad end

local now = now_ms()
local used = count_permits(holders, weights, now)
local first = redis.call('ZRANGEBYSCORE', holders, '(' .. int(now), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
return {used, redis.call('ZCOUNT', holders, '(' .. int(now), '+inf'), first[2] and first[2] - now or -1}
