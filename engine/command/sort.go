package command

import (
	"bytes"
	"slices"

	"github.com/evald/evald/engine"
)

const (
	sortByNotes    = "For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort"
	sortStoreNotes = "For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array"
)

func sortSpecs() []Spec {
	complexity := "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N)."
	syntax := "key [BY pattern] [LIMIT offset count] [GET pattern [GET pattern ...]] [ASC | DESC] [ALPHA]"
	return []Spec{
		{Name: "sort", Arity: -2, Flags: Write | DenyOOM, Categories: "-group set sortedset list dangerous",
			Keys: []KeySpec{keyAt(1, RO|Access), {Use: RO | Access | NotKey | Incomplete, Notes: sortByNotes}, {Use: OW | Update | NotKey | Incomplete, Notes: sortStoreNotes}}, Group: GroupGeneric, Since: "1.0.0",
			Complexity: complexity, Summary: "Sorts the elements in a list, a set, or a sorted set, optionally storing the result.", Syntax: syntax + " [STORE destination]", Do: sortCmd},
		{Name: "sort_ro", Arity: -2, Flags: ReadOnly, Categories: "-group set sortedset list dangerous", Keys: []KeySpec{keyAt(1, RO|Access), {Use: RO | Access | NotKey | Incomplete, Notes: sortByNotes}},
			Group: GroupGeneric, Since: "7.0.0", Complexity: complexity, Summary: "Returns the sorted elements of a list, a set, or a sorted set.", Syntax: syntax, Do: sortCmd},
	}
}

// sortArgs are the options of SORT.
type sortArgs struct {
	desc, alpha, noSort bool
	limited             bool
	offset, count       int64
	by                  []byte
	get                 [][]byte
	store               []byte
}

func parseSort(c *Ctx) (o sortArgs, err error) {
	for i := 2; i < len(c.Args); i++ {
		left := len(c.Args) - i - 1
		switch {
		case c.Is(i, "asc"):
			o.desc = false
		case c.Is(i, "desc"):
			o.desc = true
		case c.Is(i, "alpha"):
			o.alpha = true
		case c.Is(i, "limit") && left >= 2:
			if o.offset, err = c.Int(i + 1); err != nil {
				return o, err
			}
			if o.count, err = c.Int(i + 2); err != nil {
				return o, err
			}
			o.limited = true
			i += 2
		case c.Is(i, "store") && left >= 1 && c.Spec.Name == "sort":
			i++
			o.store = c.Args[i]
		case c.Is(i, "by") && left >= 1:
			i++
			o.by = c.Args[i]
			o.noSort = bytes.IndexByte(o.by, '*') < 0
		case c.Is(i, "get") && left >= 1:
			i++
			o.get = append(o.get, c.Args[i])
		default:
			return o, ErrSyntax
		}
	}
	return o, nil
}

// sortItem is an element with what it is compared by.
type sortItem struct {
	elem   []byte
	weight []byte // alpha; nil: the key named by BY is missing
	score  float64
}

// sortCmd is SORT and SORT_RO.
func sortCmd(c *Ctx) error {
	o, err := parseSort(c)
	if err != nil {
		return err
	}
	elems, isSet, err := sortSource(c, &o)
	if err != nil {
		return err
	}
	items := make([]sortItem, len(elems))
	for i, e := range elems {
		items[i].elem = e
	}
	// A set's order is no order: to store it unsorted would differ from run to run, so Redis sorts it by bytes.
	if o.noSort && isSet && (o.store != nil || c.Mode&InScript != 0) {
		o.noSort, o.alpha, o.by = false, true, nil
	}
	if !o.noSort {
		if err := o.weigh(c, items); err != nil {
			return err
		}
		slices.SortStableFunc(items, o.compare)
	}
	if o.limited {
		from, to := o.window(len(items))
		items = items[from:to]
	}
	o.reply(c, items)
	return nil
}

// sortSource returns copies of the elements; sorted sets come in their order, from the end under DESC.
func sortSource(c *Ctx, o *sortArgs) (elems [][]byte, isSet bool, err error) {
	keep := func(b []byte) bool { elems = append(elems, append([]byte{}, b...)); return true }
	key := c.Args[1]
	switch c.DB.Type(key) {
	case engine.TypeNone:
		c.DB.Exists(key) // counts the miss
	case engine.TypeList:
		l, _ := c.DB.List(key)
		l.Walk(0, l.Len(), false, keep)
	case engine.TypeSet:
		s, _ := c.DB.Set(key)
		s.Each(keep)
		isSet = true
	case engine.TypeZSet:
		z, _ := c.DB.ZSet(key)
		from := 0
		if o.desc && o.noSort {
			from = z.Len() - 1
		}
		z.Walk(from, z.Len(), o.desc && o.noSort, func(m []byte, _ float64) bool { return keep(m) })
	default:
		return nil, false, ErrWrongType
	}
	return elems, isSet, nil
}

// weigh looks up what each element is compared by.
func (o *sortArgs) weigh(c *Ctx, items []sortItem) error {
	for i := range items {
		it := &items[i]
		w, ok := it.elem, true
		if o.by != nil {
			w, ok = lookupPattern(c, o.by, it.elem)
		}
		switch {
		case !ok:
		case o.alpha:
			it.weight = w
			if w == nil {
				it.weight = []byte{}
			}
		default:
			w = cNumber(w)
			f, valid := ParseFloat(w)
			if !valid && len(w) > 0 {
				return Error("ERR One or more scores can't be converted into double")
			}
			it.score = f
		}
	}
	return nil
}

func (o *sortArgs) compare(a, b sortItem) int {
	d := 0
	switch {
	case !o.alpha && a.score != b.score:
		if d = 1; a.score < b.score {
			d = -1
		}
	case !o.alpha:
		d = bytes.Compare(a.elem, b.elem) // equal scores: by the elements, so that the order is one
	case o.by != nil && (a.weight == nil || b.weight == nil):
		switch {
		case a.weight == nil && b.weight != nil:
			d = -1
		case a.weight != nil:
			d = 1
		}
	default:
		d = bytes.Compare(a.weight, b.weight)
	}
	if o.desc {
		return -d
	}
	return d
}

func (o *sortArgs) window(n int) (from, to int) {
	l := int64(n)
	start := max(o.offset, 0)
	end := l
	if o.count >= 0 && o.count < l-start {
		end = start + o.count
	}
	if start >= l {
		return n, n
	}
	return int(start), int(max(end, start))
}

// reply replies or stores the elements, or what the GET patterns make of them.
func (o *sortArgs) reply(c *Ctx, items []sortItem) {
	var out [][]byte // nil: null
	for _, it := range items {
		if len(o.get) == 0 {
			out = append(out, it.elem)
		}
		for _, pattern := range o.get {
			v, ok := lookupPattern(c, pattern, it.elem)
			if ok && v == nil {
				v = []byte{}
			}
			out = append(out, v)
		}
	}
	if o.store == nil {
		c.Reply.Array(len(out))
		for _, v := range out {
			bulkOrNil(c, v, v != nil)
		}
		return
	}
	if len(out) == 0 {
		deleteKey(c, o.store)
		c.Reply.Int(0)
		return
	}
	c.DB.Discard(o.store)
	l, err := c.DB.ListForUpdate(o.store)
	if err != nil {
		panic("command: a deleted key has a type")
	}
	for _, v := range out {
		l.PushTail(v)
	}
	l.Finish(engine.EventList, "sortstore", len(out))
	c.Reply.Int(int64(len(out)))
}

// lookupPattern returns a copy of the value that a BY or GET pattern names for an element: "#" is the element itself, "key*" a string,
// "key*->field" a field of a hash. ok is false if there is none.
func lookupPattern(c *Ctx, pattern, elem []byte) (v []byte, ok bool) {
	if string(pattern) == "#" {
		return elem, true
	}
	star := bytes.IndexByte(pattern, '*')
	if star < 0 {
		return nil, false
	}
	var field []byte
	if arrow := bytes.Index(pattern[star+1:], []byte("->")); arrow >= 0 && star+1+arrow+2 < len(pattern) {
		field = pattern[star+1+arrow+2:]
		pattern = pattern[:star+1+arrow]
	}
	key := append(append(append([]byte(nil), pattern[:star]...), elem...), pattern[star+1:]...)
	var scratch [20]byte
	if field == nil {
		b, ok, err := c.DB.String(key, scratch[:])
		return append([]byte(nil), b...), ok && err == nil
	}
	h, err := c.DB.Hash(key)
	if err != nil {
		return nil, false
	}
	b, ok := h.Get(field, scratch[:])
	return append([]byte(nil), b...), ok
}
