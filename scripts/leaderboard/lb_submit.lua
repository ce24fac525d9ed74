#!lua
-- @name lb_submit
-- @purpose Submit a score and learn the old and the new rank.
-- @key board (zset) member to score, no TTL unless expire_at says so
-- @key [meta] (hash) part m, no TTL unless expire_at says so
-- @key [distinct] (zset) part d, no TTL unless expire_at says so
-- @key [counts] (hash) part d, no TTL unless expire_at says so
-- @key [stamps] (hash) part f, no TTL unless expire_at says so
-- @arg parts (string) - or letters of mdf: metadata, dense ranks, first come first ranked
-- @arg member (string) who
-- @arg score (number) a number, inf or -inf
-- @arg op (set|best|worst|incr) set it; keep the better or the worse of old and new; add to the old
-- @arg order (desc|asc) desc: the highest score has rank 1; asc: the lowest
-- @arg cap (count) members the board keeps, 0 = any number; the worst leave, up to 100 in one call
-- @arg expire_at (ms) since 1970: when the whole board goes, set on the first write; 0 = never
-- @arg [meta_value] (string) metadata of the member, with part m
-- @reply array: applied (1 or 0; a score that is not applied writes nothing), the score that stands (string), rank
-- @reply (ordinal, from 1; -1 = not on the board), previous rank (-1 = none), total members
-- @complexity O(log N) with N members
-- @flags none
-- @since 0.1.0
-- @example FCALL lb_submit 5 lb:{chess} lb:{chess}:m lb:{chess}:d lb:{chess}:c lb:{chess}:f mdf ann 1500 best desc 1000 0 Ann
-- include: shared/clock.lua leaderboard/shared/write.lua

local parts, member, score, op, order = ARGV[1], ARGV[2], score_of_text(ARGV[3]), ARGV[4], ARGV[5]
local cap, expire_at, meta = whole(ARGV[6], 0, 1000000000), whole(ARGV[7], 0, MAX_INT), ARGV[8]
local bad = needs_board(KEYS, parts)
  or needs_text(member, 'member') or needs_score(score, 'score') or needs_op(op) or needs_order(order)
  or needs(cap, 'cap must be a whole number from 0 to 1000000000')
  or needs(expire_at and (expire_at == 0 or expire_at > now_ms()), 'expire_at must be 0 or a time to come (ms since 1970)')
  or needs(op ~= 'incr' or score - score == 0, 'an increment must be finite')
  or needs(not meta or string.find(parts, 'm'), 'metadata needs part m')
if bad then return bad end

local b, high = open_board(KEYS, 1, parts), order == 'desc'
local applied, stands, prev, name, total = submit(b, member, score, op, high, cap, true, board_total(b))
local rank = prev -- of a score that is not applied
if applied then
  rank = name and rank_of(b, name, stands, high, 'ordinal') or -1
  if meta and name then redis.call('HSET', b.meta, member, meta) end
  if expire_at > 0 then expire_board(KEYS, 1, #KEYS, expire_at) end
end
return {applied and 1 or 0, show(stands), rank, prev, total}
