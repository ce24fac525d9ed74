// Tests of the integer set against a sorted slice, and that nothing but growth allocates.
package intset

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func same(t testing.TB, b []byte, model []int64) {
	t.Helper()
	if err := Valid(b); err != nil {
		t.Fatal(err)
	}
	if Len(b) != len(model) {
		t.Fatalf("Len %d, want %d", Len(b), len(model))
	}
	for i, v := range model {
		if At(b, i) != v {
			t.Fatalf("At(%d) = %d, want %d", i, At(b, i), v)
		}
		if j, ok := Find(b, v); j != i || !ok {
			t.Fatalf("Find(%d) = %d %v", v, j, ok)
		}
	}
}

// step adds or removes v in both and compares the answers.
func step(t testing.TB, b []byte, model []int64, v int64, add bool) ([]byte, []int64) {
	i, found := slices.BinarySearch(model, v)
	var changed bool
	if add {
		if b, changed = Add(b, v); !found {
			model = slices.Insert(model, i, v)
		}
	} else if b, changed = Remove(b, v); found {
		model = slices.Delete(model, i, i+1)
	}
	if changed != (found != add) {
		t.Fatalf("%d, add %v: changed %v", v, add, changed)
	}
	return b, model
}

func TestAgainstSlice(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		var b []byte
		var model []int64
		for n := range 600 {
			v := int64(r.IntN(60) - 30)
			if n > 200 && r.IntN(20) == 0 {
				v = r.Int64N(math.MaxInt32) - r.Int64N(math.MaxInt32)
			}
			if n > 400 && r.IntN(20) == 0 {
				v = int64(r.Uint64())
			}
			b, model = step(t, b, model, v, r.IntN(3) > 0)
			same(t, b, model)
		}
		for len(model) > 0 {
			b, model = step(t, b, model, Random(b, r.Uint64), false)
		}
		same(t, b, nil)
	}
}

func TestWidths(t *testing.T) {
	var b []byte
	for i, c := range []struct {
		v     int64
		width int
	}{{1, 2}, {math.MaxInt16, 2}, {math.MinInt16, 2}, {math.MaxInt16 + 1, 4}, {math.MinInt32, 4}, {math.MaxInt32 + 1, 8}, {math.MinInt64, 8}, {0, 8}} {
		b, _ = Add(b, c.v)
		if int(b[0]) != c.width || len(b) != 1+(i+1)*c.width {
			t.Errorf("after %d: width %d, %d bytes", c.v, b[0], len(b))
		}
	}
}

func FuzzAgainstSlice(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0xff, 0xff, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		var b []byte
		var model []int64
		for ; len(ops) >= 9; ops = ops[9:] {
			v := int64(binary.LittleEndian.Uint64(ops[1:])) >> (ops[0] & 0x3f)
			b, model = step(t, b, model, v, ops[0] < 0x80)
		}
		same(t, b, model)
		if Valid(ops) == nil { // any bytes
			for i := range Len(ops) {
				if j, ok := Find(ops, At(ops, i)); i != j || !ok {
					t.Fatalf("%x: Find of element %d", ops, i)
				}
			}
		}
	})
}

func FuzzValid(f *testing.F) {
	f.Add([]byte{2, 1, 0, 2, 0})
	f.Add([]byte{8})
	f.Fuzz(func(t *testing.T, b []byte) {
		if Valid(b) != nil {
			return
		}
		var model []int64
		for i := range Len(b) {
			model = append(model, At(b, i))
		}
		same(t, b, model)
		b, model = step(t, b, model, 1<<40, true)
		b, model = step(t, b, model, -7, false)
		same(t, b, model)
	})
}

func TestAllocs(t *testing.T) {
	var b []byte
	for i := range int64(500) {
		b, _ = Add(b, i*3)
	}
	b = slices.Grow(b, 8)
	r := rand.New(rand.NewPCG(1, 1))
	for name, fn := range map[string]func(){
		"Find":       func() { Find(b, 750) },
		"Random":     func() { Random(b, r.Uint64) },
		"Add/Remove": func() { b, _ = Add(b, 100); b, _ = Remove(b, 100) },
	} {
		if n := testing.AllocsPerRun(100, fn); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	var s []byte
	for i := range int64(512) {
		s, _ = Add(s, i*5)
	}
	for i := int64(0); b.Loop(); i++ {
		Find(s, i*37%2560)
	}
}

func BenchmarkAddRemove(b *testing.B) {
	var s []byte
	for i := range int64(512) {
		s, _ = Add(s, i*5)
	}
	for i := int64(0); b.Loop(); i++ {
		v := i * 37 % 2560
		var added bool
		if s, added = Add(s, v); added {
			s, _ = Remove(s, v)
		}
	}
}
