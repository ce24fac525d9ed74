// Package diff gives the same random commands to a real redis-server and to evald, and compares replies and final contents.
package diff

import (
	"flag"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/evald/evald/internal/evaldtest"
	"github.com/evald/evald/internal/redistest"
	"github.com/evald/evald/internal/reply"
)

var (
	commands = flag.Int("commands", 5000, "how many commands to compare; the variable DIFF_COMMANDS goes before")
	seed     = flag.Uint64("seed", 0, "of the first round; 0: by the clock")
	binary   = flag.String("binary", "", "evald to run; default: it is built")
	rounds   = flag.Int("differences", 20, "stop after so many differing rounds")
)

// roundLen is how many commands a round has before the servers are emptied.
const roundLen = 600

func TestSameReplies(t *testing.T) {
	total := *commands
	if s := os.Getenv("DIFF_COMMANDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal("DIFF_COMMANDS: ", err)
		}
		total = n
	}
	bin := *binary
	if bin == "" {
		bin = evaldtest.Build(t)
	}
	p := &pair{redis: redistest.Start(t, "--enable-debug-command", "yes"), own: evaldtest.Start(t, bin, "--set", "enable-debug-command=yes")}
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	t.Logf("%d commands, seeds from %d", total, first)
	failed := 0
	for n := uint64(0); int(n)*roundLen < total && failed < *rounds; n++ {
		if !p.round(t, first+n) {
			failed++
		}
	}
}

// round runs one seed's commands and compares what the servers then hold.
func (p *pair) round(t *testing.T, seed uint64) bool {
	g := newGenerator(seed)
	setup := g.setup()
	if seed%2 == 1 {
		setup = append([][]string{{"HELLO", "3"}}, setup...)
	}
	var list [][]string
	for len(list) < roundLen {
		list = append(list, g.next()...)
	}
	d, err := p.run(append(setup[:len(setup):len(setup)], list...))
	if err == nil && d == nil {
		var show [][]string
		if show, err = p.contents(); err == nil {
			d, err = p.run(show)
			list = append(list, show...)
		}
	}
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
		return false
	}
	if d == nil {
		return true
	}
	short, last := p.shrink(setup, list)
	if last == nil {
		last = d
	}
	var text strings.Builder
	for _, args := range short {
		text.WriteString(reply.Line(args) + "\n")
	}
	t.Errorf("seed %d, after %s:\n%s%s", seed, limits(setup), text.String(), last)
	return false
}

func limits(setup [][]string) string {
	var b strings.Builder
	for _, args := range setup {
		if args[0] == "CONFIG" || args[0] == "HELLO" {
			b.WriteString(reply.Line(args) + "; ")
		}
	}
	return b.String()
}
