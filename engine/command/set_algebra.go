package command

import (
	"slices"

	"github.com/evald/evald/engine"
)

func setAlgebra() []Spec {
	read := func(name, complexity, summary string, op setOp) Spec {
		return Spec{Name: name, Arity: -2, Flags: ReadOnly, Keys: []KeySpec{keysFrom(1, -1, 1, RO|Access)}, Group: GroupSet, Since: "1.0.0",
			Complexity: complexity, Summary: summary, Syntax: "key [key ...]", Tips: []string{"nondeterministic_output_order"},
			Do: func(c *Ctx) error { return combineReply(c, op) }}
	}
	store := func(name, complexity, summary string, op setOp) Spec {
		return Spec{Name: name, Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, OW|Update), keysFrom(2, -1, 1, RO|Access)}, Group: GroupSet, Since: "1.0.0",
			Complexity: complexity, Summary: summary, Syntax: "destination key [key ...]", Do: func(c *Ctx) error { return combineStore(c, op, name) }}
	}
	all := "O(N) where N is the total number of elements in all given sets."
	worst := "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets."
	inter := store("sinterstore", worst, "Stores the intersect of multiple sets in a key.", setInter)
	inter.Keys[0].Use = RW | Update // sic
	return []Spec{
		read("sdiff", all, "Returns the difference of multiple sets.", setDiff),
		store("sdiffstore", all, "Stores the difference of multiple sets in a key.", setDiff),
		read("sinter", worst, "Returns the intersect of multiple sets.", setInter),
		{Name: "sintercard", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{keysCounted(1, RO|Access)}, Group: GroupSet, Since: "7.0.0",
			Complexity: worst, Summary: "Returns the number of members of the intersect of multiple sets.", Syntax: "numkeys key [key ...] [LIMIT limit]", Do: sintercard},
		inter,
		read("sunion", all, "Returns the union of multiple sets.", setUnion),
		store("sunionstore", all, "Stores the union of multiple sets in a key.", setUnion),
	}
}

func openSets(c *Ctx, keys [][]byte) ([]engine.Set, error) {
	sets := make([]engine.Set, 0, len(keys))
	for _, key := range keys {
		s, err := c.DB.Set(key)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// combine calls f for every member of the union, intersection or difference until it returns false.
func combine(sets []engine.Set, op setOp, f func(m []byte) bool) {
	switch op {
	case setUnion:
		seen := map[string]struct{}{}
		for i := range sets {
			sets[i].Each(func(m []byte) bool {
				if _, ok := seen[string(m)]; ok {
					return true
				}
				seen[string(m)] = struct{}{}
				return f(m)
			})
		}
	case setInter:
		sets = slices.Clone(sets)
		slices.SortStableFunc(sets, func(a, b engine.Set) int { return a.Len() - b.Len() })
		sets[0].Each(func(m []byte) bool {
			for i := range sets[1:] {
				if !sets[i+1].Has(m) {
					return true
				}
			}
			return f(m)
		})
	case setDiff:
		sets[0].Each(func(m []byte) bool {
			for i := range sets[1:] {
				if sets[i+1].Has(m) {
					return true
				}
			}
			return f(m)
		})
	}
}

func combineReply(c *Ctx, op setOp) error {
	sets, err := openSets(c, c.Args[1:])
	if err != nil {
		return err
	}
	mark, n := c.Reply.DeferSet(), 0
	combine(sets, op, func(m []byte) bool { c.Reply.Bulk(m); n++; return true })
	c.Reply.EndSet(mark, n)
	return nil
}

func combineStore(c *Ctx, op setOp, event string) error {
	sets, err := openSets(c, c.Args[2:])
	if err != nil {
		return err
	}
	var members [][]byte
	combine(sets, op, func(m []byte) bool { members = append(members, append([]byte(nil), m...)); return true })
	key := c.Args[1]
	if len(members) == 0 {
		deleteKey(c, key)
		c.Reply.Int(0)
		return nil
	}
	c.DB.Discard(key)
	s, err := c.DB.SetForUpdate(key)
	if err != nil {
		panic("command: a deleted key has a type")
	}
	for _, m := range members {
		s.Add(m)
	}
	s.Finish(engine.EventSet, event, 1)
	c.Reply.Int(int64(len(members)))
	return nil
}

// sintercard counts the intersection. SINTERCARD numkeys key [key ...] [LIMIT limit]
func sintercard(c *Ctx) error {
	n, ok := ParseInt(c.Args[1])
	if !ok || n <= 0 {
		return ErrNumkeys
	}
	if n > int64(len(c.Args)-2) {
		return Error("ERR Number of keys can't be greater than number of args")
	}
	limit := int64(0)
	for i := 2 + int(n); i < len(c.Args); i++ {
		if !c.Is(i, "limit") || i+1 >= len(c.Args) {
			return ErrSyntax
		}
		i++
		if limit, ok = ParseInt(c.Args[i]); !ok || limit < 0 {
			return Error("ERR LIMIT can't be negative")
		}
	}
	sets, err := openSets(c, c.Args[2:2+n])
	if err != nil {
		return err
	}
	count := int64(0)
	combine(sets, setInter, func([]byte) bool { count++; return limit == 0 || count < limit })
	c.Reply.Int(count)
	return nil
}
