package command

import (
	"math"

	"github.com/evald/evald/engine"
)

// Sets declares the set commands.
func Sets() []Spec {
	read := func(name string, arity int, flags Flags, since, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: ReadOnly | flags, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupSet, Since: since,
			Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	write := func(name string, arity int, flags Flags, use KeyUse, since, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: Write | flags, Keys: []KeySpec{keyAt(1, RW|use)}, Group: GroupSet, Since: since,
			Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	random := read("srandmember", -2, 0, "1.0.0", "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.", "Get one or multiple random members from a set", "key [count]", srandmember)
	random.Tips = []string{"nondeterministic_output"}
	pop := write("spop", -2, Fast, Access|Delete, "1.0.0", "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.", "Returns one or more random members from a set after removing them. Deletes the set if the last member was popped.", "key [count]", spop)
	pop.Tips = []string{"nondeterministic_output"}
	scan := read("sscan", -3, 0, "2.8.0", "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
		"Iterates over members of a set.", "key cursor [MATCH pattern] [COUNT count]", sscan)
	scan.Tips = []string{"nondeterministic_output"}
	members := read("smembers", 2, 0, "1.0.0", "O(N) where N is the set cardinality.", "Returns all members of a set.", "key", smembers)
	members.Tips = []string{"nondeterministic_output_order"}
	return append([]Spec{
		write("sadd", -3, DenyOOM|Fast, Insert, "1.0.0", "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.", "Adds one or more members to a set. Creates the key if it doesn't exist.", "key member [member ...]", sadd),
		aboutKey(read("scard", 2, Fast, "1.0.0", "O(1)", "Returns the number of members in a set.", "key", scard)),
		aboutKey(read("sismember", 3, Fast, "1.0.0", "O(1)", "Determines whether a member belongs to a set.", "key member", sismember)),
		members,
		read("smismember", -3, Fast, "6.2.0", "O(N) where N is the number of elements being checked for membership", "Determines whether multiple members belong to a set.", "key member [member ...]", smismember),
		{Name: "smove", Arity: 4, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Delete), keyAt(2, RW|Insert)}, Group: GroupSet, Since: "1.0.0", Complexity: "O(1)",
			Summary: "Moves a member from one set to another.", Syntax: "source destination member", Do: smove},
		pop,
		random,
		write("srem", -3, Fast, Delete, "1.0.0", "O(N) where N is the number of members to be removed.", "Removes one or more members from a set. Deletes the set if the last member was removed.", "key member [member ...]", srem),
		scan,
	}, setAlgebra()...)
}

func sadd(c *Ctx) error {
	s, err := c.DB.SetForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	n := 0
	for _, m := range c.Args[2:] {
		if s.Add(m) {
			n++
		}
	}
	if n > 0 {
		s.Finish(engine.EventSet, "sadd", n)
	}
	c.Reply.Int(int64(n))
	return nil
}

func srem(c *Ctx) error {
	s, err := c.DB.SetForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	n := 0
	for _, m := range c.Args[2:] {
		if s.Remove(m) {
			n++
		}
	}
	if n > 0 {
		s.Finish(engine.EventSet, "srem", n)
	}
	c.Reply.Int(int64(n))
	return nil
}

func scard(c *Ctx) error {
	s, err := c.DB.Set(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Int(int64(s.Len()))
	return nil
}

func sismember(c *Ctx) error {
	s, err := c.DB.Set(c.Args[1])
	if err != nil {
		return err
	}
	replyFlag(c, s.Has(c.Args[2]))
	return nil
}

func smismember(c *Ctx) error {
	s, err := c.DB.Set(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, m := range c.Args[2:] {
		replyFlag(c, s.Has(m))
	}
	return nil
}

func smembers(c *Ctx) error {
	s, err := c.DB.Set(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Set(s.Len())
	s.Each(func(m []byte) bool { c.Reply.Bulk(m); return true })
	return nil
}

func smove(c *Ctx) error {
	from, to, m := c.Args[1], c.Args[2], c.Args[3]
	src, err := c.DB.SetForUpdate(from)
	if err != nil {
		return err
	}
	if !src.Exists() {
		c.Reply.Int(0)
		return nil
	}
	dst, err := c.DB.SetForUpdate(to)
	if err != nil {
		return err
	}
	if string(from) == string(to) {
		replyFlag(c, src.Has(m))
		return nil
	}
	if !src.Remove(m) {
		c.Reply.Int(0)
		return nil
	}
	src.Finish(engine.EventSet, "srem", 1)
	if dst, err = c.DB.SetForUpdate(to); err != nil {
		panic("command: a set changed its type")
	}
	if dst.Add(m) {
		dst.Finish(engine.EventSet, "sadd", 1)
	}
	c.Reply.Int(1)
	return nil
}

func sscan(c *Ctx) error {
	cursor, err := parseCursor(c.Args[2])
	if err != nil {
		return err
	}
	s, err := c.DB.Set(c.Args[1])
	if err != nil {
		return err
	}
	if !s.Exists() {
		emptyScan(c)
		return nil
	}
	o, err := parseScan(c, cursor, 3)
	if err != nil {
		return err
	}
	scanReply(c, &o, func(cursor uint64, n *int) (next uint64, seen int) {
		next = s.Scan(cursor, func(m []byte) {
			seen++
			if o.wants(m) {
				c.Reply.Bulk(m)
				*n++
			}
		})
		return next, seen
	})
	return nil
}

// srandmember replies random members: distinct ones for a positive count, independent draws for a negative one.
// SRANDMEMBER key [count]
func srandmember(c *Ctx) error {
	if len(c.Args) > 3 {
		return ErrSyntax
	}
	count := int64(1)
	if len(c.Args) == 3 {
		var err error
		if count, err = c.Int(2); err != nil {
			return err
		}
		if count == math.MinInt64 {
			return errRandomRange
		}
	}
	s, err := c.DB.Set(c.Args[1])
	if err != nil {
		return err
	}
	switch {
	case len(c.Args) == 2 && !s.Exists():
		c.Reply.Nil()
	case len(c.Args) == 2:
		s.Random(c.Reply.Bulk)
	case !s.Exists() || count == 0:
		c.Reply.Array(0)
	case count < 0:
		c.Reply.Array(int(-count))
		repeat(c, -count, func() { s.Random(c.Reply.Bulk) })
	default:
		left := int64(s.Len())
		count = min(count, left)
		c.Reply.Array(int(count))
		if drawsFew(count, left) {
			drawDistinct(count, func(keep func([]byte) bool) {
				s.Random(func(m []byte) {
					if keep(m) {
						c.Reply.Bulk(m)
					}
				})
			})
			return nil
		}
		s.Each(func(m []byte) bool {
			if int64(c.KS.Random()%uint64(left)) < count { // selection sampling
				c.Reply.Bulk(m)
				count--
			}
			left--
			return count > 0
		})
	}
	return nil
}

// spop takes random members out. SPOP key [count]
func spop(c *Ctx) error {
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
	s, err := c.DB.SetForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	if len(c.Args) == 2 {
		if !s.Exists() {
			c.Reply.Nil()
			return nil
		}
		m := popMember(c, &s)
		s.Finish(engine.EventSet, "spop", 1)
		c.Reply.Bulk(m)
		return nil
	}
	n := min(count, int64(s.Len()))
	c.Reply.Set(int(n))
	if n == 0 {
		return nil
	}
	for range n {
		c.Reply.Bulk(popMember(c, &s))
	}
	s.Finish(engine.EventSet, "spop", int(n))
	return nil
}

// popMember removes a random member and returns a copy of it.
func popMember(c *Ctx, s *engine.Set) (m []byte) {
	s.Random(func(b []byte) { m = append(c.scratch[:0], b...) })
	s.Remove(m)
	return m
}
