package server

import (
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
}
