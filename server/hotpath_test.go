package server

import (
	"fmt"
	"strings"
	"testing"
)

// TestHotPathAllocs: from parsed bytes to written reply nothing is allocated. It drives the loop's own functions on the test's
// goroutine, in place of the loop.
func TestHotPathAllocs(t *testing.T) {
	s, err := New(Options{Addr: "none", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.closeAll() })
	s.tick()
	c := s.newConn(-1)
	run := func(lines string) {
		buf := []byte(nil)
		for _, line := range strings.Split(lines, "\n") {
			words := strings.Fields(line)
			buf = fmt.Appendf(buf, "*%d\r\n", len(words))
			for _, w := range words {
				buf = fmt.Appendf(buf, "$%d\r\n%s\r\n", len(w), w)
			}
		}
		turn := func() {
			c.in.Feed(buf)
			s.process(c)
			c.out.Buf = c.out.Buf[:0]
			s.dirty[0] = nil
			s.dirty, c.flags = s.dirty[:0], c.flags&^dirtyOut
			s.commit()
		}
		turn()
		if n := testing.AllocsPerRun(200, turn); n != 0 {
			t.Errorf("%.20q: %v allocations, want 0", lines, n)
		}
	}
	run("SET k 1\nSET key:000001 value")
	run("GET k\nGET key:000001\nGET missing")
	run("HSET h f v")
	run("HGET h f\nHGET h missing")
	run("ZADD z 1.5 m")
	run("ZSCORE z m")
	run("INCR k")
	run("PING")
	run("EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0") // NOSCRIPT: an error costs nothing either
}

// BenchmarkCommand is one command from received bytes to the reply in the output buffer.
func BenchmarkCommand(b *testing.B) {
	for _, line := range []string{"SET key:000000000001 xxx", "GET key:000000000001", "PING"} {
		b.Run(strings.Fields(line)[0], func(b *testing.B) {
			s, err := New(Options{Addr: "none", Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { s.closeAll() })
			s.tick()
			c := s.newConn(-1)
			words := strings.Fields(line)
			buf := fmt.Appendf(nil, "*%d\r\n", len(words))
			for _, w := range words {
				buf = fmt.Appendf(buf, "$%d\r\n%s\r\n", len(w), w)
			}
			b.ReportAllocs()
			for b.Loop() {
				c.in.Feed(buf)
				s.process(c)
				c.out.Buf = c.out.Buf[:0]
				s.commit()
			}
		})
	}
}
