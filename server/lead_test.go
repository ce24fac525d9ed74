package server

import (
	"fmt"
	"sync/atomic"
	"testing"
)

// startOnDisk starts a server whose store makes a patient loop wait for m.disk. later lets the readers so far be gone.
func startOnDisk(t *testing.T) (s *Server, m *memoryStore, later func()) {
	t.Helper()
	var clock atomic.Int64
	clock.Store(1e15)
	m = newMemoryStore()
	m.disk = make(chan bool)
	s = startServer(t, func(o *Options) {
		o.OpenStore = func(string, string) (Store, error) { return m, nil }
		o.Clock = clock.Load
	})
	return s, m, func() { clock.Add(readersGone) }
}

// TestSlowDiskPassesTheLead: while the loop waits for the disk, another goroutine goes on with it; when the disk has moved the reply goes, and the
// two have changed places.
func TestSlowDiskPassesTheLead(t *testing.T) {
	s, m, later := startOnDisk(t)
	writer, reader := newWire(t, s.Dial()), newWire(t, s.Dial())
	for range 5 {
		later()
		writer.send("INCR k")
		seq := <-m.commits
		if got := reader.do("GET other"); got != "(nil)" { // answered while the disk stands
			t.Fatal(got)
		}
		if m.Durable() >= seq {
			t.Fatal("durable on a disk that stands still")
		}
		writer.silent(reader)
		m.disk <- true
		writer.read()
	}
	if got := reader.do("GET k"); got != `"5"` {
		t.Fatal(got)
	}
	later()
	for range 5 { // a disk that is quick: nobody changes places
		writer.send("INCR k")
		<-m.commits
		m.disk <- true
		writer.read()
	}
	if got := reader.do("GET k"); got != `"10"` {
		t.Fatal(got)
	}
}

// TestSlowDiskHoldsTurnsBehindIt: what is written while the disk stands is acknowledged in order, and the end of the server waits for the disk.
func TestSlowDiskHoldsTurnsBehindIt(t *testing.T) {
	s, m, later := startOnDisk(t)
	first, second, reader := newWire(t, s.Dial()), newWire(t, s.Dial()), newWire(t, s.Dial())
	later()
	first.send("SET a 1")
	<-m.commits
	reader.do("GET other") // another goroutine leads
	second.send("GET a")   // sees what is not durable
	second.silent(reader)
	m.disk <- true
	if got := first.read() + " " + second.read(); got != `OK "1"` {
		t.Fatal(got)
	}
	later()
	first.send("SET a 2")
	<-m.commits
	closed := make(chan struct{})
	go func() {
		s.Close()
		close(closed)
	}()
	m.disk <- true
	if got := first.read(); got != "OK" {
		t.Fatal(got)
	}
	<-closed
}

// TestReadersKeepTheLoopFromWaiting: beside clients that read, every turn is the committer's.
func TestReadersKeepTheLoopFromWaiting(t *testing.T) {
	s, m, later := startOnDisk(t)
	writer, reader := newWire(t, s.Dial()), newWire(t, s.Dial())
	later()
	reader.do("GET other")
	for range 5 {
		writer.send("INCR k")
		<-m.commits
		reader.do("GET other")
		m.sync()
		writer.read()
	}
	later()
	writer.send("INCR k")
	<-m.commits
	m.disk <- true
	writer.read()

	later()
	go writer.conn.Write([]byte("*2\r\n$3\r\nGET\r\n$5\r\nother\r\n*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n")) // who sends both at once waits for the disk
	<-m.commits
	m.disk <- true
	if got := writer.read() + " " + writer.read(); got != "(nil) 7" {
		t.Error(got)
	}
}

// TestRepliesGoInBatchesBesideReaders drives the loop's own functions on the test's goroutine, in place of the loop.
func TestRepliesGoInBatchesBesideReaders(t *testing.T) {
	m := newMemoryStore()
	s, err := New(Options{Addr: "none", Dir: t.TempDir(), OpenStore: func(string, string) (Store, error) { return m, nil },
		Clock: func() int64 { return 1e15 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.closeAll() })
	sent := func() {
		for _, c := range s.dirty {
			c.flags &^= dirtyOut
		}
		s.dirty = s.dirty[:0]
	}
	for _, readers := range []bool{false, true} {
		s.tick()
		s.nextCron = s.ms + cronInterval
		s.lead.read = s.us - readersGone
		if readers {
			s.lead.read = s.us
		}
		const n = 2*ackBatch + 1
		for range n {
			c := s.newConn(-1)
			c.in.Feed([]byte("*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n"))
			s.process(c)
		}
		sent()
		s.commit()
		<-m.commits
		m.sync()
		want := []int{n}
		if readers {
			want = []int{ackBatch, ackBatch, 1}
		}
		for i, w := range want {
			sent()
			s.acknowledge()
			if len(s.dirty) != w {
				t.Errorf("readers %v, turn %d: %d replies go, not %d", readers, i, len(s.dirty), w)
			}
			if last := i == len(want)-1; last != (s.timeout() > 0) {
				t.Errorf("readers %v, turn %d: the loop would sleep for %d ms", readers, i, s.timeout())
			}
		}
		sent()
		if len(s.held) > 0 {
			t.Errorf("%d connections are still held", len(s.held))
		}
	}
}

// TestTheEndSendsEveryReply: those of a last turn too that would go in batches.
func TestTheEndSendsEveryReply(t *testing.T) {
	s, m, _ := startOnDisk(t) // the clock stands: who has read is still there
	newWire(t, s.Dial()).do("GET other")
	var writers []*wire
	for range 3 * ackBatch {
		w := newWire(t, s.Dial())
		w.send("INCR k")
		<-m.commits
		writers = append(writers, w)
	}
	go s.Close()
	for i, w := range writers {
		if got, want := w.read(), fmt.Sprint(i+1); got != want {
			t.Errorf("client %d: %s", i, got)
		}
	}
}
