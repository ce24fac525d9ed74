package command

import (
	"bytes"
	"math"
	"slices"

	"github.com/evald/evald/engine"
)

func zsetAlgebra() []Spec {
	logs := "O(N)+O(M*log(M)) with N being the sum of the sizes of the input sorted sets, and M being the number of elements in the resulting sorted set."
	inter := "O(N*K)+O(M*log(M)) worst case with N being the smallest input sorted set, K being the number of input sorted sets and M being the number of elements in the resulting sorted set."
	diff := "O(L + (N-K)log(N)) worst case where L is the total number of elements in all the sets, N is the size of the first set, and K is the size of the result set."
	weights := " [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]"
	read := func(name, complexity, summary, options string, do Handler) Spec {
		return Spec{Name: name, Arity: -3, Flags: ReadOnly, Keys: []KeySpec{keysCounted(1, RO|Access)}, Group: GroupSortedSet, Since: "6.2.0",
			Complexity: complexity, Summary: summary, Syntax: "numkeys key [key ...]" + options, Do: do}
	}
	store := func(name, since, complexity, summary, options string, do Handler) Spec {
		return Spec{Name: name, Arity: -4, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, OW|Update), keysCounted(2, RO|Access)}, Group: GroupSortedSet, Since: since,
			Complexity: complexity, Summary: summary, Syntax: "destination numkeys key [key ...]" + options, Do: do}
	}
	card := read("zintercard", "O(N*K) worst case with N being the smallest input sorted set, K being the number of input sorted sets.", "Returns the number of members of the intersect of multiple sorted sets.", " [LIMIT limit]", zintercard)
	card.Since = "7.0.0"
	return []Spec{
		read("zdiff", diff, "Returns the difference between multiple sorted sets.", " [WITHSCORES]", func(c *Ctx) error { return algebra(c, setDiff) }),
		store("zdiffstore", "6.2.0", diff, "Stores the difference of multiple sorted sets in a key.", "", func(c *Ctx) error { return algebraStore(c, setDiff, "zdiffstore") }),
		read("zinter", inter, "Returns the intersect of multiple sorted sets.", weights+" [WITHSCORES]", func(c *Ctx) error { return algebra(c, setInter) }),
		card,
		store("zinterstore", "2.0.0", inter, "Stores the intersect of multiple sorted sets in a key.", weights, func(c *Ctx) error { return algebraStore(c, setInter, "zinterstore") }),
		read("zunion", logs, "Returns the union of multiple sorted sets.", weights+" [WITHSCORES]", func(c *Ctx) error { return algebra(c, setUnion) }),
		store("zunionstore", "2.0.0", logs, "Stores the union of multiple sorted sets in a key.", weights, func(c *Ctx) error { return algebraStore(c, setUnion, "zunionstore") }),
	}
}

// setOp is union, intersection or difference.
type setOp uint8

const (
	setUnion setOp = iota
	setInter
	setDiff
)

// algebraArgs are the arguments of the ZUNION family.
type algebraArgs struct {
	sources []scoredSource
	weights []float64
	agg     func(a, b float64) float64
	scores  bool
	limit   int64
}

// scoredSource is a sorted set, or a set whose members all have score 1, as an operand.
type scoredSource struct {
	zset  engine.ZSet
	set   engine.Set
	isSet bool
}

func (s *scoredSource) len() int {
	if s.isSet {
		return s.set.Len()
	}
	return s.zset.Len()
}

func (s *scoredSource) score(m []byte) (float64, bool) {
	if s.isSet {
		return 1, s.set.Has(m)
	}
	return s.zset.Score(m)
}

func (s *scoredSource) each(f func(m []byte, score float64) bool) {
	if s.isSet {
		s.set.Each(func(m []byte) bool { return f(m, 1) })
		return
	}
	s.zset.Walk(0, s.zset.Len(), false, f)
}

// parseAlgebra reads numkeys at argument i, the keys, and the options that the operation takes.
func parseAlgebra(c *Ctx, i int, op setOp, store, card bool) (a algebraArgs, err error) {
	n, ok := ParseInt(c.Args[i])
	if !ok {
		return a, ErrNotInt
	}
	if n < 1 {
		return a, Error("ERR at least 1 input key is needed for '" + c.Spec.FullName() + "' command")
	}
	if n > int64(len(c.Args)-i-1) {
		return a, ErrSyntax
	}
	for _, key := range c.Args[i+1 : i+1+int(n)] {
		src, err := openSource(c, key)
		if err != nil {
			return a, err
		}
		a.sources = append(a.sources, src)
		a.weights = append(a.weights, 1)
	}
	a.agg = sumScores
	for i += 1 + int(n); i < len(c.Args); i++ {
		left := len(c.Args) - i - 1
		switch {
		case op != setDiff && !card && left >= int(n) && c.Is(i, "weights"):
			for j := range a.weights {
				i++
				w, ok := ParseFloat(c.Args[i])
				if !ok {
					return a, Error("ERR weight value is not a float")
				}
				a.weights[j] = w
			}
		case op != setDiff && !card && left >= 1 && c.Is(i, "aggregate"):
			i++
			switch {
			case c.Is(i, "sum"):
				a.agg = sumScores
			case c.Is(i, "min"):
				a.agg = lesserScore
			case c.Is(i, "max"):
				a.agg = greaterScore
			default:
				return a, ErrSyntax
			}
		case !store && !card && c.Is(i, "withscores"):
			a.scores = true
		case card && left >= 1 && c.Is(i, "limit"):
			i++
			if a.limit, ok = ParseInt(c.Args[i]); !ok || a.limit < 0 {
				return a, Error("ERR LIMIT can't be negative")
			}
		default:
			return a, ErrSyntax
		}
	}
	return a, nil
}

func openSource(c *Ctx, key []byte) (s scoredSource, err error) {
	if c.DB.Type(key) == engine.TypeSet {
		s.isSet = true
		s.set, err = c.DB.Set(key)
		return s, err
	}
	s.zset, err = c.DB.ZSet(key)
	return s, err
}

// sumScores adds; opposite infinities give 0, as in Redis.
func sumScores(a, b float64) float64 {
	if s := a + b; !math.IsNaN(s) {
		return s
	}
	return 0
}

// lesserScore and greaterScore keep the first of two zeros, whatever its sign.
func lesserScore(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func greaterScore(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

func weighted(w, s float64) float64 {
	if p := w * s; !math.IsNaN(p) {
		return p
	}
	return 0
}

// compute returns the result in score order.
func (a *algebraArgs) compute(op setOp) scored {
	var out scored
	switch op {
	case setUnion:
		a.union(&out)
	case setInter:
		a.inter(0, out.add)
	case setDiff:
		a.diff(&out)
	}
	out.sort()
	return out
}

func (a *algebraArgs) union(out *scored) {
	var index map[string]int // of out's members; nil while they are few enough to look through
	for _, i := range a.bySize() {
		before := len(out.members) // the members of one source differ: they can only be among those of the sources before
		if index == nil && before*a.sources[i].len() > maxLookedThrough {
			index = make(map[string]int, before+a.sources[i].len())
			for at, m := range out.members {
				index[string(m)] = at
			}
		}
		find := func(m []byte) int {
			if index == nil {
				return slices.IndexFunc(out.members[:before], func(o []byte) bool { return bytes.Equal(o, m) })
			}
			if at, ok := index[string(m)]; ok {
				return at
			}
			return -1
		}
		a.sources[i].each(func(m []byte, s float64) bool {
			s = weighted(a.weights[i], s)
			if at := find(m); at >= 0 {
				out.scores[at] = a.agg(out.scores[at], s)
				return true
			}
			if index != nil {
				index[string(m)] = len(out.members)
			}
			return out.add(m, s)
		})
	}
}

// maxLookedThrough is how many comparisons of members cost less than a map.
const maxLookedThrough = 256

// bySize returns the sources' indexes, the smallest first: the order of additions shows in the last digits.
func (a *algebraArgs) bySize() []int {
	order := make([]int, len(a.sources))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return a.sources[x].len() - a.sources[y].len() })
	return order
}

// inter calls f for the members of every source, walking the smallest, until it returns false.
func (a *algebraArgs) inter(limit int64, f func(m []byte, s float64) bool) {
	order := a.bySize()
	first := order[0]
	n := int64(0)
	a.sources[first].each(func(m []byte, s float64) bool {
		sum := weighted(a.weights[first], s)
		for _, i := range order[1:] {
			s, ok := a.sources[i].score(m)
			if !ok {
				return true
			}
			sum = a.agg(sum, a.weights[i]*s) // sic: only the first product may not be NaN
		}
		n++
		return f(m, sum) && (limit == 0 || n < limit)
	})
}

func (a *algebraArgs) diff(out *scored) {
	a.sources[0].each(func(m []byte, s float64) bool {
		for i := range a.sources[1:] {
			if _, ok := a.sources[i+1].score(m); ok {
				return true
			}
		}
		return out.add(m, s)
	})
}

// sort orders by score, then member.
func (s *scored) sort() {
	index := make([]int, len(s.members))
	for i := range index {
		index[i] = i
	}
	slices.SortFunc(index, func(x, y int) int {
		switch {
		case s.scores[x] < s.scores[y]:
			return -1
		case s.scores[x] > s.scores[y]:
			return 1
		}
		return bytes.Compare(s.members[x], s.members[y])
	})
	out := scored{members: make([][]byte, 0, len(index)), scores: make([]float64, 0, len(index))}
	for _, i := range index {
		out.members, out.scores = append(out.members, s.members[i]), append(out.scores, s.scores[i])
	}
	*s = out
}

func algebra(c *Ctx, op setOp) error {
	a, err := parseAlgebra(c, 1, op, false, false)
	if err != nil {
		return err
	}
	out := a.compute(op)
	w := pairWriter{c: c, scores: a.scores}
	w.begin(len(out.members))
	for i, m := range out.members {
		w.pair(m, out.scores[i])
	}
	return nil
}

func algebraStore(c *Ctx, op setOp, event string) error {
	a, err := parseAlgebra(c, 2, op, true, false)
	if err != nil {
		return err
	}
	out := a.compute(op)
	storeScored(c, c.Args[1], &out, event, 1)
	return nil
}

func zintercard(c *Ctx) error {
	a, err := parseAlgebra(c, 1, setInter, false, true)
	if err != nil {
		return err
	}
	n := int64(0)
	a.inter(a.limit, func([]byte, float64) bool { n++; return true })
	c.Reply.Int(n)
	return nil
}
