// Tests against bit-by-bit models and a transcript recorded from redis-server 7.0.15: go test -record writes it anew.

package bitops

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/evald/evald/internal/liveredis"
)

var record = flag.Bool("record", false, "record goldens from a redis-server in PATH")

const golden = "testdata/transcript.txt"

func randomString(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(40))
	fill := []byte{0, 0xFF, byte(r.Uint32())}[r.IntN(3)]
	for i := range b {
		b[i] = fill
		if r.IntN(6) == 0 {
			b[i] = byte(r.Uint32())
		}
	}
	return b
}

func randomField(r *rand.Rand) string {
	width := 1 + r.IntN(64)
	kind := byte("iu"[r.IntN(2)])
	if kind == 'u' {
		width = min(width, 63)
	}
	value := r.Int64() >> r.IntN(64)
	if r.IntN(2) == 0 {
		value = -value
	}
	switch r.IntN(12) {
	case 0:
		value = math.MaxInt64
	case 1:
		value = math.MinInt64
	}
	op := []string{"GET", "SET", "INCRBY"}[r.IntN(3)]
	line := fmt.Sprintf("%s %c%d %d", op, kind, width, r.IntN(300))
	if op != "GET" {
		line = fmt.Sprintf("OVERFLOW %s %s %d", []string{"WRAP", "SAT", "FAIL"}[r.IntN(3)], line, value)
	}
	return line
}

func recordTranscript(t *testing.T) {
	c := liveredis.Start(t)
	r := rand.New(rand.NewPCG(8, 8))
	var b bytes.Buffer
	for i := range 700 {
		s := randomString(r)
		c.Do("SET", "k", s)
		var line string
		position := func() int { return r.IntN(130) - 65 }
		if len(s) > 2 && i%2 == 0 {
			position = func() int { return r.IntN(8*len(s)) - 4*len(s) }
		}
		switch unit := []string{"BIT", "BYTE"}[r.IntN(2)]; r.IntN(7) {
		case 0:
			line = "BITCOUNT k"
		case 1:
			line = fmt.Sprintf("BITCOUNT k %d %d %s", position(), position(), unit)
		case 2:
			line = fmt.Sprintf("BITPOS k %d", r.IntN(2))
		case 3:
			line = fmt.Sprintf("BITPOS k %d %d", r.IntN(2), position())
		case 4:
			line = fmt.Sprintf("BITPOS k %d %d %d %s", r.IntN(2), position(), position(), unit)
		default:
			line = "BITFIELD k " + randomField(r) + " " + randomField(r)
		}
		args := []any{}
		for _, w := range strings.Fields(line) {
			args = append(args, w)
		}
		reply := c.Do(args...)
		after := c.Do("GET", "k").(string)
		fmt.Fprintf(&b, "%x %s => %v %x\n", s, line, reply, after)
	}
	if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// bitfield runs one operation as a command handler would and returns the string, grown if need be.
func bitfield(t *testing.T, b []byte, w []string) (out []byte, rest []string, reply any) {
	overflow := Wrap
	if w[0] == "OVERFLOW" {
		overflow = map[string]Overflow{"WRAP": Wrap, "SAT": Saturate, "FAIL": Fail}[w[1]]
		w = w[2:]
	}
	typ, ok := ParseType([]byte(w[1]))
	if !ok {
		t.Fatalf("type %q", w[1])
	}
	var offset uint64
	fmt.Sscan(w[2], &offset)
	if w[0] == "GET" {
		return b, w[3:], typ.Get(b, offset)
	}
	var value, v int64
	fmt.Sscan(w[3], &value)
	old := typ.Get(b, offset)
	if w[0] == "SET" {
		v, ok = typ.Fit(value, overflow)
		reply = old
	} else {
		v, ok = typ.Add(old, value, overflow)
		reply = v
	}
	if !ok {
		return b, w[4:], nil
	}
	typ.Set(b, offset, v)
	return b, w[4:], reply
}

func run(t *testing.T, b []byte, w []string) (out []byte, reply any) {
	var n [3]int64
	for i, s := range w[2:] {
		if i < 3 {
			fmt.Sscan(s, &n[i])
		}
	}
	bit := w[len(w)-1] == "BIT"
	switch {
	case w[0] == "BITCOUNT" && len(w) == 2:
		return b, Count(b)
	case w[0] == "BITCOUNT":
		return b, CountRange(b, n[0], n[1], bit)
	case w[0] == "BITPOS":
		return b, Pos(b, byte(n[0]), n[1], n[2], len(w) > 4, bit)
	}
	// The string grows to what the farthest write needs before anything runs.
	for i, s := range w {
		if s == "SET" || s == "INCRBY" {
			typ, _ := ParseType([]byte(w[i+1]))
			var offset int
			fmt.Sscan(w[i+2], &offset)
			if size := (offset + int(typ.Bits) + 7) / 8; size > len(b) {
				b = append(b, make([]byte, size-len(b))...)
			}
		}
	}
	var replies []any
	for rest := w[2:]; len(rest) > 0; {
		var one any
		b, rest, one = bitfield(t, b, rest)
		replies = append(replies, one)
	}
	return b, replies
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
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, want, _ := strings.Cut(lines.Text(), " => ")
		text, command, _ := strings.Cut(line, " ")
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		after, reply := run(t, b, strings.Fields(command))
		if got := fmt.Sprintf("%v %x", reply, after); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

func bitAt(b []byte, i int64) byte { return b[i>>3] >> (7 - i&7) & 1 }

func TestKernelsAgainstBits(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 5000 {
		b := make([]byte, 1+r.IntN(100))
		for i := range b {
			sparse := r.Uint64() // a bit of b is set if it is in three random bytes
			b[i] = byte(sparse) & byte(sparse>>8) & byte(sparse>>16)
		}
		total := int64(len(b)) * 8
		from, to := r.Int64N(total), r.Int64N(total)
		var count int64
		pos := [2]int64{-1, -1}
		for i := from; i <= to; i++ {
			v := bitAt(b, i)
			count += int64(v)
			if pos[v] < 0 {
				pos[v] = i
			}
		}
		if got := CountRange(b, from, to, true); got != count {
			t.Fatalf("CountRange(%x, %d, %d) = %d, want %d", b, from, to, got, count)
		}
		for v := range byte(2) {
			if got := Pos(b, v, from, to, true, true); got != pos[v] {
				t.Fatalf("Pos(%x, %d, %d, %d) = %d, want %d", b, v, from, to, got, pos[v])
			}
		}
	}
}

func TestCombineAgainstBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 10))
	for range 2000 {
		srcs := make([][]byte, 1+r.IntN(5))
		length := 0
		for i := range srcs {
			srcs[i] = randomString(r)
			length = max(length, len(srcs[i]))
		}
		for _, op := range []Op{And, Or, Xor, Not} {
			in := srcs
			if op == Not {
				in = srcs[:1]
				length = len(in[0])
			}
			want := make([]byte, length)
			for i := range want {
				for k, s := range in {
					var c byte
					if i < len(s) {
						c = s[i]
					}
					switch {
					case op == Not:
						c = ^c
					case k > 0 && op == And:
						c &= want[i]
					case k > 0 && op == Or:
						c |= want[i]
					case k > 0 && op == Xor:
						c ^= want[i]
					}
					want[i] = c
				}
			}
			dirty := bytes.Repeat([]byte{0xAA}, r.IntN(60))
			if got := Combine(dirty, op, in...); !bytes.Equal(got, want) {
				t.Fatalf("op %d of %x: %x, want %x", op, in, got, want)
			}
		}
	}
}

func TestParseType(t *testing.T) {
	for s, want := range map[string]bool{"i64": true, "u63": true, "i1": true, "u1": true, "u64": false, "i65": false, "i0": false, "i": false,
		"": false, "x8": false, "i08": false, "u-1": false, "i100": false, "I8": false, "u6x": false} {
		if _, ok := ParseType([]byte(s)); ok != want {
			t.Errorf("ParseType(%q): %v", s, ok)
		}
	}
}

func FuzzField(f *testing.F) {
	f.Add([]byte("some bytes here"), uint8(13), true, uint64(5), int64(-7))
	f.Fuzz(func(t *testing.T, b []byte, width uint8, signed bool, offset uint64, v int64) {
		typ := Type{signed, uint(width)%63 + 1}
		if len(b) < 9 {
			return
		}
		offset %= uint64(len(b)*8) - uint64(typ.Bits)
		var want uint64
		for i := range uint64(typ.Bits) {
			want = want<<1 | uint64(bitAt(b, int64(offset+i)))
		}
		if got := typ.Get(b, offset); got != typ.wrap(want) {
			t.Fatalf("%+v at %d: %d, want %d", typ, offset, got, typ.wrap(want))
		}
		after := bytes.Clone(b)
		fitted, ok := typ.Fit(v, Wrap)
		typ.Set(after, offset, fitted)
		if typ.Get(after, offset) != fitted || !ok || fitted < typ.min() || fitted > typ.max() {
			t.Fatalf("%+v: wrote %d, read %d", typ, fitted, typ.Get(after, offset))
		}
		typ.Set(after, offset, typ.Get(b, offset))
		if !bytes.Equal(after, b) {
			t.Fatal("Set touched other bits")
		}
	})
}

func TestNothingAllocates(t *testing.T) {
	b, dst := make([]byte, 1000), make([]byte, 1000)
	srcs := [][]byte{b, b}
	typ := Type{true, 37}
	if n := testing.AllocsPerRun(100, func() {
		Count(b)
		Pos(b, 1, 0, 0, false, false)
		Combine(dst, Xor, srcs...)
		typ.Set(b, 3, typ.Get(b, 100)+1)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCount(b *testing.B) {
	s := make([]byte, 1<<20)
	b.SetBytes(int64(len(s)))
	for range b.N {
		Count(s)
	}
}

func BenchmarkCombine(b *testing.B) {
	s, dst := make([]byte, 1<<20), make([]byte, 1<<20)
	b.SetBytes(int64(len(s)))
	for range b.N {
		Combine(dst, And, s, s)
	}
}
