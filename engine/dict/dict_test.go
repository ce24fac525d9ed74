// Tests of the dict against Go's map, of SCAN's guarantee, of fairness, and that the hot path allocates nothing.
package dict

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// entry makes a block as callers do: [value u32][key length u32][key].
func entry(key string, value uint32) Entry {
	b := make([]byte, 8+len(key))
	binary.LittleEndian.PutUint32(b, value)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(key)))
	copy(b[8:], key)
	return unsafe.Pointer(&b[0])
}

func value(e Entry) uint32 { return *(*uint32)(e) }

// check verifies the table's invariants.
func check(t testing.TB, d *Dict) {
	t.Helper()
	if d.n > 0 && !(d.mask+1 <= d.n && d.n < 2*(d.mask+1)) {
		t.Fatalf("n=%d mask=%d", d.n, d.mask)
	}
	used, children := 0, 0
	for i := uint64(0); i < d.n; i++ {
		depth := 1
		for b := d.bucket(i); ; b = b.child() {
			for s := range slotsPerBucket {
				if b.tag(s) == 0 {
					if b.slots[s] != nil && !(s == lastSlot && b.chained()) {
						t.Fatalf("bucket %d slot %d: free but holds a pointer", i, s)
					}
					continue
				}
				used++
				key := d.Key(b.slots[s])
				if slot := d.FindSlot(key); slot != &b.slots[s] {
					t.Fatalf("bucket %d slot %d: %q is not found there", i, s, key)
				}
			}
			if !b.chained() {
				break
			}
			children++
			depth++
		}
		if depth > d.depth {
			t.Fatalf("chain of %d buckets, recorded depth %d", depth, d.depth)
		}
	}
	if used != d.used || children != d.children {
		t.Fatalf("counted %d entries, %d children; recorded %d, %d", used, children, d.used, d.children)
	}
}

func TestAgainstMap(t *testing.T) {
	for _, span := range []int{3, 40, 3000, 60000} {
		d, model := New(8), map[string]uint32{}
		r := rand.New(rand.NewPCG(1, uint64(span)))
		for step := range 6 * span {
			key := fmt.Sprint(r.IntN(span))
			if r.IntN(20) == 0 {
				key = ""
			}
			want, exists := model[key]
			// Waves: mostly inserts, then mostly deletes.
			if deleting := step/(span*3/2)%2 == 1; r.IntN(4) == 0 != deleting {
				e := d.Delete([]byte(key))
				if (e != nil) != exists || exists && value(e) != want {
					t.Fatalf("Delete(%q) = %v, model %v", key, e, exists)
				}
				delete(model, key)
			} else {
				v := r.Uint32()
				old := d.Replace([]byte(key), entry(key, v))
				if (old != nil) != exists || exists && value(old) != want {
					t.Fatalf("Replace(%q) = %v, model %v", key, old, exists)
				}
				model[key] = v
			}
			if d.Len() != len(model) {
				t.Fatalf("Len %d, model %d", d.Len(), len(model))
			}
			if step%span == 0 {
				check(t, d)
			}
		}
		seen := map[string]bool{}
		d.All(func(e Entry) bool {
			key := string(d.Key(e))
			if seen[key] || value(e) != model[key] {
				t.Fatalf("All: %q twice or wrong", key)
			}
			seen[key] = true
			return true
		})
		if len(seen) != len(model) {
			t.Fatalf("All reported %d of %d", len(seen), len(model))
		}
		for key := range model {
			d.Delete([]byte(key))
		}
		check(t, d)
		if d.n > 1 && d.used == 0 {
			t.Logf("span %d: %d buckets remain", span, d.n)
		}
	}
}

func FuzzAgainstMap(f *testing.F) {
	f.Add([]byte("abcdefghijklmnopqrstuvwxyz"))
	f.Add(bytes.Repeat([]byte{0, 1, 2, 3, 200, 201, 129}, 300))
	f.Fuzz(func(t *testing.T, ops []byte) {
		d, model := New(8), map[string]uint32{}
		for i, op := range ops {
			key := fmt.Sprint(int(op&0x7f) * (i%3 + 1))
			if op&0x80 == 0 {
				d.Replace([]byte(key), entry(key, uint32(i)))
				model[key] = uint32(i)
			} else {
				d.Delete([]byte(key))
				delete(model, key)
			}
		}
		check(t, d)
		for key, v := range model {
			if e := d.Find([]byte(key)); e == nil || value(e) != v {
				t.Fatalf("Find(%q) = %v", key, e)
			}
		}
		if d.Len() != len(model) {
			t.Fatalf("Len %d, model %d", d.Len(), len(model))
		}
	})
}

// TestScanGuarantee scans while the table grows and shrinks by large factors; what was there throughout is reported.
func TestScanGuarantee(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for round := range 40 {
		d := New(8)
		stable := 1 + r.IntN(500)
		for i := range stable {
			d.Insert(entry(fmt.Sprint("s", i), 0))
		}
		extra := 0
		seen := map[string]bool{}
		for cursor, calls := uint64(0), 0; ; calls++ {
			cursor = d.Scan(cursor, func(e Entry) { seen[string(d.Key(e))] = true })
			if cursor == 0 {
				break
			}
			if calls > 100000 {
				t.Fatal("the scan does not end")
			}
			switch r.IntN(6) {
			case 0:
				for range r.IntN(3000) {
					d.Insert(entry(fmt.Sprint("x", extra), 0))
					extra++
				}
			case 1:
				for range r.IntN(extra + 1) {
					extra--
					d.Delete(fmt.Append(nil, "x", extra))
				}
			}
		}
		check(t, d)
		for i := range stable {
			if !seen[fmt.Sprint("s", i)] {
				t.Fatalf("round %d: s%d of %d was missed", round, i, stable)
			}
		}
	}
}

// TestDeleteWhileIterating deletes from inside All and Scan; all entries are still reported, once for All.
func TestDeleteWhileIterating(t *testing.T) {
	for _, n := range []int{1, 50, 5000} {
		d := New(8)
		fill := func() {
			for i := range n {
				d.Insert(entry(fmt.Sprint(i), 0))
			}
		}
		fill()
		count := 0
		d.All(func(e Entry) bool {
			count++
			return d.Delete(d.Key(e)) == e
		})
		if count != n || d.Len() != 0 {
			t.Fatalf("All: %d of %d, %d left", count, n, d.Len())
		}
		check(t, d)
		fill()
		check(t, d)
		for cursor := d.Scan(0, func(e Entry) { d.Delete(d.Key(e)) }); cursor != 0; {
			cursor = d.Scan(cursor, func(e Entry) { d.Delete(d.Key(e)) })
		}
		if d.Len() != 0 {
			t.Fatalf("Scan left %d", d.Len())
		}
		fill()
		d.Delete([]byte("0"))
		check(t, d)
		d.Clear()
		if d.Len() != 0 || d.Find([]byte("1")) != nil {
			t.Fatal("Clear")
		}
	}
}

// TestRandomIsFair is a chi-square test in a table in the middle of a level, where buckets differ in load by two.
func TestRandomIsFair(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	d := New(8)
	const n, draws = 1000, 400_000
	for i := range n {
		d.Insert(entry(fmt.Sprint(i), uint32(i)))
	}
	var hits [n]float64
	for range draws {
		hits[value(d.Random(r.Uint64))]++
	}
	chi := 0.0
	for _, h := range hits {
		diff := h - draws/n
		chi += diff * diff / (draws / n)
	}
	// 999 degrees of freedom: mean 999, deviation 44.7; six deviations above.
	if chi > 999+6*44.7 {
		t.Fatalf("chi-square %.0f", chi)
	}
	if New(8).Random(r.Uint64) != nil {
		t.Fatal("Random of an empty dict")
	}
}

func TestReserve(t *testing.T) {
	d := New(8)
	d.Reserve(100_000)
	n := d.n
	for i := range 100_000 {
		d.Insert(entry(fmt.Sprint(i), 0))
	}
	if d.n != n {
		t.Fatalf("%d buckets reserved, %d used", n, d.n)
	}
	d.Reserve(120_000)
	check(t, d)
	if per := float64(d.MemUsage()) / 100_000; per > 17 {
		t.Fatalf("%.1f bytes of table per entry", per)
	}
}

func TestTableBytesPerEntry(t *testing.T) {
	for _, n := range []int{100, 1000, 10_000, 100_000, 150_000} {
		d := New(8)
		for i := range n {
			d.Insert(entry(fmt.Sprint(i), 0))
		}
		per := float64(d.MemUsage()) / float64(n)
		t.Logf("%d entries: %.1f bytes of table each", n, per)
		if limit := 14.5 + 400/float64(n); per > limit {
			t.Errorf("%d entries: %.1f bytes of table each, limit %.1f", n, per, limit)
		}
	}
}

func TestAllocs(t *testing.T) {
	d := New(8)
	keys := make([][]byte, 10_000)
	entries := make([]Entry, len(keys))
	for i := range keys {
		keys[i] = fmt.Append(nil, "key:", i)
		entries[i] = entry(string(keys[i]), 0)
		d.Insert(entries[i])
	}
	r := rand.New(rand.NewPCG(7, 8))
	i := 0
	for name, fn := range map[string]func(){
		"Find":    func() { d.Find(keys[i]) },
		"Replace": func() { d.Replace(keys[i], entries[i]) },
		"Random":  func() { d.Random(r.Uint64) },
		"Scan":    func() { d.Scan(uint64(i), func(Entry) {}) },
		"Delete and Insert": func() {
			d.Delete(keys[i])
			d.Insert(entries[i])
		},
	} {
		i = 0
		if n := testing.AllocsPerRun(len(keys)-2, func() { fn(); i++ }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestInsertAllInsertsAll(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, reserved := range []int{0, 10, 1000, 20000} {
		d := New(8)
		d.Reserve(reserved)
		n := 0
		for n < 20000 {
			var list []Entry
			for range r.IntN(100) {
				list = append(list, entry(fmt.Sprint("key", n), uint32(n)))
				n++
			}
			d.InsertAll(list)
		}
		check(t, d)
		if d.Len() != n {
			t.Fatalf("%d entries of %d", d.Len(), n)
		}
		for i := range n {
			if e := d.Find(fmt.Appendf(nil, "key%d", i)); e == nil || value(e) != uint32(i) {
				t.Fatalf("key%d is not there", i)
			}
		}
	}
}
