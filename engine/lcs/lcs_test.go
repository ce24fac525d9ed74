// Tests against replies recorded from redis-server 7.0.15: go test -record writes them anew.

package lcs

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/evald/evald/internal/liveredis"
)

var record = flag.Bool("record", false, "record goldens from a redis-server in PATH")

const golden = "testdata/replies.txt"

func recordReplies(t *testing.T) {
	c := liveredis.Start(t)
	r := rand.New(rand.NewPCG(12, 12))
	word := func(letters int) string {
		b := make([]byte, r.IntN(30))
		for i := range b {
			b[i] = byte('a' + r.IntN(letters))
		}
		return string(b)
	}
	var out bytes.Buffer
	for i := range 400 {
		a, b := word(1+i%7), word(1+i%7)
		if i%5 == 0 && len(a) > 4 {
			b = a[2:] + b + a[:3]
		}
		minLen := []int{0, 0, 1, 2, 4, -3}[r.IntN(6)]
		c.Do("MSET", "a", a, "b", b)
		text := c.Do("LCS", "a", "b")
		reply := c.Do("LCS", "a", "b", "IDX", "MINMATCHLEN", minLen, "WITHMATCHLEN").([]any)
		fmt.Fprintf(&out, "%q %q %d => %q %v %v\n", a, b, minLen, text, reply[3], reply[1])
	}
	if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestReplies(t *testing.T) {
	if *record {
		recordReplies(t)
	}
	f, err := os.Open(golden)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line, want, _ := strings.Cut(lines.Text(), " => ")
		w := strings.Fields(line)
		a, err1 := strconv.Unquote(w[0])
		b, err2 := strconv.Unquote(w[1])
		minLen, err3 := strconv.ParseInt(w[2], 10, 64)
		if err1 != nil || err2 != nil || err3 != nil {
			t.Fatalf("bad line %q", line)
		}
		text, matches := Find([]byte(a), []byte(b), minLen)
		got := fmt.Sprintf("%q %d [", text, Length([]byte(a), []byte(b)))
		for i, m := range matches {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("[[%d %d] [%d %d] %d]", m.AStart, m.AEnd, m.BStart, m.BEnd, m.Len())
		}
		if got += "]"; got != want {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte("ohmytext"), []byte("mynewtext"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a)*len(b) > 1<<16 {
			return
		}
		text, matches := Find(a, b, 0)
		if len(text) != Length(a, b) || len(text) != naive(a, b) {
			t.Fatalf("found %d bytes, length %d, naive %d", len(text), Length(a, b), naive(a, b))
		}
		end := len(text)
		for _, m := range matches { // they spell the text from its end
			if string(a[m.AStart:m.AEnd+1]) != string(b[m.BStart:m.BEnd+1]) || !bytes.HasSuffix(text[:end], a[m.AStart:m.AEnd+1]) {
				t.Fatalf("match %+v does not fit %q", m, text)
			}
			end -= m.Len()
		}
		if end != 0 {
			t.Fatalf("%d bytes in no match", end)
		}
	})
}

// naive is the textbook table.
func naive(a, b []byte) int {
	table := make([][]int, len(a)+1)
	table[0] = make([]int, len(b)+1)
	for i := range a {
		table[i+1] = make([]int, len(b)+1)
		for j := range b {
			table[i+1][j+1] = max(table[i][j+1], table[i+1][j])
			if a[i] == b[j] {
				table[i+1][j+1] = table[i][j] + 1
			}
		}
	}
	return table[len(a)][len(b)]
}

func BenchmarkLength(b *testing.B) {
	x, y := bytes.Repeat([]byte("abcde"), 200), bytes.Repeat([]byte("badce"), 200)
	for range b.N {
		Length(x, y)
	}
}
