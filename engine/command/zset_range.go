package command

import (
	"bytes"

	"github.com/evald/evald/engine"
)

func zsetRanges() []Spec {
	logNM := "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements returned."
	logNR := "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements removed by the operation."
	count := "O(log(N)) with N being the number of elements in the sorted set."
	limit := " [LIMIT offset count]"
	return []Spec{
		zsetRead("zcount", 4, Fast, "2.0.0", count, "Returns the count of members in a sorted set that have scores within a range.", "key min max", zcount),
		zsetRead("zlexcount", 4, Fast, "2.8.9", count, "Returns the number of members in a sorted set within a lexicographical range.", "key min max", zlexcount),
		zsetRead("zrange", -4, 0, "1.2.0", logNM, "Returns members in a sorted set within a range of indexes.", "key start stop [BYSCORE | BYLEX] [REV]"+limit+" [WITHSCORES]", zrange),
		zsetRead("zrangebylex", -4, 0, "2.8.9", logNM, "Returns members in a sorted set within a lexicographical range.", "key min max"+limit, zrangebylex),
		zsetRead("zrangebyscore", -4, 0, "1.0.5", logNM, "Returns members in a sorted set within a range of scores.", "key min max [WITHSCORES]"+limit, zrangebyscore),
		{Name: "zrangestore", Arity: -5, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, OW|Update), keyAt(2, RO|Access)}, Group: GroupSortedSet, Since: "6.2.0",
			Complexity: "O(log(N)+M) with N being the number of elements in the sorted set and M the number of elements stored into the destination key.",
			Summary:    "Stores a range of members from sorted set in a key.", Syntax: "dst src min max [BYSCORE | BYLEX] [REV]" + limit, Do: zrangestore},
		zsetWrite("zremrangebylex", 4, 0, Delete, "2.8.9", logNR, "Removes members in a sorted set within a lexicographical range. Deletes the sorted set if all members were removed.", "key min max", zremrangebylex),
		zsetWrite("zremrangebyrank", 4, 0, Delete, "2.0.0", logNR, "Removes members in a sorted set within a range of indexes. Deletes the sorted set if all members were removed.", "key start stop", zremrangebyrank),
		zsetWrite("zremrangebyscore", 4, 0, Delete, "1.2.0", logNR, "Removes members in a sorted set within a range of scores. Deletes the sorted set if all members were removed.", "key min max", zremrangebyscore),
		zsetRead("zrevrange", -4, 0, "1.2.0", logNM, "Returns members in a sorted set within a range of indexes in reverse order.", "key start stop [WITHSCORES]", zrevrange),
		zsetRead("zrevrangebylex", -4, 0, "2.8.9", logNM, "Returns members in a sorted set within a lexicographical range in reverse order.", "key max min"+limit, zrevrangebylex),
		zsetRead("zrevrangebyscore", -4, 0, "2.2.0", logNM, "Returns members in a sorted set within a range of scores in reverse order.", "key max min [WITHSCORES]"+limit, zrevrangebyscore),
	}
}

// Errors of range arguments.
const (
	errScoreRange  Error = "ERR min or max is not a float"
	errLexRange    Error = "ERR min or max not valid string range item"
	errLimitByRank Error = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
	errScoresByLex Error = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
)

// scoreBound is one end of a score range.
type scoreBound struct {
	score float64
	open  bool // "(": the score itself is outside
}

func parseScoreBound(b []byte) (s scoreBound, err error) {
	if len(b) > 0 && b[0] == '(' {
		s.open, b = true, b[1:]
	}
	f, ok := parseScore(b)
	if !ok {
		return s, errScoreRange
	}
	s.score = f
	return s, nil
}

// parseScore parses the end of a range, sic, as C's strtod does of the text up to a NUL: leading space is skipped, an empty text is 0,
// too large a number infinite. NaN is refused.
func parseScore(b []byte) (float64, bool) {
	if b = cNumber(b); len(b) == 0 {
		return 0, true
	}
	if f, ok := ParseFloat(b); ok {
		return f, true
	}
	f, inf, ok := parseLongDouble(b)
	if !ok || inf {
		return 0, false
	}
	v, _ := f.Float64() // out of a double's range: infinite, or 0
	return v, true
}

// cNumber returns the text that C's strtod would look at: up to a NUL, leading space skipped, unless there is nothing else.
func cNumber(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	if t := bytes.TrimLeft(b, " \t\n\v\f\r"); len(t) > 0 {
		return t
	}
	return b
}

// scoreRanks returns the ranks from <= rank < to of the members with scores from lo to hi.
func scoreRanks(z *engine.ZSet, lo, hi scoreBound) (from, to int) {
	if lo.score > hi.score || lo.score == hi.score && (lo.open || hi.open) {
		return 0, 0
	}
	return z.CountBelow(lo.score, lo.open), z.CountBelow(hi.score, !hi.open)
}

// lexBound is one end of a lexical range: "-", "+", "[member" or "(member".
type lexBound struct {
	member    []byte
	open      bool
	low, high bool // - and +
}

func parseLexBound(b []byte) (l lexBound, err error) {
	switch {
	case len(b) == 1 && b[0] == '-':
		l.low = true
	case len(b) == 1 && b[0] == '+':
		l.high = true
	case len(b) > 0 && b[0] == '(':
		l.open, l.member = true, b[1:]
	case len(b) > 0 && b[0] == '[':
		l.member = b[1:]
	default:
		return l, errLexRange
	}
	return l, nil
}

// lexRanks returns the ranks from <= rank < to of the members between min and max, all scores being equal.
func lexRanks(z *engine.ZSet, lo, hi lexBound) (from, to int) {
	n := z.Len()
	if lo.high || hi.low {
		return 0, 0
	}
	if !lo.low && !hi.high {
		if d := bytes.Compare(lo.member, hi.member); d > 0 || d == 0 && (lo.open || hi.open) {
			return 0, 0
		}
	}
	to = n
	if !lo.low {
		from = z.CountBelowLex(lo.member, lo.open)
	}
	if !hi.high {
		to = z.CountBelowLex(hi.member, !hi.open)
	}
	return from, max(to, from)
}

func zcount(c *Ctx) error {
	from, to, _, err := openRange(c, byScore, 1, 2, 3)
	if err != nil {
		return err
	}
	c.Reply.Int(int64(to - from))
	return nil
}

func zlexcount(c *Ctx) error {
	from, to, _, err := openRange(c, byLex, 1, 2, 3)
	if err != nil {
		return err
	}
	c.Reply.Int(int64(to - from))
	return nil
}

// rangeKind says what a range's ends are.
type rangeKind uint8

const (
	byRank rangeKind = iota
	byScore
	byLex
)

// openRange parses the ends at arguments i and j, opens the sorted set at argument key for reading and returns the range's ranks.
func openRange(c *Ctx, kind rangeKind, key, i, j int) (from, to int, z engine.ZSet, err error) {
	r, err := parseRange(c, kind, i, j)
	if err != nil {
		return 0, 0, z, err
	}
	if z, err = c.DB.ZSet(c.Args[key]); err != nil {
		return 0, 0, z, err
	}
	from, to = r.ranks(&z, false)
	return from, to, z, nil
}

// zrangeEnds are the parsed ends of a range of one kind.
type zrangeEnds struct {
	kind       rangeKind
	start, end int64
	min, max   scoreBound
	lmin, lmax lexBound
}

func parseRange(c *Ctx, kind rangeKind, i, j int) (r zrangeEnds, err error) {
	r.kind = kind
	switch kind {
	case byRank:
		if r.start, err = c.Int(i); err == nil {
			r.end, err = c.Int(j)
		}
	case byScore:
		if r.min, err = parseScoreBound(c.Args[i]); err == nil {
			r.max, err = parseScoreBound(c.Args[j])
		}
	case byLex:
		if r.lmin, err = parseLexBound(c.Args[i]); err == nil {
			r.lmax, err = parseLexBound(c.Args[j])
		}
	}
	return r, err
}

// ranks returns the ranks of the range, counted in rising order. By rank and reversed, the ends count from the other side.
func (r *zrangeEnds) ranks(z *engine.ZSet, rev bool) (from, to int) {
	switch r.kind {
	case byScore:
		from, to = scoreRanks(z, r.min, r.max)
	case byLex:
		from, to = lexRanks(z, r.lmin, r.lmax)
	default:
		n := int64(z.Len())
		start, end := r.start, r.end
		if start < 0 {
			start = max(0, start+n)
		}
		if end < 0 {
			end += n
		}
		end = min(end, n-1)
		if start > end || start >= n {
			return 0, 0
		}
		if rev {
			start, end = n-1-end, n-1-start
		}
		return int(start), int(end) + 1
	}
	return from, max(from, to)
}

// zrangeQuery is a whole ZRANGE: what, which way, and how much of it.
type zrangeQuery struct {
	ends          zrangeEnds
	rev, scores   bool
	limited       bool
	offset, count int64
}

// parseQuery reads the options of the ZRANGE family from argument i on, then the ends at arguments lo and lo+1. kind and rev are what
// the command's name says; only ZRANGE and ZRANGESTORE take more of them as options.
func parseQuery(c *Ctx, i, lo int, kind rangeKind, rev, general, store bool) (q zrangeQuery, err error) {
	q.rev, q.count = rev, -1
	for ; i < len(c.Args); i++ {
		switch {
		case !store && c.Is(i, "withscores"):
			q.scores = true
		case i+2 < len(c.Args) && c.Is(i, "limit"):
			if q.offset, err = c.Int(i + 1); err != nil {
				return q, err
			}
			if q.count, err = c.Int(i + 2); err != nil {
				return q, err
			}
			q.limited = true
			i += 2
		case general && !q.rev && c.Is(i, "rev"):
			q.rev = true
		case general && kind == byRank && c.Is(i, "bylex"):
			kind = byLex
		case general && kind == byRank && c.Is(i, "byscore"):
			kind = byScore
		default:
			return q, ErrSyntax
		}
	}
	if q.limited && q.count != -1 && kind == byRank {
		return q, errLimitByRank
	}
	if q.scores && kind == byLex {
		return q, errScoresByLex
	}
	hi := lo + 1
	if q.rev && kind != byRank {
		lo, hi = hi, lo
	}
	q.ends, err = parseRange(c, kind, lo, hi)
	return q, err
}

// walk returns the rank to begin at and the number of members, after LIMIT.
func (q *zrangeQuery) walk(z *engine.ZSet) (start, n int) {
	from, to := q.ends.ranks(z, q.rev)
	n = to - from
	skip := 0
	if q.limited && q.ends.kind != byRank {
		if q.offset < 0 || q.offset >= int64(n) {
			return 0, 0
		}
		skip = int(q.offset)
		if n -= skip; q.count >= 0 {
			n = int(min(int64(n), q.count))
		}
	}
	if q.rev {
		return to - 1 - skip, n
	}
	return from + skip, n
}

func zrange(c *Ctx) error           { return rangeReply(c, byRank, false, true) }
func zrevrange(c *Ctx) error        { return rangeReply(c, byRank, true, false) }
func zrangebyscore(c *Ctx) error    { return rangeReply(c, byScore, false, false) }
func zrevrangebyscore(c *Ctx) error { return rangeReply(c, byScore, true, false) }
func zrangebylex(c *Ctx) error      { return rangeReply(c, byLex, false, false) }
func zrevrangebylex(c *Ctx) error   { return rangeReply(c, byLex, true, false) }

func rangeReply(c *Ctx, kind rangeKind, rev, general bool) error {
	q, err := parseQuery(c, 4, 2, kind, rev, general, false)
	if err != nil {
		return err
	}
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	start, n := q.walk(&z)
	w := pairWriter{c: c, scores: q.scores}
	w.begin(n)
	if n > 0 {
		z.Walk(start, n, q.rev, w.pair)
	}
	return nil
}

// zrangestore stores what ZRANGE would reply.
func zrangestore(c *Ctx) error {
	q, err := parseQuery(c, 5, 3, byRank, false, true, true)
	if err != nil {
		return err
	}
	z, err := c.DB.ZSet(c.Args[2])
	if err != nil {
		return err
	}
	start, n := q.walk(&z)
	var members scored
	if n > 0 {
		z.Walk(start, n, q.rev, members.add)
	}
	storeScored(c, c.Args[1], &members, "zrangestore", 1)
	return nil
}

func zremrangebyscore(c *Ctx) error { return removeRange(c, byScore, "zremrangebyscore") }
func zremrangebylex(c *Ctx) error   { return removeRange(c, byLex, "zremrangebylex") }
func zremrangebyrank(c *Ctx) error  { return removeRange(c, byRank, "zremrangebyrank") }

func removeRange(c *Ctx, kind rangeKind, event string) error {
	r, err := parseRange(c, kind, 2, 3)
	if err != nil {
		return err
	}
	z, err := c.DB.ZSetForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	n := z.RemoveRange(r.ranks(&z, false))
	if n > 0 {
		z.Finish(engine.EventZSet, event, n)
	}
	c.Reply.Int(int64(n))
	return nil
}

// scored is a list of members with scores, copied out of the keyspace.
type scored struct {
	members [][]byte
	scores  []float64
	block   []byte // where the next members are copied to; those before may stand in earlier blocks
}

func (s *scored) add(m []byte, score float64) bool {
	at := len(s.block)
	s.block = append(s.block, m...)
	s.members = append(s.members, s.block[at:len(s.block):len(s.block)])
	s.scores = append(s.scores, score)
	return true
}

// storeScored makes key a sorted set of the members, or removes it if there are none, and replies their number. That
// counts as so many changes.
func storeScored(c *Ctx, key []byte, s *scored, event string, changes int) {
	if len(s.members) == 0 {
		deleteKey(c, key)
		c.Reply.Int(0)
		return
	}
	c.DB.Discard(key)
	z, err := c.DB.ZSetForUpdate(key)
	if err != nil {
		panic("command: a deleted key has a type")
	}
	longest := 0
	for _, m := range s.members {
		longest = max(longest, len(m))
	}
	if z.StaysSmall(len(s.members), longest) {
		s.sort()
		z.Fill(s.members, s.scores)
	} else {
		z.Expect(len(s.members), longest)
		for i, m := range s.members {
			z.Set(m, s.scores[i])
		}
	}
	z.Finish(engine.EventZSet, event, changes)
	c.Reply.Int(int64(len(s.members)))
}
