// Package diff gives the same random commands to a real redis-server and to evald, and compares replies and final contents.
package diff

import (
	"bytes"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

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
	p := &pair{redis: redistest.Start(t), own: startOwn(t)}
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

// startOwn builds evald and runs it without a store until the test ends.
func startOwn(t *testing.T) string {
	dir := t.TempDir()
	bin := *binary
	if bin == "" {
		bin = filepath.Join(dir, "evald")
		build(t, bin)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	var log bytes.Buffer
	cmd := exec.Command(bin, "serve", "--addr", addr, "--in-memory", "--dir", dir)
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		if strings.Contains(log.String(), "panic") {
			t.Errorf("evald: %s", log.String())
		}
	})
	deadline := time.After(20 * time.Second)
	for poll := time.NewTicker(5 * time.Millisecond); ; {
		if c, err := dial(addr); err == nil {
			_, err = c.do([][]string{{"PING"}})
			c.Close()
			if err == nil {
				return addr
			}
		}
		select {
		case <-poll.C:
		case <-done:
			t.Fatalf("evald ended: %s", log.String())
		case <-deadline:
			t.Fatal("evald does not answer")
		}
	}
}

func build(t *testing.T, bin string) {
	if out, err := exec.Command("go", "build", "-o", bin, "github.com/evald/evald").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
}
