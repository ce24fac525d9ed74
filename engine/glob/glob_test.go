// Tests against answers of a real Redis, against a naive matcher, and of the bound on work.
package glob

import (
	"bytes"
	_ "embed"
	"strconv"
	"strings"
	"testing"
)

//go:embed testdata/redis-7.0.15.txt
var recorded string

func TestRecorded(t *testing.T) {
	n := 0
	for line := range strings.Lines(recorded) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		pattern, err1 := strconv.Unquote(fields[1])
		s, err2 := strconv.Unquote(fields[2])
		if err1 != nil || err2 != nil {
			t.Fatal(line, err1, err2)
		}
		fn := map[string]func(pattern, s []byte) bool{"match": Match, "fold": MatchFold}[fields[0]]
		if got := fn([]byte(pattern), []byte(s)); got != (fields[3] == "1") {
			t.Errorf("%s(%s, %s) = %v", fields[0], fields[1], fields[2], got)
		}
		n++
	}
	if n < 4000 {
		t.Errorf("only %d recorded answers", n)
	}
}

// naive is the definition: exponential, and recursive over both.
func naive(p, s []byte, fold bool) bool {
	switch {
	case len(p) == 0:
		return len(s) == 0
	case p[0] == '*':
		return naive(p[1:], s, fold) || len(s) > 0 && naive(p, s[1:], fold)
	case len(s) == 0:
		return false
	}
	n, ok := one(p, s[0], fold)
	return ok && naive(p[n:], s[1:], fold)
}

func FuzzAgainstNaive(f *testing.F) {
	f.Add([]byte("a*[^b-c]?\\*"), []byte("abcd*"), true)
	f.Add([]byte("*a*b*"), []byte("xaxbx"), false)
	f.Fuzz(func(t *testing.T, p, s []byte, fold bool) {
		got := match(p, s, fold)
		if bytes.Count(p, []byte("*")) > 4 || len(s) > 40 {
			return
		}
		if want := naive(p, s, fold) && (len(s) > 0 || len(p) == 0); got != want {
			t.Fatalf("%q %q: %v", p, s, got)
		}
	})
}

// TestHostilePattern would not end in any reasonable time if stars multiplied.
func TestHostilePattern(t *testing.T) {
	p := []byte(strings.Repeat("a*", maxStars) + "b")
	if s := bytes.Repeat([]byte("a"), 20_000); Match(p, s) || !Match(p, append(s, 'b')) {
		t.Fatal("wrong")
	}
}

// TestMostStars has Redis's bound: the star at the end of a pattern does not count.
func TestMostStars(t *testing.T) {
	s := bytes.Repeat([]byte("a"), 5000)
	for pattern, want := range map[string]bool{
		strings.Repeat("*a", maxStars): true, strings.Repeat("*a", maxStars+1): false,
		strings.Repeat("a*", maxStars+1): true, strings.Repeat("a*", maxStars+2): false, strings.Repeat("*?", 50_000): false,
	} {
		if got := Match([]byte(pattern), s); got != want {
			t.Errorf("%.4s... of %d bytes: %v", pattern, len(pattern), got)
		}
	}
}

func TestAllocs(t *testing.T) {
	p, s := []byte("user:*:[0-9]?"), []byte("user:1234:42")
	if n := testing.AllocsPerRun(100, func() { Match(p, s); MatchFold(p, s) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMatch(b *testing.B) {
	s := []byte("session:user:123456:profile")
	for _, p := range []string{"session:*", "*profile", "*:123456:*", "session:????:[0-9]*"} {
		b.Run(p, func(b *testing.B) {
			for b.Loop() {
				Match([]byte(p), s)
			}
		})
	}
}
