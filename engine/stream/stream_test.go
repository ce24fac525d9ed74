// Tests of streams against a naive model: a sorted slice of entries and maps.

package stream

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func pairs(s ...string) [][]byte {
	out := make([][]byte, len(s))
	for i := range s {
		out[i] = []byte(s[i])
	}
	return out
}

// dump renders everything a stream holds but its node layout.
func dump(s *Stream) string {
	var b strings.Builder
	m := s.Meta()
	fmt.Fprintf(&b, "len=%d first=%v last=%v maxdel=%v added=%d\n", s.Len(), s.FirstID(), m.LastID, m.MaxDeletedID, m.EntriesAdded)
	for it := s.Range(ID{}, MaxID, false); it.Next(); {
		fmt.Fprintf(&b, "%v", it.ID())
		for it.NextPair() {
			fmt.Fprintf(&b, " %q=%q", it.Name(), it.Value())
		}
		b.WriteByte('\n')
	}
	for _, g := range s.Groups() {
		fmt.Fprintf(&b, "group %q %v %d\n", g.Name, g.LastID, g.EntriesRead)
		for _, c := range g.Consumers() {
			fmt.Fprintf(&b, "  consumer %q %d %d:", c.Name, c.SeenTime, c.ActiveTime)
			for p, ok := g.NextPendingOf(c, ID{}); ok; p, ok = g.NextPendingOf(c, next(p.ID)) {
				fmt.Fprintf(&b, " %v", p.ID)
			}
			b.WriteByte('\n')
		}
		for p, ok := g.NextPending(ID{}); ok; p, ok = g.NextPending(next(p.ID)) {
			fmt.Fprintf(&b, "  %v %q %d %d\n", p.ID, p.Consumer.Name, p.Time, p.Count)
		}
	}
	return b.String()
}

func next(id ID) ID {
	id, _ = id.Next()
	return id
}

func mustCheck(t testing.TB, s *Stream) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
}

// modelEntry is an entry of the naive model.
type modelEntry struct {
	id    ID
	pairs [][]byte
}

// editor drives a stream and the model with the same random steps; every step is undone and redone on the way.
type editor struct {
	t      testing.TB
	r      *rand.Rand
	s      *Stream
	model  []modelEntry
	limits Limits
	now    int64
}

func (e *editor) pairs() [][]byte {
	switch e.r.IntN(5) {
	case 0:
		return pairs("name", fmt.Sprint(e.r.IntN(1000)), "other", strings.Repeat("v", e.r.IntN(300)))
	case 1:
		return pairs(fmt.Sprint(e.r.IntN(3)), fmt.Sprint(e.r.Int64()-1<<62))
	}
	return pairs("temperature", fmt.Sprint(e.r.IntN(50)), "place", "x")
}

func (e *editor) randomID() ID {
	if len(e.model) == 0 || e.r.IntN(8) == 0 {
		return ID{e.r.Uint64N(uint64(e.now) + 2), e.r.Uint64N(3)}
	}
	return e.model[e.r.IntN(len(e.model))].id
}

func (e *editor) index(id ID) (int, bool) {
	return slices.BinarySearchFunc(e.model, id, func(m modelEntry, id ID) int { return m.id.Compare(id) })
}

func (e *editor) step() {
	before, meta := dump(e.s), e.s.Meta()
	var undo func()
	switch op := e.r.IntN(20); {
	case op < 12:
		e.now += int64(e.r.IntN(3))
		id, _ := e.s.NextID(e.now)
		p := e.pairs()
		e.s.Append(id, p, e.limits)
		e.model = append(e.model, modelEntry{id, p})
		undo = func() { e.s.Remove(id); e.s.SetMeta(meta) }
	case op < 17:
		id := e.randomID()
		i, had := e.index(id)
		if got := e.s.Delete(id); got != had {
			e.t.Fatalf("Delete(%v) = %v", id, got)
		}
		if had {
			p := e.model[i].pairs
			e.model = slices.Delete(e.model, i, i+1)
			undo = func() { e.s.Insert(id, p, e.limits); e.s.SetMeta(meta) }
		}
	default:
		undo = e.trim()
	}
	mustCheck(e.t, e.s)
	if undo != nil && e.r.IntN(2) == 0 {
		after := dump(e.s)
		rows := rowsOf(e.s)
		undo()
		mustCheck(e.t, e.s)
		if got := dump(e.s); got != before {
			e.t.Fatalf("undone:\n%s\nwant\n%s", got, before)
		}
		e.redo(rows)
		if got := dump(e.s); got != after {
			e.t.Fatalf("redone:\n%s\nwant\n%s", got, after)
		}
		mustCheck(e.t, e.s)
	}
}

// redo brings the stream to the state of rows by Drop and Put, as replication would.
func (e *editor) redo(rows map[string]string) {
	for key := range rowsOf(e.s) {
		if _, keep := rows[key]; !keep {
			if err := e.s.Drop([]byte(key)); err != nil {
				e.t.Fatal(err)
			}
		}
	}
	keys := make([]string, 0, len(rows))
	for key := range rows {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if err := e.s.Put([]byte(key), []byte(rows[key]), e.limits); err != nil {
			e.t.Fatal(err)
		}
	}
}

func (e *editor) trim() (undo func()) {
	spec := TrimSpec{ByID: e.r.IntN(2) == 0, Approximate: e.r.IntN(2) == 0}
	if spec.Approximate {
		spec.Limit = int64(e.r.IntN(30))
	}
	keep := len(e.model)
	if spec.ByID {
		spec.MinID = e.randomID()
		i, _ := e.index(spec.MinID)
		keep -= i
	} else if len(e.model) > 0 {
		spec.MaxLen = uint64(len(e.model) - e.r.IntN(min(len(e.model), 20)+1))
		keep = int(spec.MaxLen)
	}
	var gone []modelEntry
	n := e.s.Trim(spec, func(it *Iterator) {
		p, err := DecodePairs(nil, it.AppendPairs(nil))
		if err != nil {
			e.t.Fatal(err)
		}
		gone = append(gone, modelEntry{it.ID(), p})
	})
	want := len(e.model) - keep
	if len(gone) != n || n > want || !spec.Approximate && n != want || spec.Limit > 0 && n > int(spec.Limit) {
		e.t.Fatalf("Trim(%+v) = %d, visited %d, expected %d", spec, n, len(gone), want)
	}
	for i, m := range gone {
		if m.id != e.model[i].id || !bytes.Equal(EncodePairs(nil, m.pairs), EncodePairs(nil, e.model[i].pairs)) {
			e.t.Fatalf("Trim visited %v %q, expected %v %q", m.id, m.pairs, e.model[i].id, e.model[i].pairs)
		}
	}
	e.model = slices.Delete(e.model, 0, n)
	return func() {
		for _, m := range slices.Backward(gone) {
			e.s.Insert(m.id, m.pairs, e.limits)
		}
	}
}

// compare checks ranges both ways against the model.
func (e *editor) compare() {
	from, to := e.randomID(), e.randomID()
	for _, rev := range []bool{false, true} {
		var want []modelEntry
		for _, m := range e.model {
			if !m.id.Less(from) && !to.Less(m.id) {
				want = append(want, m)
			}
		}
		if rev {
			slices.Reverse(want)
		}
		i := 0
		for it := e.s.Range(from, to, rev); it.Next(); i++ {
			if i >= len(want) || it.ID() != want[i].id || it.Fields() != len(want[i].pairs)/2 {
				e.t.Fatalf("Range(%v, %v, %v): entry %d is %v", from, to, rev, i, it.ID())
			}
			if e.r.IntN(3) == 0 { // reading in part must not disturb the walk
				it.NextPair()
				continue
			}
			if got := it.AppendPairs(nil); !bytes.Equal(got, EncodePairs(nil, want[i].pairs)) {
				e.t.Fatalf("Range: entry %v holds %q", it.ID(), got)
			}
		}
		if i != len(want) {
			e.t.Fatalf("Range(%v, %v, %v): %d entries, want %d", from, to, rev, i, len(want))
		}
	}
}

func runModel(t testing.TB, seed uint64, steps int, limits Limits) {
	e := &editor{t: t, r: rand.New(rand.NewPCG(seed, 1)), s: New(), limits: limits, now: 1}
	for range steps {
		e.step()
		e.compare()
	}
	if e.s.Len() != len(e.model) {
		t.Fatalf("length %d, want %d", e.s.Len(), len(e.model))
	}
	reload(t, e.s)
}

// reload builds the stream anew from its rows in key order.
func reload(t testing.TB, s *Stream) {
	t.Helper()
	again := &editor{t: t, s: New(), limits: DefaultLimits}
	again.redo(rowsOf(s))
	mustCheck(t, again.s)
	if got, want := dump(again.s), dump(s); got != want {
		t.Fatalf("reloaded:\n%s\nwant\n%s", got, want)
	}
}

// rowsOf returns all rows; EachRow must agree with AppendRow and keep the order of kinds.
func rowsOf(s *Stream) map[string]string {
	rows := make(map[string]string)
	var prev byte
	s.EachRow(func(key, row []byte) bool {
		if _, twice := rows[string(key)]; twice || key[0] < prev {
			panic(fmt.Sprintf("row %q after kind %d", key, prev))
		}
		prev = key[0]
		if again, ok := s.AppendRow(nil, key); !ok || !bytes.Equal(again, row) {
			panic(fmt.Sprintf("row %q is %q, on its own %q", key, row, again))
		}
		rows[string(key)] = string(row)
		return true
	})
	return rows
}

func TestEntriesAgainstModel(t *testing.T) {
	for seed := range uint64(6) {
		runModel(t, seed, 400, Limits{NodeBytes: 500, NodeEntries: 7})
	}
	runModel(t, 99, 300, Limits{NodeEntries: 3})
	runModel(t, 100, 500, DefaultLimits)
}

func FuzzEntriesAgainstModel(f *testing.F) {
	f.Add(uint64(1), uint8(3), uint16(100))
	f.Fuzz(func(t *testing.T, seed uint64, entries uint8, size uint16) {
		runModel(t, seed, 60, Limits{NodeBytes: int(size), NodeEntries: int(entries)})
	})
}

func TestUndoOfALargeTrimRestoresEveryEntry(t *testing.T) {
	s := New()
	for i := range 1000 {
		s.Append(ID{uint64(i + 1), 0}, pairs("f", fmt.Sprint(i)), DefaultLimits)
	}
	before := dump(s)
	var gone []modelEntry
	s.Trim(TrimSpec{MaxLen: 10}, func(it *Iterator) {
		id := it.ID()
		p, _ := DecodePairs(nil, it.AppendPairs(nil))
		gone = append(gone, modelEntry{id, p})
	})
	for _, m := range slices.Backward(gone) {
		s.Insert(m.id, m.pairs, DefaultLimits)
	}
	mustCheck(t, s)
	if dump(s) != before {
		t.Fatal("entries differ after the undo")
	}
	if s.Nodes() > 12 {
		t.Errorf("%d nodes for 1000 entries: undone entries were not packed", s.Nodes())
	}
}

func TestGroupsAgainstModel(t *testing.T) {
	for seed := range uint64(5) {
		groupModel(t, seed, 3000)
	}
}

func FuzzGroupsAgainstModel(f *testing.F) {
	f.Add(uint64(7))
	f.Fuzz(func(t *testing.T, seed uint64) { groupModel(t, seed, 300) })
}

// groupModel compares a group with a map of pending entries, undoing some steps.
func groupModel(t testing.TB, seed uint64, steps int) {
	r := rand.New(rand.NewPCG(seed, 2))
	s := New()
	g, _ := s.CreateGroup([]byte("g"), ID{}, 0)
	want := map[ID]Pending{}
	names := []string{"alice", "bob", "carol", ""}
	for i := range steps {
		id := ID{r.Uint64N(400), 0}
		name := names[r.IntN(len(names))]
		c, _ := g.CreateConsumer([]byte(name), int64(i))
		old, had := want[id]
		switch op := r.IntN(10); {
		case op < 6:
			p := Pending{id, c, int64(i), r.Int64N(5)}
			if got, ok := g.SetPending(p); ok != had || got != old {
				t.Fatalf("SetPending returned %+v, %v", got, ok)
			}
			want[id] = p
			if r.IntN(4) == 0 { // undo
				if had {
					g.SetPending(old)
					want[id] = old
				} else {
					g.Ack(id)
					delete(want, id)
				}
			}
		case op < 9:
			if got, ok := g.Ack(id); ok != had || got != old {
				t.Fatalf("Ack returned %+v, %v", got, ok)
			}
			delete(want, id)
		case r.IntN(20) == 0:
			before := dump(s)
			var gone []Pending
			g.DeleteConsumer(c, func(p Pending) { gone = append(gone, p) })
			if r.IntN(2) == 0 {
				g.RestoreConsumer(c)
				for _, p := range slices.Backward(gone) {
					g.SetPending(p)
				}
				if got := dump(s); got != before {
					t.Fatalf("undone:\n%s\nwant\n%s", got, before)
				}
				continue
			}
			for _, p := range gone {
				delete(want, p.ID)
			}
		}
		if g.PendingCount() != len(want) {
			t.Fatalf("%d pending, want %d", g.PendingCount(), len(want))
		}
		if i%50 == 0 {
			mustCheck(t, s)
		}
	}
	mustCheck(t, s)
	for id, p := range want {
		if got, ok := g.Pending(id); !ok || got != p {
			t.Fatalf("Pending(%v) = %+v, want %+v", id, got, p)
		}
	}
	reload(t, s)
	before := dump(s)
	s.RestoreGroup(s.DestroyGroup([]byte("g")))
	if dump(s) != before {
		t.Fatal("group differs after restore")
	}
}

func TestPutIsAbsolute(t *testing.T) {
	s := New()
	for i := range 5 {
		s.Append(ID{uint64(i + 1), 0}, pairs("f", fmt.Sprint(i)), DefaultLimits)
	}
	s.Delete(ID{5, 0})
	for _, id := range []ID{{5, 0}, {3, 0}, {9, 0}} {
		for _, value := range []string{"new", "newer", "newer"} {
			key, row := AppendEntryKey(nil, id), EncodePairs(nil, pairs("f", value))
			if err := s.Put(key, row, DefaultLimits); err != nil {
				t.Fatal(err)
			}
			if got, ok := s.AppendRow(nil, key); !ok || !bytes.Equal(got, row) {
				t.Fatalf("%v holds %q, want %q", id, got, row)
			}
			mustCheck(t, s)
		}
	}
	if m := s.Meta(); s.Len() != 6 || m.LastID != (ID{9, 0}) || m.EntriesAdded != 6 {
		t.Fatalf("%d entries, %+v", s.Len(), m)
	}
}

func TestPutRefusesBadRows(t *testing.T) {
	s := New()
	s.CreateGroup([]byte("g"), ID{}, 0)
	for _, row := range [][2]string{
		{"", ""}, {"\x09", ""}, {"\x00x", ""}, {"\x00", "short"}, {"\x01short", ""},
		{string(AppendEntryKey(nil, ID{1, 1})), ""}, {string(AppendEntryKey(nil, ID{1, 1})), "\x01a"},
		{string(AppendEntryKey(nil, ID{1, 1})), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01a"},
		{"\x02g", "short"}, {"\x03\x01g", "x"}, {"\x03\x05g", "x"}, {string(AppendConsumerKey(nil, "nogroup", "c")), strings.Repeat("x", 16)},
		{string(AppendPendingKey(nil, "g", ID{1, 1})), strings.Repeat("x", 20)},
	} {
		if err := s.Put([]byte(row[0]), []byte(row[1]), DefaultLimits); err == nil {
			t.Errorf("Put(%q, %q) succeeded", row[0], row[1])
		}
	}
	mustCheck(t, s)
}

func TestReadingDoesNotAllocate(t *testing.T) {
	s := New()
	for i := range 500 {
		s.Append(ID{uint64(i + 1), 0}, pairs("sensor", "12", "value", fmt.Sprint(i)), DefaultLimits)
	}
	g, _ := s.CreateGroup([]byte("g"), ID{}, 0)
	c, _ := g.CreateConsumer([]byte("c"), 0)
	n := testing.AllocsPerRun(100, func() {
		total := 0
		for it := s.Range(ID{100, 0}, ID{200, 0}, false); it.Next(); {
			for it.NextPair() {
				total += len(it.Name()) + len(it.Value())
			}
		}
		for it := s.Range(ID{100, 0}, ID{200, 0}, true); it.Next(); {
			total += it.Fields()
		}
		g.SetPending(Pending{ID: ID{5, 0}, Consumer: c})
		if _, ok := g.Pending(ID{5, 0}); !ok || total == 0 || s.Group([]byte("g")) != g {
			panic("nothing read")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestAppendAllocatesSeldom(t *testing.T) {
	s := New()
	p := pairs("sensor", "12", "value", "some text")
	id := ID{1, 0}
	n := testing.AllocsPerRun(10000, func() {
		id.Seq++
		s.Append(id, p, DefaultLimits)
	})
	if n > 0.5 {
		t.Errorf("%v allocations per Append", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	s := New()
	p := pairs("sensor", "12", "value", "some text")
	for i := range b.N {
		s.Append(ID{uint64(i + 1), 0}, p, DefaultLimits)
		if i%100 == 99 {
			s.Trim(TrimSpec{MaxLen: 10000, Approximate: true}, nil)
		}
	}
}

func BenchmarkDeliverAndAck(b *testing.B) {
	g := &Group{}
	c, _ := g.CreateConsumer([]byte("c"), 0)
	for i := range b.N {
		g.SetPending(Pending{ID: ID{uint64(i + 1), 0}, Consumer: c})
		if i >= 1000 {
			g.Ack(ID{uint64(i - 999), 0})
		}
	}
}
