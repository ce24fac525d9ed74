#!lua flags=no-writes
-- @name rl_peek
-- @purpose See the state of a limit of any algorithm without counting.
-- @key limit (any) the limit
-- @arg algorithm (fixed|sliding_log|sliding_counter|token_bucket|gcra) which one
-- @arg a (count) first parameter of its function
-- @arg b (count) second
-- @arg [c] (count) third, if it has one
-- @reply array of 5 integers: limited (1 when it is overdrawn), limit, remaining, retry_after (ms), reset_after (ms)
-- @complexity O(1), O(log N) for a log of N units
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO rl_peek 1 rl:{user:7} gcra 15 30 60000
-- include: shared/args.lua shared/clock.lua ratelimit/shared/algorithms.lua

local bad = needs_keys(KEYS, 1, 1, 'limit')
if bad then return bad end
local algorithm, p, wrong = parse_limit(ARGV, 1)
if wrong then return wrong end

return (algorithm.check(KEYS[1], p, 0, now_us()))
