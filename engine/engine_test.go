package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

func newTest(t testing.TB) *Keyspace {
	r := rand.New(rand.NewPCG(1, 2))
	ks := New(Options{Random: r.Uint64})
	ks.BeginTurn(1_000_000_000)
	return ks
}

// rows is a RowWriter over a map.
type rows map[string]string

func (r rows) Set(k, v []byte) { r[string(k)] = string(v) }
func (r rows) Delete(k []byte) { delete(r, string(k)) }
func (r rows) DeleteRange(from, to []byte) {
	for k := range r {
		if k >= string(from) && k < string(to) {
			delete(r, k)
		}
	}
}

// SetAll does what as many Sets do, around the limits of the small encoding too.
func TestHashSetAll(t *testing.T) {
	ks := newTest(t)
	ks.Limits.HashMaxListpackEntries, ks.Limits.HashMaxListpackValue = 8, 12
	db := ks.DB(0)
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		ks.Begin(false)
		if r.IntN(6) == 0 {
			db.Delete([]byte("a"))
			db.Delete([]byte("b"))
		}
		var pairs [][]byte
		for range 1 + r.IntN(5) {
			pairs = append(pairs, fmt.Appendf(nil, "f%d", r.IntN(10)), bytes.Repeat([]byte{'0' + byte(r.IntN(10))}, 1+r.IntN(14)))
		}
		a, _ := db.HashForUpdate([]byte("a"))
		got, want := a.SetAll(pairs), 0
		a.Finish(EventHash, "hset", 1)
		b, _ := db.HashForUpdate([]byte("b"))
		for i := 0; i < len(pairs); i += 2 {
			if b.Set(pairs[i], pairs[i+1]) {
				want++
			}
		}
		b.Finish(EventHash, "hset", 1)
		a, _ = db.Hash([]byte("a"))
		if got != want || a.Len() != b.Len() {
			t.Fatalf("%q: %d new of %d, want %d of %d", pairs, got, a.Len(), want, b.Len())
		}
		for i := range 10 {
			f := fmt.Appendf(nil, "f%d", i)
			v, ok := a.Get(f, nil)
			w, has := b.Get(f, nil)
			if ok != has || !bytes.Equal(v, w) {
				t.Fatalf("%q: %s is %q, %v, want %q, %v", pairs, f, v, ok, w, has)
			}
		}
		ks.End()
		ks.EncodeTurn(rows{})
	}
}

// Small blocks are undone from the arena, large ones by their old block: both give back value, expiry and memory, through several
// changes of size within a unit and through a savepoint inside it.
func TestRollbackOfBlocks(t *testing.T) {
	for _, size := range []int{1, 40, maxSavedBlock - 40, maxSavedBlock + 40, 70_000} {
		ks := newTest(t)
		db := ks.DB(0)
		was := bytes.Repeat([]byte("v"), size)
		ks.Begin(false)
		db.SetString([]byte("k"), was, 5_000_000)
		ks.End()
		ks.EncodeTurn(rows{})
		used := ks.UsedMemory()
		change := func(n int) {
			copy(db.GrowString([]byte("k"), n), "changed")
			db.SetExpire([]byte("k"), int64(6_000_000+n))
			db.SetExpire([]byte("k"), 0)
			db.SetString([]byte("k"), []byte("short"), 7_000_000)
		}
		check := func(at string, want []byte, expire int64) {
			v, _, _ := db.String([]byte("k"), nil)
			if got, _ := db.Expire([]byte("k")); !bytes.Equal(v, want) || got != expire {
				t.Errorf("%d bytes, %s: %d bytes, %.10q..., expiry %d", size, at, len(v), v, got)
			}
		}
		ks.Begin(true)
		change(size + 1)
		sp := ks.Savepoint()
		change(2000)
		db.Delete([]byte("k"))
		db.SetString([]byte("k"), []byte("again"), NoTTL)
		ks.RollbackTo(sp)
		check("after RollbackTo", []byte("short"), 7_000_000)
		change(3000)
		ks.Rollback()
		ks.Begin(false)
		check("after Rollback", was, 5_000_000)
		ks.End()
		if got := ks.UsedMemory(); got != used {
			t.Errorf("%d bytes: %d bytes used, was %d", size, got, used)
		}
		if err := ks.Check(); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

func TestUnitRollback(t *testing.T) {
	ks := newTest(t)
	db := ks.DB(0)
	ks.Begin(false)
	db.SetString([]byte("a"), []byte("one"), NoTTL)
	h, _ := db.HashForUpdate([]byte("h"))
	for i := range 300 {
		h.Set(fmt.Appendf(nil, "f%d", i), fmt.Appendf(nil, "v%d", i))
	}
	z, _ := db.ZSetForUpdate([]byte("z"))
	for i := range 300 {
		z.Set(fmt.Appendf(nil, "m%d", i), float64(i))
	}
	ks.End()
	store := rows{}
	ks.EncodeTurn(store)
	before := len(store)
	used := ks.UsedMemory()

	ks.Begin(true)
	db.SetString([]byte("a"), bytes.Repeat([]byte("x"), 500), 5_000_000)
	db.SetString([]byte("b"), []byte("new"), NoTTL)
	h, _ = db.HashForUpdate([]byte("h"))
	h.Set([]byte("f1"), []byte("other"))
	h.Delete([]byte("f2"))
	h.Set([]byte("new"), []byte("field"))
	db.Delete([]byte("z"))
	db.Rename([]byte("h"), []byte("hh"))
	db.Flush()
	db.SetString([]byte("a"), []byte("after flush"), NoTTL)
	ks.Rollback()

	ks.Begin(false)
	if v, _, _ := db.String([]byte("a"), nil); string(v) != "one" {
		t.Errorf("a = %q", v)
	}
	if db.Has([]byte("b")) || db.Has([]byte("hh")) {
		t.Error("keys of the undone unit are there")
	}
	h, _ = db.Hash([]byte("h"))
	v1, _ := h.Get([]byte("f1"), nil)
	v2, _ := h.Get([]byte("f2"), nil)
	if h.Len() != 300 || string(v1) != "v1" || string(v2) != "v2" {
		t.Errorf("h: %d fields, f1 %q, f2 %q", h.Len(), v1, v2)
	}
	z, _ = db.ZSet([]byte("z"))
	if r, s, ok := z.Rank([]byte("m7")); r != 7 || s != 7 || !ok {
		t.Errorf("z: m7 at %d, %g, %v", r, s, ok)
	}
	ks.End()
	if got := ks.UsedMemory(); got < used || got > used+256 { // a table that grew by a bucket keeps it
		t.Errorf("used memory %d after rollback, %d before", got, used)
	}
	ks.EncodeTurn(store)
	if len(store) != before {
		t.Errorf("%d rows after rollback, %d before", len(store), before)
	}
}

func TestLoadGivesBackWhatWasEncoded(t *testing.T) {
	ks := newTest(t)
	store := rows{}
	ks.Begin(false)
	db := ks.DB(0)
	for i := range 100 {
		db.SetString(fmt.Appendf(nil, "s%d", i), fmt.Appendf(nil, "value %d", i), NoTTL)
	}
	h, _ := db.HashForUpdate([]byte("h"))
	for i := range 300 {
		h.Set(fmt.Appendf(nil, "f%d", i), fmt.Appendf(nil, "v%d", i))
	}
	ks.Swap(0, 3)
	ks.End()
	ks.EncodeTurn(store)
	ks.Begin(false)
	ks.DB(3).Delete([]byte("s5"))
	h, _ = ks.DB(3).HashForUpdate([]byte("h"))
	h.Delete([]byte("f9"))
	ks.End()
	ks.EncodeTurn(store)

	back := newTest(t)
	l := back.NewLoader()
	for _, prefix := range []string{"!", "k", "o"} {
		for k, v := range store {
			if k[:1] == prefix {
				if err := l.Load([]byte(k), []byte(v)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if err := l.Finish(); err != nil {
		t.Fatal(err)
	}
	back.BeginTurn(0)
	back.Begin(false)
	db = back.DB(3)
	h, _ = db.Hash([]byte("h"))
	if db.Len() != 100 || h.Len() != 299 || db.Has([]byte("s5")) || !db.Has([]byte("s6")) || back.DB(0).Len() != 0 {
		t.Errorf("loaded %d keys, %d fields", db.Len(), h.Len())
	}
	back.End()
}

func TestSetStringAllocatesNothing(t *testing.T) {
	ks := newTest(t)
	db, key, val := ks.DB(0), []byte("key"), []byte("some value")
	n := testing.AllocsPerRun(1000, func() {
		ks.Begin(false)
		db.SetString(key, val, NoTTL)
		db.String(key, nil)
		ks.End()
		ks.EncodeTurn(nil)
	})
	if n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestSavepointReturnsToItsOwnState(t *testing.T) {
	ks := newTest(t)
	db, key := ks.DB(0), []byte("k")
	get := func() string { v, _, _ := db.String(key, make([]byte, 20)); return string(v) }
	for _, undo := range []bool{false, true} {
		ks.Begin(undo)
		db.SetString(key, []byte("before"), NoTTL)
		sp := ks.Savepoint()
		db.SetString(key, []byte("inside"), NoTTL)
		in := ks.Savepoint()
		db.SetString(key, []byte("deeper"), NoTTL)
		ks.RollbackTo(in)
		if get() != "inside" {
			t.Errorf("inner savepoint gave %q", get())
		}
		ks.RollbackTo(sp)
		if get() != "before" {
			t.Errorf("savepoint gave %q", get())
		}
		sp = ks.Savepoint()
		db.SetString(key, []byte("kept"), NoTTL)
		ks.Release(sp)
		if get() != "kept" || !ks.UnitTouched() {
			t.Errorf("released savepoint gave %q", get())
		}
		ks.End()
	}
}
