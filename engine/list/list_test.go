// Tests of the list against a slice, of the reported changes against a table of rows, and that the ends allocate nothing.
package list

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// store is what durable rows would be: it learns only from reported changes.
type store struct {
	rows map[int64]string
	undo []change
	t    testing.TB
}

type change struct {
	pos     int64
	old     string
	existed bool
}

// note checks a report against the rows as they are, and remembers it.
func (st *store) note(pos int64, old []byte, existed bool) {
	st.undo = append(st.undo, change{pos, string(old), existed})
}

// catchUp writes the rows of all reported positions.
func (st *store) catchUp(l *List) {
	seen := map[int64]bool{}
	for _, c := range st.undo {
		if row, ok := st.rows[c.pos]; !seen[c.pos] && (ok != c.existed || row != c.old) {
			st.t.Fatalf("position %d reported as %q %v, the row is %q %v", c.pos, c.old, c.existed, row, ok)
		}
		seen[c.pos] = true
	}
	for pos := range seen {
		if elem, ok := l.AtPos(pos); ok {
			st.rows[pos] = string(elem)
		} else {
			delete(st.rows, pos)
		}
	}
	st.undo = st.undo[:0]
}

// back undoes all reported changes.
func (st *store) back(l *List) {
	for _, c := range slices.Backward(st.undo) {
		if c.existed {
			l.PutPos(c.pos, []byte(c.old))
		} else if !l.DropPos(c.pos) {
			st.t.Fatalf("position %d was reported as new and is not there", c.pos)
		}
	}
	st.undo = st.undo[:0]
}

// same compares the list with the model in both directions, and with the rows.
func same(t testing.TB, l *List, model []string, st *store) {
	t.Helper()
	if err := l.Check(); err != nil {
		t.Fatal(err)
	}
	if l.Len() != len(model) {
		t.Fatalf("Len %d, want %d", l.Len(), len(model))
	}
	c := l.Seek(0)
	for i, s := range model {
		if !c.Valid() || string(c.Bytes()) != s || c.Index() != i {
			t.Fatalf("index %d: want %.20q", i, s)
		}
		if st != nil && st.rows[c.Pos()] != s {
			t.Fatalf("index %d: row %d is %.20q, want %.20q", i, c.Pos(), st.rows[c.Pos()], s)
		}
		c.Next()
	}
	if c.Valid() {
		t.Fatal("more elements than there are")
	}
	c = l.Seek(len(model) - 1)
	for i := len(model) - 1; i >= 0; i-- {
		if !c.Elem().Equal([]byte(model[i])) || c.Index() != i {
			t.Fatalf("backwards, index %d: want %.20q", i, model[i])
		}
		c.Prev()
	}
	if c.Valid() || st != nil && len(st.rows) != len(model) {
		t.Fatalf("too many elements backwards, or %d rows for %d elements", len(st.rows), len(model))
	}
}

func element(r *rand.Rand) string {
	switch r.IntN(20) {
	case 0:
		return strings.Repeat("L", r.IntN(9000))
	case 1, 2, 3:
		return fmt.Sprint(r.Int64() >> r.IntN(64))
	case 4:
		return ""
	}
	return strings.Repeat(string(rune('a'+r.IntN(6))), r.IntN(60))
}

// mutate makes one random change to both and returns the model.
func mutate(t testing.TB, l *List, m []string, r *rand.Rand, grow int, ch Changes) []string {
	elem := element(r)
	i := 0
	if len(m) > 0 {
		i = r.IntN(len(m))
	}
	switch op := r.IntN(12 + grow); {
	case op == 0 || op == 1:
		pop, k := l.PopHead, 0
		if op == 1 {
			pop, k = l.PopTail, len(m)-1
		}
		got, ok := pop([]byte("x"), ch)
		if ok != (len(m) > 0) || ok && string(got) != "x"+m[k] {
			t.Fatalf("popped %.20q %v", got, ok)
		}
		if ok {
			m = slices.Delete(m, k, k+1)
		}
	case op == 2 && len(m) > 0:
		l.Set(i, []byte(elem), ch)
		m[i] = elem
	case op == 3 || op == 4:
		if op == 4 && len(m) > 0 {
			elem = m[i]
		}
		m = remove(t, l, m, elem, r.IntN(7)-3, ch)
	case op == 5 && r.IntN(8) == 0:
		to := i + r.IntN(200) - 2
		l.DeleteRange(i, to, ch)
		if to >= i && len(m) > 0 {
			m = slices.Delete(m, i, min(to+1, len(m)))
		}
	case op == 6 && r.IntN(50) == 0:
		to := len(m) - 1 - r.IntN(20)
		l.Trim(i/8, to, ch)
		if i/8 > to {
			m = m[:0]
		} else {
			m = slices.Clone(m[i/8 : to+1])
		}
	case op == 7:
		l.PushHead([]byte(elem), ch)
		m = slices.Insert(m, 0, elem)
	case op == 8:
		l.PushTail([]byte(elem), ch)
		m = append(m, elem)
	default:
		if r.IntN(2) == 0 {
			i = min(len(m), 3) // often at the same place
		}
		l.Insert(i, []byte(elem), ch)
		m = slices.Insert(m, i, elem)
	}
	return m
}

func remove(t testing.TB, l *List, m []string, elem string, count int, ch Changes) []string {
	var at []int
	for i, s := range m {
		if s == elem {
			at = append(at, i)
		}
	}
	if count < 0 {
		at = at[max(0, len(at)+count):]
	} else if count > 0 {
		at = at[:min(count, len(at))]
	}
	if got := l.Remove([]byte(elem), count, ch); got != len(at) {
		t.Fatalf("Remove(%.20q, %d) = %d, want %d", elem, count, got, len(at))
	}
	for _, i := range slices.Backward(at) {
		m = slices.Delete(m, i, i+1)
	}
	return m
}

func TestAgainstSlice(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 5))
		l, st := New(), &store{rows: map[int64]string{}, t: t}
		var m []string
		if seed%2 == 1 { // a long list from the start
			for range 4000 {
				m = append(m, element(r))
				l.PushTail([]byte(m[len(m)-1]), st.note)
			}
			st.catchUp(l)
		}
		for step := range 3000 {
			grow := 6
			if step/700%2 == 1 {
				grow = 0
			}
			if r.IntN(5) == 0 { // a unit of several changes, taken back
				copied := slices.Clone(m)
				for range r.IntN(5) {
					m = mutate(t, l, m, r, grow, st.note)
				}
				st.back(l)
				m = copied
			}
			m = mutate(t, l, m, r, grow, st.note)
			st.catchUp(l)
			if step%97 == 0 {
				same(t, l, m, st)
				probe(t, l, m, r)
			}
		}
		same(t, l, m, st)
		same(t, reload(t, st), m, st)
	}
}

func probe(t testing.TB, l *List, m []string, r *rand.Rand) {
	for range 20 {
		i := r.IntN(len(m) + 1)
		got, ok := l.At(i)
		if ok != (i < len(m)) || ok && string(got) != m[i] {
			t.Fatalf("At(%d)", i)
		}
		if got, ok = l.At(-i); i > 0 && (!ok || string(got) != m[len(m)-i]) {
			t.Fatalf("At(%d)", -i)
		}
		if i == len(m) {
			continue
		}
		from := r.IntN(len(m))
		want := slices.Index(m[from:], m[i])
		if want >= 0 {
			want += from
		}
		if got := l.Find([]byte(m[i]), from); got != want {
			t.Fatalf("Find(%.20q, %d) = %d, want %d", m[i], from, got, want)
		}
		for want = from; want >= 0 && m[want] != m[i]; want-- {
		}
		if got := l.FindBack([]byte(m[i]), from); got != want {
			t.Fatalf("FindBack(%.20q, %d) = %d, want %d", m[i], from, got, want)
		}
	}
}

func reload(t testing.TB, st *store) *List {
	var order []int64
	for pos := range st.rows {
		order = append(order, pos)
	}
	slices.Sort(order)
	l := New()
	for _, pos := range order {
		if err := l.LoadAppend(pos, []byte(st.rows[pos])); err != nil {
			t.Fatal(err)
		}
	}
	if len(order) > 0 && l.LoadAppend(order[len(order)-1], nil) == nil {
		t.Fatal("a position was loaded twice")
	}
	return l
}

// TestSamePlace inserts before one element until the room is used up many times over, and counts the rows rewritten.
func TestSamePlace(t *testing.T) {
	l, st := New(), &store{rows: map[int64]string{}, t: t}
	var m []string
	for i := range 3000 {
		m = append(m, fmt.Sprint("element ", i))
		l.PushTail([]byte(m[i]), st.note)
	}
	st.catchUp(l)
	reported, most := 0, 0
	const inserts = 20_000
	for i := range inserts {
		s := fmt.Sprint("new ", i)
		l.Insert(1500, []byte(s), st.note)
		m = slices.Insert(m, 1500, s)
		reported += len(st.undo)
		most = max(most, len(st.undo))
		st.catchUp(l)
	}
	same(t, l, m, st)
	t.Logf("%.1f rows an insertion, %d at most", float64(reported)/inserts, most)
	if reported > 20*inserts {
		t.Errorf("%d rows rewritten by %d insertions", reported, inserts)
	}
}

// TestEndOfRange pushes where the positions have come to the end of int64: everything is numbered anew.
func TestEndOfRange(t *testing.T) {
	for _, edge := range []int64{math.MaxInt64 - 5, math.MinInt64 + 5} {
		l, st := New(), &store{rows: map[int64]string{}, t: t}
		m := []string{"a", "b"}
		for i, s := range m {
			pos := edge + int64(i)
			st.rows[pos] = s
			if err := l.LoadAppend(pos, []byte(s)); err != nil {
				t.Fatal(err)
			}
		}
		l.PushTail([]byte("tail"), st.note)
		st.catchUp(l)
		l.PushHead([]byte("head"), st.note)
		st.catchUp(l)
		l.Insert(2, []byte("middle"), st.note)
		st.catchUp(l)
		same(t, l, []string{"head", "a", "middle", "b", "tail"}, st)
	}
	l, st := New(), &store{rows: map[int64]string{}, t: t}
	l.PutPos(math.MaxInt64, []byte("z"))
	l.PutPos(math.MinInt64, []byte("a"))
	st.rows[math.MaxInt64], st.rows[math.MinInt64] = "z", "a"
	l.Insert(1, []byte("m"), st.note)
	st.catchUp(l)
	same(t, l, []string{"a", "m", "z"}, st)
}

func FuzzAgainstSlice(f *testing.F) {
	f.Add(uint64(1), uint16(500))
	f.Fuzz(func(t *testing.T, seed uint64, steps uint16) {
		r := rand.New(rand.NewPCG(seed, 6))
		l, st := New(), &store{rows: map[int64]string{}, t: t}
		var m []string
		for range steps % 2000 {
			m = mutate(t, l, m, r, 4, st.note)
			st.catchUp(l)
		}
		same(t, l, m, st)
	})
}

func TestAllocs(t *testing.T) {
	l := New()
	elem := []byte("an element of a list")
	for range 5000 {
		l.PushTail(elem, nil)
	}
	buf := make([]byte, 0, 64)
	i := 0
	ch := Changes(func(int64, []byte, bool) {})
	for name, fn := range map[string]func(){
		"At":    func() { l.At(i) },
		"Set":   func() { l.Set(i, elem, ch) },
		"Stack": func() { l.PushHead(elem, ch); buf, _ = l.PopHead(buf[:0], ch) },
		"Walk": func() {
			c := l.Seek(i)
			for range 10 {
				c.Bytes()
				c.Next()
			}
		},
		"AtPos": func() { l.AtPos(int64(i) * stride) },
	} {
		i = 0
		if n := testing.AllocsPerRun(4000, func() { fn(); i++ }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	// A queue lays its array of chunks out anew once in thousands of operations.
	if n := testing.AllocsPerRun(10, func() {
		for range 10_000 {
			l.PushTail(elem, ch)
			buf, _ = l.PopHead(buf[:0], ch)
		}
	}); n > 20 {
		t.Errorf("queue: %v allocations in 10000 pushes and pops", n)
	}
}

func TestBytesPerElement(t *testing.T) {
	l := New()
	for i := range 100_000 {
		l.PushTail(fmt.Append(nil, "element:", i), nil)
	}
	per := float64(l.MemUsage()) / 100_000
	t.Logf("%.1f bytes per element of 13 bytes", per)
	if per > 16.5 {
		t.Errorf("%.1f bytes per element of 13 bytes", per)
	}
}

func BenchmarkMillion(b *testing.B) {
	l := New()
	elem := []byte("an element of a list")
	const n = 1_000_000
	for range n {
		l.PushTail(elem, nil)
	}
	buf := make([]byte, 0, 64)
	r := rand.New(rand.NewPCG(1, 1))
	run := func(name string, fn func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fn()
			}
		})
	}
	run("At", func() { l.At(r.IntN(n)) })
	run("Set", func() { l.Set(r.IntN(n), elem, nil) })
	run("Queue", func() { l.PushTail(elem, nil); buf, _ = l.PopHead(buf[:0], nil) })
	run("QueueBack", func() { l.PushHead(elem, nil); buf, _ = l.PopTail(buf[:0], nil) })
	run("Insert", func() { l.Insert(r.IntN(n), elem, nil) })
	run("Range100", func() {
		c := l.Seek(r.IntN(n - 100))
		for range 100 {
			c.Bytes()
			c.Next()
		}
	})
}
