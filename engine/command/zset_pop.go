package command

import (
	"math"

	"github.com/evald/evald/engine"
)

func zsetPops() []Spec {
	one := "O(log(N)*M) with N being the number of elements in the sorted set, and M being the number of elements popped."
	many := "O(K) + O(M*log(N)) where K is the number of provided keys, N being the number of elements in the sorted set, and M being the number of elements popped."
	block := func(name, summary string, do Handler) Spec {
		return Spec{Name: name, Arity: -3, Flags: Write | Fast | Blocking, Keys: []KeySpec{keysFrom(1, -2, 1, RW|Access|Delete)}, Group: GroupSortedSet, Since: "5.0.0",
			Complexity: "O(log(N)) with N being the number of elements in the sorted set.", Summary: summary, Syntax: "key [key ...] timeout", Do: do}
	}
	return []Spec{
		{Name: "bzmpop", Arity: -5, Flags: Write | Blocking, Keys: []KeySpec{keysCounted(2, RW|Access|Delete)}, Group: GroupSortedSet, Since: "7.0.0", Complexity: many,
			Summary: "Removes and returns a member by score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.",
			Syntax:  "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]", Do: bzmpop},
		block("bzpopmax", "Removes and returns the member with the highest score from one or more sorted sets. Blocks until a member available otherwise.  Deletes the sorted set if the last element was popped.", bzpop),
		block("bzpopmin", "Removes and returns the member with the lowest score from one or more sorted sets. Blocks until a member is available otherwise. Deletes the sorted set if the last element was popped.", bzpop),
		{Name: "zmpop", Arity: -4, Flags: Write, Keys: []KeySpec{keysCounted(1, RW|Access|Delete)}, Group: GroupSortedSet, Since: "7.0.0", Complexity: many,
			Summary: "Returns the highest- or lowest-scoring members from one or more sorted sets after removing them. Deletes the sorted set if the last member was popped.",
			Syntax:  "numkeys key [key ...] <MIN | MAX> [COUNT count]", Do: zmpop},
		zsetWrite("zpopmax", -2, Fast, Access|Delete, "5.0.0", one, "Returns the highest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.", "key [count]", zpop),
		zsetWrite("zpopmin", -2, Fast, Access|Delete, "5.0.0", one, "Returns the lowest-scoring members from a sorted set after removing them. Deletes the sorted set if the last member was popped.", "key [count]", zpop),
	}
}

// popScored takes up to count members from the low or high end and sends the events.
func popScored(z *engine.ZSet, count int, highest bool, out *scored) {
	n := z.Len()
	count = min(count, n)
	if count == 0 {
		return
	}
	if highest {
		z.Walk(n-1, count, true, out.add)
		z.RemoveRange(n-count, n)
		z.Finish(engine.EventZSet, "zpopmax", count)
		return
	}
	z.Walk(0, count, false, out.add)
	z.RemoveRange(0, count)
	z.Finish(engine.EventZSet, "zpopmin", count)
}

// zpop is ZPOPMIN and ZPOPMAX key [count].
func zpop(c *Ctx) error {
	if len(c.Args) > 3 {
		return ErrSyntax
	}
	count := int64(1)
	if len(c.Args) == 3 {
		var ok bool
		if count, ok = ParseInt(c.Args[2]); !ok || count < 0 {
			return ErrPositive
		}
	}
	z, err := c.DB.ZSetForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	var out scored
	popScored(&z, int(min(count, math.MaxInt32)), c.Spec.Name == "zpopmax", &out)
	if len(c.Args) == 3 {
		replyScored(c, &out)
		return nil
	}
	// Without a count even RESP3 gets the pair flat.
	c.Reply.Array(2 * len(out.members))
	for i, m := range out.members {
		c.Reply.Bulk(m)
		c.Reply.Double(out.scores[i])
	}
	return nil
}

// replyScored replies members with scores: flat in RESP2, pairs in RESP3.
func replyScored(c *Ctx, s *scored) {
	w := pairWriter{c: c, scores: true}
	w.begin(len(s.members))
	for i, m := range s.members {
		w.pair(m, s.scores[i])
	}
}

// Timeout errors of blocking commands.
const (
	errTimeoutFloat    Error = "ERR timeout is not a float or out of range"
	errTimeoutNegative Error = "ERR timeout is negative"
	errTimeoutRange    Error = "ERR timeout is out of range"
)

// deadline turns a timeout in seconds at argument i into unix ms, 0 for no end.
func deadline(c *Ctx, i int) (int64, error) {
	f, ok := ParseFloat(c.Args[i])
	if !ok {
		// Redis reads a long double, whose range is wider.
		if big, inf, ok := parseLongDouble(c.Args[i]); !ok || inf {
			return 0, errTimeoutFloat
		} else if f = math.MaxFloat64; big.Sign() < 0 {
			f = -1
		}
	}
	if f < 0 {
		return 0, errTimeoutNegative
	}
	ms := math.Ceil(f * 1000)
	if ms > math.MaxInt64 || ms > float64(math.MaxInt64-c.KS.Now()) {
		return 0, errTimeoutRange
	}
	if ms == 0 {
		return 0, nil
	}
	return c.KS.Now() + int64(ms), nil
}

// bzpop is BZPOPMIN and BZPOPMAX key [key ...] timeout.
func bzpop(c *Ctx) error {
	last := len(c.Args) - 1
	until, err := deadline(c, last)
	if err != nil {
		return err
	}
	for _, key := range c.Args[1:last] {
		z, err := c.DB.ZSetForUpdate(key)
		if err != nil {
			return err
		}
		if !z.Exists() {
			continue
		}
		var out scored
		popScored(&z, 1, c.Spec.Name == "bzpopmax", &out)
		c.Reply.Array(3)
		c.Reply.Bulk(key)
		c.Reply.Bulk(out.members[0])
		c.Reply.Double(out.scores[0])
		return nil
	}
	waitFor(c, c.Args[1:last], engine.TypeZSet, until, Reply.NilArray)
	return nil
}

// waitFor blocks until one of the keys has an element or time runs out, with a null array as the reply. Where nothing may wait it
// replies refused at once.
func waitFor(c *Ctx, keys [][]byte, t engine.Type, until int64, refused func(Reply)) {
	if !c.Block(Block{Keys: keys, Type: t, Deadline: until, Timeout: Reply.NilArray}) {
		refused(c.Reply)
	}
}

// mpopArgs are the arguments that ZMPOP, BZMPOP, LMPOP and BLMPOP share.
type mpopArgs struct {
	keys  [][]byte
	first bool // MIN or LEFT rather than MAX or RIGHT
	count int64
}

// parseMpop reads numkeys at argument i and what follows; where are the two words.
func parseMpop(c *Ctx, i int, where [2]string) (m mpopArgs, err error) {
	n, ok := ParseInt(c.Args[i])
	if !ok || n <= 0 {
		return m, ErrNumkeys
	}
	at := int64(i) + 1 + n
	if n > math.MaxInt32 || at >= int64(len(c.Args)) {
		return m, ErrSyntax
	}
	m.keys, m.count = c.Args[i+1:at], -1
	j := int(at)
	switch {
	case c.Is(j, where[0]):
		m.first = true
	case c.Is(j, where[1]):
	default:
		return m, ErrSyntax
	}
	for j++; j < len(c.Args); j++ {
		if m.count >= 0 || !c.Is(j, "count") || j+1 >= len(c.Args) {
			return m, ErrSyntax
		}
		j++
		if m.count, ok = ParseInt(c.Args[j]); !ok || m.count <= 0 {
			return m, Error("ERR count should be greater than 0")
		}
	}
	if m.count < 0 {
		m.count = 1
	}
	return m, nil
}

func zmpop(c *Ctx) error {
	m, err := parseMpop(c, 1, [2]string{"min", "max"})
	if err != nil {
		return err
	}
	done, err := zmpopFirst(c, &m)
	if err == nil && !done {
		c.Reply.NilArray()
	}
	return err
}

func bzmpop(c *Ctx) error {
	m, err := parseMpop(c, 2, [2]string{"min", "max"})
	if err != nil {
		return err
	}
	until, err := deadline(c, 1)
	if err != nil {
		return err
	}
	done, err := zmpopFirst(c, &m)
	if err == nil && !done {
		waitFor(c, m.keys, engine.TypeZSet, until, Reply.NilArray)
	}
	return err
}

// zmpopFirst pops from the first key that is there and replies.
func zmpopFirst(c *Ctx, m *mpopArgs) (done bool, err error) {
	for _, key := range m.keys {
		z, err := c.DB.ZSetForUpdate(key)
		if err != nil {
			return false, err
		}
		if !z.Exists() {
			continue
		}
		var out scored
		popScored(&z, int(min(m.count, math.MaxInt32)), !m.first, &out)
		c.Reply.Array(2)
		c.Reply.Bulk(key)
		c.Reply.Array(len(out.members))
		for i, member := range out.members {
			c.Reply.Array(2)
			c.Reply.Bulk(member)
			c.Reply.Double(out.scores[i])
		}
		return true, nil
	}
	return false, nil
}
