-- The five algorithms by name, for calls that take any of them.
-- include: ratelimit/shared/fixed.lua ratelimit/shared/sliding_log.lua ratelimit/shared/sliding_counter.lua ratelimit/shared/token_bucket.lua ratelimit/shared/gcra.lua

local algorithms = {
  fixed = fixed,
  sliding_log = sliding_log,
  sliding_counter = sliding_counter,
  token_bucket = token_bucket,
  gcra = gcra,
}

-- parse_limit reads "algorithm a b c" from ARGV[i] on: the algorithm and its parameters, or an error.
local function parse_limit(args, i)
  local algorithm = algorithms[args[i] or '']
  if not algorithm then
    return nil, nil, needs(false, 'algorithm must be fixed, sliding_log, sliding_counter, token_bucket or gcra')
  end
  local p, bad = algorithm.parse(args[i + 1], args[i + 2], args[i + 3])
  return algorithm, p, bad
end

-- max_cost is what one call may cost: an entry of the sliding log is an element touched.
local function max_cost(algorithm)
  return algorithm == sliding_log and MAX_BATCH or MAX_LIMIT
end
