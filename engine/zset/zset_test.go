// Tests of the sorted set against a sorted slice, and that reads and updates allocate nothing.
package zset

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/evald/evald/engine/dict"
)

type pair struct {
	member string
	score  float64
}

func compare(a, b pair) int {
	return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.member, b.member))
}

// model is a sorted slice; naive in every way.
type model []pair

func (m *model) set(member string, score float64) {
	m.remove(member)
	p := pair{member, score}
	i, _ := slices.BinarySearchFunc(*m, p, compare)
	*m = slices.Insert(*m, i, p)
}

func (m *model) rank(member string) int {
	return slices.IndexFunc(*m, func(p pair) bool { return p.member == member })
}

func (m *model) remove(member string) {
	if i := m.rank(member); i >= 0 {
		*m = slices.Delete(*m, i, i+1)
	}
}

// same compares the whole set, both ways, with the model.
func same(t testing.TB, z *ZSet, m model) {
	t.Helper()
	if err := z.Check(); err != nil {
		t.Fatal(err)
	}
	if z.Len() != len(m) {
		t.Fatalf("Len %d, want %d", z.Len(), len(m))
	}
	c := z.Seek(0)
	for i, p := range m {
		if !c.Valid() || string(c.Member()) != p.member || c.Score() != p.score || c.Rank() != i {
			t.Fatalf("rank %d: want %v", i, p)
		}
		c.Next()
	}
	if c.Valid() {
		t.Fatal("more members than there are")
	}
	c = z.Seek(len(m) - 1)
	for i := len(m) - 1; i >= 0; i-- {
		if string(c.Member()) != m[i].member || c.Rank() != i {
			t.Fatalf("backwards, rank %d: have %q, want %v", i, c.Member(), m[i])
		}
		c.Prev()
	}
	if c.Valid() {
		t.Fatal("more members backwards than there are")
	}
}

func probeAll(t testing.TB, z *ZSet, m model, r *rand.Rand) {
	t.Helper()
	for range 50 {
		score := math.Round(r.Float64()*40) / 4
		if len(m) > 0 {
			i := r.IntN(len(m))
			if member, s := z.At(i); string(member) != m[i].member || s != m[i].score {
				t.Fatalf("At(%d) = %q %v, want %v", i, member, s, m[i])
			}
			if rank, ok := z.Rank([]byte(m[i].member)); !ok || rank != i {
				t.Fatalf("Rank(%q) = %d %v, want %d", m[i].member, rank, ok, i)
			}
			if r.IntN(2) == 0 {
				score = m[i].score
			}
		}
		for _, equal := range []bool{false, true} {
			want := 0
			for _, p := range m {
				if p.score < score || equal && p.score == score {
					want++
				}
			}
			if got := z.RankOfScore(score, equal); got != want {
				t.Fatalf("RankOfScore(%v, %v) = %d, want %d", score, equal, got, want)
			}
			c := z.SeekScore(score, equal)
			if c.Valid() != (want < len(m)) || c.Valid() && (c.Rank() != want || string(c.Member()) != m[want].member) {
				t.Fatalf("SeekScore(%v, %v) at %d, want %d", score, equal, c.Rank(), want)
			}
		}
	}
}

func TestAgainstModel(t *testing.T) {
	for _, span := range []int{5, 300, 6000} {
		r := rand.New(rand.NewPCG(1, uint64(span)))
		z, m := New(), model{}
		for step := range 5 * span {
			member := fmt.Sprint("m", r.IntN(span))
			if r.IntN(50) == 0 {
				member = ""
			}
			rank := m.rank(member)
			want := 0.0
			if rank >= 0 {
				want = m[rank].score
			}
			var score, old float64
			var existed bool
			switch op := r.IntN(10); {
			case op < 5+step*2/(5*span): // first mostly additions
				score = math.Round(r.Float64()*40)/4 - 3
				if r.IntN(2) == 0 {
					score = want + 0.25 // often in place
				}
				old, existed = z.Set([]byte(member), score)
				m.set(member, score)
			case op < 9:
				old, existed = z.Remove([]byte(member))
				m.remove(member)
			case op == 9 && r.IntN(max(1, span/20)) == 0 && len(m) > 0:
				from := r.IntN(len(m))
				to := min(len(m)-1, from+r.IntN(200))
				var gone []pair
				z.DeleteRange(from, to, func(member []byte, score float64) { gone = append(gone, pair{string(member), score}) })
				if !slices.Equal(gone, m[from:to+1]) {
					t.Fatalf("DeleteRange(%d, %d) = %v", from, to, gone)
				}
				m = slices.Delete(m, from, to+1)
				continue
			default:
				old, existed = z.Score([]byte(member))
			}
			if existed != (rank >= 0) || old != want {
				t.Fatalf("%q: %v %v, want %v %v", member, old, existed, want, rank >= 0)
			}
			if step%(span/2) == 0 {
				same(t, z, m)
				probeAll(t, z, m, r)
			}
		}
		z.DeleteRange(-5, math.MaxInt, nil)
		same(t, z, nil)
	}
}

// TestOrders fills and empties in order, in reverse, and at random: every shape of the tree's edges.
func TestOrders(t *testing.T) {
	const n = 20_000
	random := rand.New(rand.NewPCG(3, 4)).Perm(n)
	orders := map[string]func(i int) int{
		"up":     func(i int) int { return i },
		"down":   func(i int) int { return n - 1 - i },
		"random": func(i int) int { return random[i] },
	}
	for fill, f := range orders {
		for empty, g := range orders {
			z := New()
			for i := range n {
				z.Set(fmt.Append(nil, f(i)), float64(f(i)))
			}
			if err := z.Check(); err != nil {
				t.Fatal(fill, err)
			}
			t.Logf("%s: %d leaves, %.0f%% full, height %d", fill, z.tree.leaves, 100*n/float64(z.tree.leaves*leafCap), z.tree.height)
			for i := range n {
				if _, ok := z.Remove(fmt.Append(nil, g(i))); !ok {
					t.Fatal(fill, empty, i)
				}
				if i%(n/7) == 0 {
					if err := z.Check(); err != nil {
						t.Fatal(fill, empty, err)
					}
				}
			}
			same(t, z, nil)
		}
	}
}

func TestLex(t *testing.T) {
	z := New()
	var members []string
	for i := range 3000 {
		members = append(members, fmt.Sprintf("%x", i*7))
		z.Set([]byte(members[i]), 1)
	}
	slices.Sort(members)
	for i := 0; i < 25_000; i += 3 {
		key := fmt.Sprintf("%x", i)
		at, found := slices.BinarySearch(members, key)
		past := at
		if found {
			past++
		}
		if z.RankOfLex([]byte(key), false) != at || z.RankOfLex([]byte(key), true) != past {
			t.Fatalf("%q: want %d, %d", key, at, past)
		}
		for exclusive, want := range map[bool]int{false: at, true: past} {
			if c := z.SeekLex([]byte(key), exclusive); c.Valid() != (want < len(members)) || c.Valid() && string(c.Member()) != members[want] {
				t.Fatalf("SeekLex(%q, %v)", key, exclusive)
			}
		}
	}
}

func TestZeroInfinityNaN(t *testing.T) {
	z := New()
	z.Set([]byte("b"), 0)
	z.Set([]byte("a"), math.Copysign(0, -1))
	z.Set([]byte("c"), math.Inf(-1))
	z.Set([]byte("d"), math.Inf(1))
	z.Set([]byte("b"), math.Copysign(0, -1))
	var got []string
	z.All(func(member []byte, score float64) bool {
		got = append(got, fmt.Sprint(string(member), score))
		return true
	})
	if want := []string{"c-Inf", "a-0", "b-0", "d+Inf"}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	if err := z.Check(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if recover() == nil {
			t.Fatal("NaN was accepted")
		}
	}()
	z.Set([]byte("e"), math.NaN())
}

func FuzzAgainstModel(f *testing.F) {
	f.Add(bytes.Repeat([]byte{1, 7, 13, 100, 200, 201, 202, 255, 33, 90}, 100))
	f.Fuzz(func(t *testing.T, ops []byte) {
		z, m := New(), model{}
		for i, op := range ops {
			member := fmt.Sprint(int(op&63) * (i%5 + 1))
			switch {
			case op < 160:
				z.Set([]byte(member), float64(op>>4))
				m.set(member, float64(op>>4))
			case op < 250 || len(m) == 0:
				z.Remove([]byte(member))
				m.remove(member)
			default:
				from := i % len(m)
				to := min(from+int(op-250)*20, len(m)-1)
				z.DeleteRange(from, to, nil)
				m = slices.Delete(m, from, to+1)
			}
		}
		same(t, z, m)
		probeAll(t, z, m, rand.New(rand.NewPCG(1, 1)))
	})
}

func TestRandomAndScan(t *testing.T) {
	z := New()
	for i := range 500 {
		z.Set(fmt.Append(nil, i), float64(i))
	}
	r := rand.New(rand.NewPCG(1, 2))
	drawn, scanned := map[string]bool{}, map[string]bool{}
	for range 10_000 {
		member, _ := z.Random(r.Uint64)
		drawn[string(member)] = true
	}
	for cursor, first := uint64(0), true; first || cursor != 0; first = false {
		cursor = z.Scan(cursor, func(member []byte, score float64) {
			if fmt.Sprint(score) != string(member) {
				t.Fatalf("%q %v", member, score)
			}
			scanned[string(member)] = true
		})
	}
	if len(drawn) != 500 || len(scanned) != 500 {
		t.Fatalf("%d drawn, %d scanned", len(drawn), len(scanned))
	}
}

func filled(n int) (*ZSet, [][]byte) {
	z, members := New(), make([][]byte, n)
	for i := range members {
		members[i] = fmt.Appendf(nil, "m%09d", i)
	}
	r := rand.New(rand.NewPCG(9, 9))
	for _, i := range r.Perm(n) {
		z.Set(members[i], r.Float64()*1e6)
	}
	return z, members
}

func TestAllocs(t *testing.T) {
	z, members := filled(5000)
	r := rand.New(rand.NewPCG(1, 2))
	i := 0
	for name, fn := range map[string]func(){
		"Score":       func() { z.Score(members[i]) },
		"Rank":        func() { z.Rank(members[i]) },
		"At":          func() { z.At(i) },
		"RankOfScore": func() { z.RankOfScore(float64(i), true) },
		"Set, near":   func() { s, _ := z.Score(members[i]); z.Set(members[i], s+1e-9) },
		"walk": func() {
			for c, n := z.SeekScore(float64(i), false), 0; c.Valid() && n < 100; n++ {
				c.Next()
			}
		},
	} {
		i = 0
		if n := testing.AllocsPerRun(4000, func() { fn(); i++ }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	// Moving to any other score allocates only when a leaf divides: less than one leaf in 20 moves.
	i = 0
	if n := testing.AllocsPerRun(4000, func() { z.Set(members[i], r.Float64()*1e6); i++ }); n > 0.05 {
		t.Errorf("Set: %v allocations", n)
	}
}

func TestBytesPerMember(t *testing.T) {
	z, _ := filled(200_000)
	per := float64(z.MemUsage()) / 200_000
	t.Logf("%.1f bytes per member of 10 bytes, leaves %.0f%% full", per, 100*200_000/float64(z.tree.leaves*leafCap))
	if per > 62 {
		t.Errorf("%.1f bytes per member", per)
	}
}

func TestFillGivesTheSameSet(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{0, 1, 61, 62, 63, 500, 62*31 + 1, 62 * 31 * 2, 20000} {
		for _, shuffled := range []bool{false, true} {
			set, filled := New(), New()
			var blocks []dict.Entry
			for i := range n {
				m, s := fmt.Appendf(nil, "member %06d", i), float64(r.IntN(n/3+1))-float64(n/6)
				switch r.IntN(10) {
				case 0:
					s = math.Copysign(0, -1)
				case 1:
					s = r.NormFloat64() * 1e300
				case 2:
					s = math.Inf(1 - 2*r.IntN(2))
				}
				set.Set(m, s)
				blocks = append(blocks, NewEntry(m, s))
			}
			if shuffled {
				r.Shuffle(n, func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
			}
			filled.Fill(blocks)
			if err := filled.Check(); err != nil {
				t.Fatal(err)
			}
			if filled.Len() != n || float64(filled.MemUsage()) > 1.1*float64(set.MemUsage())+4096 {
				t.Errorf("%d members: %d bytes filled, %d inserted", n, filled.MemUsage(), set.MemUsage())
			}
			for rank := range n {
				m1, s1 := set.At(rank)
				m2, s2 := filled.At(rank)
				if string(m1) != string(m2) || math.Float64bits(s1) != math.Float64bits(s2) {
					t.Fatalf("rank %d: %s %g, not %s %g", rank, m2, s2, m1, s1)
				}
			}
			for range n / 2 { // a full tree takes changes
				m := fmt.Appendf(nil, "member %06d", r.IntN(n))
				if r.IntN(2) == 0 {
					filled.Remove(m)
				} else {
					filled.Set(m, r.Float64()*float64(n))
				}
			}
			if err := filled.Check(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
