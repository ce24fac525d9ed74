package command

import (
	"math"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/double"
)

// SortedSets declares the sorted-set commands.
func SortedSets() []Spec {
	specs := append(zsetBasic(), zsetRanges()...)
	return append(append(specs, zsetPops()...), zsetAlgebra()...)
}

func zsetRead(name string, arity int, flags Flags, since, complexity, summary, syntax string, do Handler) Spec {
	return Spec{Name: name, Arity: arity, Flags: ReadOnly | flags, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupSortedSet, Since: since,
		Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
}

func zsetWrite(name string, arity int, flags Flags, use KeyUse, since, complexity, summary, syntax string, do Handler) Spec {
	return Spec{Name: name, Arity: arity, Flags: Write | flags, Keys: []KeySpec{keyAt(1, RW|use)}, Group: GroupSortedSet, Since: since,
		Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
}

func zsetBasic() []Spec {
	random := zsetRead("zrandmember", -2, 0, "6.2.0", "O(N) where N is the number of members returned", "Returns one or more random members from a sorted set.", "key [count [WITHSCORES]]", zrandmember)
	random.Tips = []string{"nondeterministic_output"}
	scan := zsetRead("zscan", -3, 0, "2.8.0", "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
		"Iterates over members and scores of a sorted set.", "key cursor [MATCH pattern] [COUNT count]", zscan)
	scan.Tips = []string{"nondeterministic_output"}
	return []Spec{
		zsetWrite("zadd", -4, DenyOOM|Fast, Update, "1.2.0", "O(log(N)) for each item added, where N is the number of elements in the sorted set.",
			"Adds one or more members to a sorted set, or updates their scores. Creates the key if it doesn't exist.", "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]", zadd),
		aboutKey(zsetRead("zcard", 2, Fast, "1.2.0", "O(1)", "Returns the number of members in a sorted set.", "key", zcard)),
		zsetWrite("zincrby", 4, DenyOOM|Fast, Access|Update, "1.2.0", "O(log(N)) where N is the number of elements in the sorted set.", "Increments the score of a member in a sorted set.", "key increment member", zincrby),
		zsetRead("zmscore", -3, Fast, "6.2.0", "O(N) where N is the number of members being requested.", "Returns the score of one or more members in a sorted set.", "key member [member ...]", zmscore),
		random,
		zsetRead("zrank", -3, Fast, "2.0.0", "O(log(N))", "Returns the index of a member in a sorted set ordered by ascending scores.", "key member [WITHSCORE]", zrank),
		zsetWrite("zrem", -3, Fast, Delete, "1.2.0", "O(M*log(N)) with N being the number of elements in the sorted set and M the number of elements to be removed.",
			"Removes one or more members from a sorted set. Deletes the sorted set if all members were removed.", "key member [member ...]", zrem),
		zsetRead("zrevrank", -3, Fast, "2.0.0", "O(log(N))", "Returns the index of a member in a sorted set ordered by descending scores.", "key member [WITHSCORE]", zrank),
		scan,
		zsetRead("zscore", 3, Fast, "1.2.0", "O(1)", "Returns the score of a member in a sorted set.", "key member", zscore),
	}
}

// zaddOptions are the options of ZADD.
type zaddOptions struct {
	nx, xx, gt, lt, ch, incr bool
}

// parseZadd reads the options from argument 2 on and returns the index of the first score.
func parseZadd(c *Ctx) (o zaddOptions, i int, err error) {
options:
	for i = 2; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "nx"):
			o.nx = true
		case c.Is(i, "xx"):
			o.xx = true
		case c.Is(i, "gt"):
			o.gt = true
		case c.Is(i, "lt"):
			o.lt = true
		case c.Is(i, "ch"):
			o.ch = true
		case c.Is(i, "incr"):
			o.incr = true
		default:
			break options
		}
	}
	switch pairs := len(c.Args) - i; {
	case pairs == 0 || pairs%2 != 0:
		return o, i, ErrSyntax
	case o.nx && o.xx:
		return o, i, Error("ERR XX and NX options at the same time are not compatible")
	case o.gt && o.nx || o.lt && o.nx || o.gt && o.lt:
		return o, i, Error("ERR GT, LT, and/or NX options at the same time are not compatible")
	case o.incr && pairs > 2:
		return o, i, Error("ERR INCR option supports a single increment-element pair")
	}
	return o, i, nil
}

// zadd adds members or updates scores.
// ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]
func zadd(c *Ctx) error {
	o, i, err := parseZadd(c)
	if err != nil {
		return err
	}
	return zaddPairs(c, o, i)
}

func zincrby(c *Ctx) error { return zaddPairs(c, zaddOptions{incr: true}, 2) }

func zaddPairs(c *Ctx, o zaddOptions, first int) error {
	for i := first; i < len(c.Args); i += 2 {
		if _, err := c.Float(i); err != nil {
			return err
		}
	}
	z, err := c.DB.ZSetForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	added, changed := 0, 0
	for i := first; i < len(c.Args); i += 2 {
		score, _ := c.Float(i)
		member := c.Args[i+1]
		old, exists := z.Score(member)
		if exists && o.incr {
			if score += old; math.IsNaN(score) {
				return Error("ERR resulting score is not a number (NaN)")
			}
		}
		skip := exists && (o.nx || o.gt && score <= old || o.lt && score >= old) || !exists && o.xx
		if !skip && (!exists || score != old) {
			z.Put(member, score, old, exists)
			changed++
			if !exists {
				added++
			}
		}
		if o.incr {
			if changed > 0 {
				z.Finish(engine.EventZSet, "zincr", 1)
			}
			if skip {
				c.Reply.Nil()
			} else {
				c.Reply.Double(score)
			}
			return nil
		}
	}
	if changed > 0 {
		z.Finish(engine.EventZSet, "zadd", changed)
	}
	if o.ch {
		added = changed
	}
	c.Reply.Int(int64(added))
	return nil
}

func zrem(c *Ctx) error {
	z, err := c.DB.ZSetForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	n := 0
	for _, m := range c.Args[2:] {
		if z.Remove(m) {
			n++
		}
	}
	if n > 0 {
		z.Finish(engine.EventZSet, "zrem", n)
	}
	c.Reply.Int(int64(n))
	return nil
}

func zscore(c *Ctx) error {
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	if s, ok := z.Score(c.Args[2]); ok {
		c.Reply.Double(s)
	} else {
		c.Reply.Nil()
	}
	return nil
}

func zmscore(c *Ctx) error {
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		if s, ok := z.Score(m); ok {
			c.Reply.Double(s)
		} else {
			c.Reply.Nil()
		}
	}
	return nil
}

func zcard(c *Ctx) error {
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Int(int64(z.Len()))
	return nil
}

// zrank is ZRANK and ZREVRANK key member [WITHSCORE].
func zrank(c *Ctx) error {
	if len(c.Args) > 4 {
		return WrongArity(c.Spec.Name)
	}
	withScore := len(c.Args) == 4
	if withScore && !c.Is(3, "withscore") {
		return ErrSyntax
	}
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	rank, score, ok := z.Rank(c.Args[2])
	if !ok {
		if withScore {
			c.Reply.NilArray()
		} else {
			c.Reply.Nil()
		}
		return nil
	}
	if c.Spec.Name == "zrevrank" {
		rank = z.Len() - 1 - rank
	}
	if withScore {
		c.Reply.Array(2)
	}
	c.Reply.Int(int64(rank))
	if withScore {
		c.Reply.Double(score)
	}
	return nil
}

func zscan(c *Ctx) error {
	cursor, err := parseCursor(c.Args[2])
	if err != nil {
		return err
	}
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	if !z.Exists() {
		emptyScan(c)
		return nil
	}
	o, err := parseScan(c, cursor, 3)
	if err != nil {
		return err
	}
	scanReply(c, &o, func(cursor uint64, n *int) (next uint64, seen int) {
		next = z.Scan(cursor, func(m []byte, s float64) {
			seen++
			if o.wants(m) {
				c.Reply.Bulk(m)
				c.Reply.Bulk(double.Append(c.scratch[:0], s))
				*n += 2
			}
		})
		return next, seen
	})
	return nil
}

// zrandmember replies random members: distinct ones for a positive count, independent draws for a negative one.
// ZRANDMEMBER key [count [WITHSCORES]]
func zrandmember(c *Ctx) error {
	if len(c.Args) == 2 {
		z, err := c.DB.ZSet(c.Args[1])
		if err != nil {
			return err
		}
		if !z.Exists() {
			c.Reply.Nil()
			return nil
		}
		z.Walk(z.RandomRank(), 1, false, func(m []byte, _ float64) bool { c.Reply.Bulk(m); return true })
		return nil
	}
	count, scores, err := parseRandomCount(c, "withscores")
	if err != nil {
		return err
	}
	z, err := c.DB.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	if !z.Exists() || count == 0 {
		c.Reply.Array(0)
		return nil
	}
	w := pairWriter{c: c, scores: scores}
	if count < 0 {
		w.begin(int(-count))
		repeat(c, -count, func() { z.Walk(z.RandomRank(), 1, false, w.pair) })
		return nil
	}
	left := int64(z.Len())
	count = min(count, left)
	w.begin(int(count))
	if drawsFew(count, left) {
		drawDistinct(count, func(keep func([]byte) bool) {
			z.Walk(z.RandomRank(), 1, false, func(m []byte, s float64) bool { return !keep(m) || w.pair(m, s) })
		})
		return nil
	}
	z.Walk(0, z.Len(), false, func(m []byte, s float64) bool {
		if int64(c.KS.Random()%uint64(left)) < count { // selection sampling
			w.pair(m, s)
			count--
		}
		left--
		return count > 0
	})
	return nil
}

// pairWriter replies members with or without scores: flat in RESP2, pairs in RESP3.
type pairWriter struct {
	c      *Ctx
	scores bool
}

func (w *pairWriter) begin(n int) { w.c.Reply.Array(w.length(n)) }

// length is the announced length of n members.
func (w *pairWriter) length(n int) int {
	if w.scores && w.c.Reply.Proto() < 3 {
		return 2 * n
	}
	return n
}

func (w *pairWriter) pair(m []byte, s float64) bool {
	if w.scores && w.c.Reply.Proto() >= 3 {
		w.c.Reply.Array(2)
	}
	w.c.Reply.Bulk(m)
	if w.scores {
		w.c.Reply.Double(s)
	}
	return true
}
