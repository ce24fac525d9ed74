// Tests that replay PFADD, PFCOUNT and PFMERGE as recorded from redis-server 7.0.15: go test -record writes them anew.

package hll

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/evald/evald/internal/liveredis"
)

var record = flag.Bool("record", false, "record goldens from a redis-server in PATH")

const golden = "testdata/transcript.txt"

// digest shows short strings whole and long ones by hash.
func digest(s string) string {
	if len(s) <= 64 {
		return fmt.Sprintf("%q", s)
	}
	sum := sha1.Sum([]byte(s))
	return fmt.Sprintf("%d:%s", len(s), hex.EncodeToString(sum[:]))
}

// script is the sequence of commands that is recorded: "PFADD key from to" adds the numbers in between.
func script() []string {
	r := rand.New(rand.NewPCG(3, 3))
	lines := []string{"PFCOUNT a", "PFADD a 0 0", "PFADD a 0 1", "PFADD a 0 1", "PFCOUNT a"}
	next := 1
	for _, n := range []int{1, 1, 2, 5, 10, 30, 50, 100, 200, 300, 300, 500, 1000, 2000, 5000, 20000, 100000} {
		key := "a"
		lines = append(lines, fmt.Sprintf("PFADD %s %d %d", key, next, next+n), "PFCOUNT "+key)
		next += n
	}
	for i := range 150 {
		k := string(rune('b' + r.IntN(6)))
		switch r.IntN(6) {
		default:
			from := r.IntN(100000)
			lines = append(lines, fmt.Sprintf("PFADD %s %d %d", k, from, from+1+r.IntN(i*3+2)))
		case 3:
			lines = append(lines, "PFCOUNT "+k)
		case 4:
			lines = append(lines, fmt.Sprintf("PFCOUNT %s %c %c", k, 'b'+r.IntN(6), 'a'+r.IntN(7)))
		case 5:
			lines = append(lines, fmt.Sprintf("PFMERGE %s %c %c", k, 'b'+r.IntN(6), 'b'+r.IntN(6)))
		}
	}
	// Values above 32 force the dense encoding; this element's run of zeros is long.
	return append(lines, "PFMERGE new", "PFMERGE big a new", "PFCOUNT big")
}

func elements(w []string) []string {
	var from, to int
	fmt.Sscan(w[2], &from)
	fmt.Sscan(w[3], &to)
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("%0*d", i%23, i))
	}
	return out
}

func recordTranscript(t *testing.T) {
	c := liveredis.Start(t)
	var b bytes.Buffer
	for _, line := range script() {
		w := strings.Fields(line)
		args := []any{w[0]}
		rest := w[1:]
		if w[0] == "PFADD" {
			rest = append([]string{w[1]}, elements(w)...)
		}
		for _, s := range rest {
			args = append(args, s)
		}
		reply := c.Do(args...)
		value, _ := c.Do("GET", w[1]).(string)
		fmt.Fprintf(&b, "%s => %v %s\n", line, reply, digest(value))
	}
	if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run executes a transcript line on keys as the command handlers would.
func run(t *testing.T, keys map[string][]byte, line string) string {
	w := strings.Fields(line)
	h := keys[w[1]]
	switch {
	case w[0] == "PFADD":
		changed := h == nil
		if h == nil {
			h = New()
			Invalidate(h)
		}
		for _, e := range elements(w) {
			var ok bool
			var err error
			if h, ok, err = Add(h, []byte(e), DefaultSparseMax); err != nil {
				t.Fatal(err)
			}
			changed = changed || ok
		}
		keys[w[1]] = h
		if changed {
			return "1"
		}
		return "0"
	case w[0] == "PFCOUNT" && len(w) == 2:
		if h == nil {
			return "0"
		}
		n, ok := Cached(h)
		if !ok {
			var err error
			if n, err = Count(h); err != nil {
				t.Fatal(err)
			}
			SetCached(h, n)
		}
		return fmt.Sprint(n)
	}
	var u Union
	for _, k := range w[1:] {
		if keys[k] == nil {
			continue
		}
		if err := u.Add(keys[k]); err != nil {
			t.Fatal(err)
		}
	}
	if w[0] == "PFCOUNT" {
		return fmt.Sprint(u.Count())
	}
	if h == nil {
		h = New()
	}
	h, err := u.Store(h, DefaultSparseMax)
	if err != nil {
		t.Fatal(err)
	}
	keys[w[1]] = h
	return "OK"
}

func TestTranscript(t *testing.T) {
	if *record {
		recordTranscript(t)
	}
	f, err := os.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	keys := map[string][]byte{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, want, _ := strings.Cut(lines.Text(), " => ")
		got := run(t, keys, line)
		w := strings.Fields(line)
		if got += " " + digest(string(keys[w[1]])); got != want {
			t.Fatalf("%s\ngot  %s\nwant %s", line, got, want)
		}
		if h := keys[w[1]]; h != nil && !Valid(h) {
			t.Fatalf("%s: result is not valid", line)
		}
	}
}

func TestValid(t *testing.T) {
	dense, err := ToDense(New())
	if err != nil || !Valid(dense) || !Valid(New()) {
		t.Fatal("fresh HyperLogLogs are not valid")
	}
	bad := slices.Clone(New())
	bad[4] = 2
	for _, h := range [][]byte{nil, []byte("HYLL"), bad, dense[:len(dense)-1], append(slices.Clone(dense), 0), []byte("hyll" + string(New()[4:]))} {
		if Valid(h) {
			t.Errorf("%.20q is valid", h)
		}
	}
}

// naive keeps one byte per register.
type naive [registers]byte

func (n *naive) add(e []byte) {
	i, c := pattern(e)
	n[i] = max(n[i], c)
}

func TestEncodingsAgreeWithPlainRegisters(t *testing.T) {
	for _, sparseMax := range []int{0, 50, 3000, 20000} {
		var want naive
		h := New()
		for i := range 6000 {
			e := fmt.Appendf(nil, "element %d", i)
			want.add(e)
			var err error
			if h, _, err = Add(h, e, sparseMax); err != nil {
				t.Fatal(err)
			}
			if i%500 != 0 {
				continue
			}
			var u Union
			if err := u.Add(h); err != nil || !bytes.Equal(u.Registers(), want[:]) {
				t.Fatalf("sparseMax %d, %d elements: registers differ (%v)", sparseMax, i, err)
			}
			if n, err := Count(h); err != nil || n != u.Count() || math.Abs(float64(n)-float64(i+1)) > 5+0.05*float64(i) {
				t.Fatalf("sparseMax %d: Count = %d of %d, %v", sparseMax, n, i+1, err)
			}
		}
	}
}

func TestRegistersAboveSparseRange(t *testing.T) {
	h, changed, err := set(New(), 7, 33, DefaultSparseMax)
	if err != nil || !changed || !Dense(h) || register(h, 7) != 33 {
		t.Fatalf("register 7 is %d, dense %v", register(h, 7), Dense(h))
	}
	for i := range registers {
		setRegister(h, i, byte(i*7%51))
	}
	for i := range registers {
		if register(h, i) != byte(i*7%51) {
			t.Fatalf("register %d is %d", i, register(h, i))
		}
	}
}

func FuzzForeignBytes(f *testing.F) {
	h := New()
	for i := range 50 {
		h, _, _ = Add(h, fmt.Append(nil, i), DefaultSparseMax)
	}
	f.Add(h, []byte("x"))
	f.Add([]byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f"), []byte("y"))
	f.Fuzz(func(t *testing.T, h, e []byte) {
		if !Valid(h) {
			return
		}
		n, countErr := Count(h)
		var u Union
		mergeErr := u.Add(h)
		if (countErr == nil) != (mergeErr == nil) {
			t.Fatalf("Count: %v, merge: %v", countErr, mergeErr)
		}
		if countErr == nil && u.Count() != n {
			t.Fatalf("Count = %d, union %d", n, u.Count())
		}
		out, _, err := Add(slices.Clone(h), e, DefaultSparseMax)
		if err != nil {
			return
		}
		if !Valid(out) {
			t.Fatal("Add broke the header")
		}
		if countErr != nil {
			return
		}
		i, c := pattern(e)
		want := u
		want.max[i] = max(want.max[i], c)
		var got Union
		if err := got.Add(out); err != nil || got.max != want.max {
			t.Fatalf("registers after Add differ (%v)", err)
		}
	})
}

func TestAddDoesNotAllocate(t *testing.T) {
	h, _ := ToDense(New())
	e := []byte("element 0000")
	if n := testing.AllocsPerRun(1000, func() {
		e[8]++
		h, _, _ = Add(h, e, DefaultSparseMax)
		Count(h)
	}); n != 0 {
		t.Errorf("%v allocations per dense Add and Count", n)
	}
}

func BenchmarkAddSparse(b *testing.B) {
	h := New()
	for i := range 800 {
		h, _, _ = Add(h, fmt.Append(nil, i), DefaultSparseMax)
	}
	e := []byte("7")
	for range b.N {
		h, _, _ = Add(h, e, DefaultSparseMax)
	}
}

func BenchmarkCountDense(b *testing.B) {
	h, _ := ToDense(New())
	for range b.N {
		Count(h)
	}
}

func BenchmarkUnionDense(b *testing.B) {
	h, _ := ToDense(New())
	var u Union
	for range b.N {
		u.Add(h)
	}
}
