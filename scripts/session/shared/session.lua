-- A session is a hash: the caller's fields, and some of its own that start with "_":
--   _c created (ms), _a absolute deadline (ms), _i idle time (ms), _v version, _m its member in the index,
--   _r the id it had before a rotation, _f:name a flash value. An alias left by a rotation has only _to, the new id.
-- The index of a user is a sorted set of "created:sid" to the moment the session expires. A session that is not in the
-- index it is looked up with is dead: that is how one call ends sessions whose keys it does not name.
-- include: shared/args.lua shared/clock.lua shared/expiry.lua

local CREATED = 14 -- length of the time and the colon in a member of the index

local function index_member(created, sid)
  return string.format('%013.0f:', created) .. sid
end

local function sid_of(member)
  return string.sub(member, CREATED + 1)
end

-- open_session reads a session's own fields: a table, or nil if it is not there or has expired.
local function open_session(sess, idx, now)
  local f = redis.call('HMGET', sess, '_c', '_a', '_i', '_v', '_m')
  local expires = idx and redis.call('ZSCORE', idx, f[5] or '')
  if not f[1] then
    return nil
  end
  if not idx then
    expires = redis.call('PEXPIRETIME', sess)
  end
  if not expires or tonumber(expires) <= now or tonumber(f[2]) <= now then
    return nil
  end
  return {created = tonumber(f[1]), deadline = tonumber(f[2]), idle = tonumber(f[3]), version = tonumber(f[4]),
    member = f[5], expires = tonumber(expires)}
end

-- touch_session starts the idle time anew, within the absolute deadline, and returns the new expiry.
local function touch_session(sess, idx, s, now)
  local expires = math.min(now + s.idle, s.deadline)
  redis.call('PEXPIREAT', sess, int(expires))
  if idx then
    redis.call('ZADD', idx, int(expires), s.member)
    outlive(idx, expires)
  end
  return expires
end

-- prune_index drops up to 1000 entries of sessions that have expired.
local function prune_index(idx, now)
  local gone = redis.call('ZRANGEBYSCORE', idx, '-inf', int(now), 'LIMIT', 0, MAX_BATCH)
  if #gone > 0 then
    redis.call('ZREM', idx, unpack(gone))
  end
end

-- needs_fields checks names of the caller's fields: args[from], args[from + step] ... args[to].
local function needs_fields(args, from, to, step)
  for i = from, to, step do
    local bad = needs(args[i] ~= '' and string.sub(args[i], 1, 1) ~= '_', 'a field must not be empty or start with _')
    if bad then return bad end
  end
end
