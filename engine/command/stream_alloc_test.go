package command_test

import (
	"strings"
	"testing"

	"github.com/evald/evald/internal/inprocess"
)

// TestStreamAllocations pins what the usual stream commands allocate; XADD's nodes are left out by averaging.
func TestStreamAllocations(t *testing.T) {
	s := inprocess.New(func(what string) { t.Fatal(what) })
	c := s.NewClient()
	run := func(line string) func() {
		var args [][]byte
		for _, w := range strings.Fields(line) {
			args = append(args, []byte(w))
		}
		return func() {
			c.Do(args)
			c.Out.Buf = c.Out.Buf[:0]
			s.KS.EncodeTurn(nil)
		}
	}
	run("XADD s * f value g 17")()
	run("XGROUP CREATE s g $")()
	for _, tt := range []struct {
		line string
		max  float64
	}{
		{"XLEN s", 0},
		{"XADD s * f value g 17", 0},
		{"XADD s MAXLEN ~ 1000 * f value g 17", 1},
		{"XRANGE s - + COUNT 5", 0},
		{"XREVRANGE s + - COUNT 5", 0},
		{"XREAD COUNT 5 STREAMS s 0", 2},
		{"XACK s g 1-1", 1},
	} {
		do := run(tt.line)
		do()
		if n := testing.AllocsPerRun(200, do); n > tt.max {
			t.Errorf("%s: %g allocations, at most %g", tt.line, n, tt.max)
		}
	}
}
