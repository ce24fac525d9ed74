// Tests of the listpack codec against a plain slice.

package listpack

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
)

var samples = []string{
	"", "a", "0", "-1", "127", "128", "4095", "4096", "-4096", "-4097", "32767", "32768", "-32768", "-32769", "8388607", "8388608",
	"-8388608", "-8388609", "2147483647", "2147483648", "-2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808",
	"9223372036854775808", "-9223372036854775809", "007", "-0", "+1", " 1", "12a", "-", strings.Repeat("x", 63), strings.Repeat("x", 64),
	strings.Repeat("y", 125), strings.Repeat("y", 126), strings.Repeat("y", 127), strings.Repeat("z", 4095), strings.Repeat("z", 4096),
	strings.Repeat("w", 16377), strings.Repeat("w", 16378), strings.Repeat("w", 2097146),
}

func contents(lp []byte) (out []string) {
	var buf [MaxIntText]byte
	for p := First(lp); p != End; p = Next(lp, p) {
		out = append(out, string(Text(lp, p, buf[:])))
	}
	return out
}

func TestAppendAndWalkBothWays(t *testing.T) {
	lp := New(0)
	for _, s := range samples {
		lp = Append(lp, []byte(s))
	}
	if n, err := Validate(lp); err != nil || n != len(samples) || Len(lp) != n {
		t.Fatalf("Validate = %d, %v", n, err)
	}
	for i, s := range contents(lp) {
		if s != samples[i] {
			t.Errorf("element %d: %q, want %q", i, s, samples[i])
		}
	}
	i := len(samples)
	var buf [MaxIntText]byte
	for p := Last(lp); p != End; p = Prev(lp, p) {
		i--
		if s := string(Text(lp, p, buf[:])); s != samples[i] {
			t.Errorf("backwards, element %d: %q, want %q", i, s, samples[i])
		}
	}
	if i != 0 {
		t.Errorf("backwards stopped at %d", i)
	}
}

// The bytes of a listpack are what DUMP carries; this one is the value of "HSET h a 1 b 70000 c xyz" on redis-server 7.0.15.
func TestBytesAsRedis(t *testing.T) {
	lp := New(0)
	for _, s := range []string{"a", "1", "b", "70000", "c", "xyz"} {
		lp = Append(lp, []byte(s))
	}
	want := "\x1f\x00\x00\x00\x06\x00\x81a\x02\x01\x01\x81b\x02\xf2p\x11\x01\x04\x81c\x02\x83xyz\x04\xff"
	if string(lp[6:]) != want[6:] || Len(lp) != 6 {
		t.Errorf("got  %q\nwant %q", lp, want)
	}
}

func TestSetIntTruncateSplice(t *testing.T) {
	lp := New(0)
	for _, v := range []int64{1, 2, 3} {
		lp = AppendInt(lp, v)
	}
	mid := Next(lp, First(lp))
	lp = SetInt(lp, mid, 1<<40)
	lp = SetInt(lp, First(lp), -70000)
	if got := strings.Join(contents(lp), " "); got != "-70000 1099511627776 3" {
		t.Fatalf("after SetInt: %s", got)
	}
	mid = Next(lp, First(lp))
	lp = SetInt(lp, mid, 5)
	ins := Append(Append(New(0), []byte("x")), []byte("y"))
	lp = Splice(lp, mid, Skip(lp, mid), Elements(ins), 1)
	if got := strings.Join(contents(lp), " "); got != "-70000 x y 3" {
		t.Fatalf("after Splice: %s", got)
	}
	lp = Truncate(lp, Last(lp), 1)
	if got := strings.Join(contents(lp), " "); got != "-70000 x y" {
		t.Fatalf("after Truncate: %s", got)
	}
	if n, err := Validate(lp); n != 3 || err != nil {
		t.Fatalf("Validate = %d, %v", n, err)
	}
}

func TestCountBeyondHeader(t *testing.T) {
	lp := New(1 << 20)
	for range 70000 {
		lp = AppendInt(lp, 1)
	}
	if n, err := Validate(lp); n != 70000 || err != nil || Len(lp) != n {
		t.Fatalf("Validate = %d, %v; Len = %d", n, err, Len(lp))
	}
}

func TestParseIntLikeStrconv(t *testing.T) {
	for _, s := range samples {
		v, err := strconv.ParseInt(s, 10, 64)
		want := err == nil && strconv.FormatInt(v, 10) == s
		got, ok := ParseInt([]byte(s))
		if ok != want || (ok && got != v) {
			t.Errorf("ParseInt(%.30q) = %d, %v", s, got, ok)
		}
	}
}

func FuzzValidate(f *testing.F) {
	lp := New(0)
	for _, s := range samples[:36] {
		lp = Append(lp, []byte(s))
	}
	f.Add(lp)
	f.Fuzz(func(t *testing.T, lp []byte) {
		n, err := Validate(lp)
		if err != nil {
			return
		}
		fwd := contents(lp)
		if len(fwd) != n || Len(lp) != n {
			t.Fatalf("count %d, walked %d", n, len(fwd))
		}
		again := New(0)
		for _, s := range fwd {
			again = Append(again, []byte(s))
		}
		if got := contents(again); !slicesEqual(got, fwd) {
			t.Fatalf("rewritten: %q, want %q", got, fwd)
		}
		i := n
		for p := Last(lp); p != End; p = Prev(lp, p) {
			i--
		}
		if i != 0 {
			t.Fatalf("backwards walk left %d", i)
		}
	})
}

func slicesEqual(a, b []string) bool {
	return bytes.Equal([]byte(strings.Join(a, "\x00")), []byte(strings.Join(b, "\x00"))) && len(a) == len(b)
}

func TestAppendDoesNotAllocateWithinCapacity(t *testing.T) {
	lp := New(1 << 16)
	s := []byte("some text")
	if n := testing.AllocsPerRun(100, func() { lp = Append(lp, s) }); n != 0 {
		t.Errorf("%v allocations per Append", n)
	}
}
