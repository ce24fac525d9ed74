package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/persistence"
)

// memoryStore is a Store whose commits become durable when the test says so.
type memoryStore struct {
	mu      sync.Mutex
	rows    map[string]string
	open    []func(map[string]string) // rows of the batch being filled
	queue   []pendingTurn
	durable uint64
	auto    bool // every commit is durable at once
	notify  func()
	closed  bool
	loadErr error
	load    map[string]string
	commits chan uint64
	slowest time.Duration
	refuse  atomic.Bool // the disk is about to be full
	copying chan bool   // Checkpoint receives from it; nil: it does not wait
	waiting atomic.Bool // Commit does
	disk    chan bool   // a patient caller of Commit receives from it; nil: it need not wait
}

type pendingTurn struct {
	seq  uint64
	rows []func(map[string]string)
}

func newMemoryStore() *memoryStore {
	return &memoryStore{rows: map[string]string{}, commits: make(chan uint64, 1000)}
}

func (m *memoryStore) Load(ks *engine.Keyspace, progress func(done, total int) error) error {
	l := ks.NewLoader()
	for i, k := range sortedNames(m.load) {
		if err := progress(i, len(m.load)); err != nil {
			return err
		}
		if err := l.Load([]byte(k), []byte(m.load[k])); err != nil {
			return err
		}
	}
	if m.loadErr != nil {
		return m.loadErr
	}
	return l.Finish()
}

func (m *memoryStore) Batch() engine.RowWriter { return m }

// Checkpoint makes a file that says how many rows there are. It waits for copying, if that is set, and then fails if it is closed.
func (m *memoryStore) Checkpoint(dir string) error {
	m.mu.Lock()
	n := len(m.rows)
	m.mu.Unlock()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "rows"), []byte(strconv.Itoa(n)), 0o644); err != nil || m.copying == nil {
		return err
	}
	if _, ok := <-m.copying; !ok {
		return errors.New("no copy today")
	}
	return nil
}

func (m *memoryStore) Set(key, value []byte) {
	k, v := string(key), string(value)
	m.open = append(m.open, func(rows map[string]string) { rows[k] = v })
}
func (m *memoryStore) Delete(key []byte) {
	k := string(key)
	m.open = append(m.open, func(rows map[string]string) { delete(rows, k) })
}
func (m *memoryStore) DeleteRange(from, to []byte) {
	f, t := string(from), string(to)
	m.open = append(m.open, func(rows map[string]string) {
		for k := range rows {
			if k >= f && k < t {
				delete(rows, k)
			}
		}
	})
}

func (m *memoryStore) Commit(seq uint64, patient bool, wait func()) bool {
	m.mu.Lock()
	m.queue = append(m.queue, pendingTurn{seq, m.open})
	m.open = nil
	auto := m.auto
	m.mu.Unlock()
	if auto {
		m.sync()
	}
	m.commits <- seq
	if !patient || m.disk == nil || !m.waiting.CompareAndSwap(false, true) {
		return false
	}
	defer m.waiting.Store(false)
	wait()
	<-m.disk
	m.sync()
	return true
}

// sync makes everything handed over durable.
func (m *memoryStore) sync() {
	m.mu.Lock()
	for _, p := range m.queue {
		for _, f := range p.rows {
			f(m.rows)
		}
		m.durable = p.seq
	}
	m.queue = nil
	m.mu.Unlock()
	m.notify()
}

func (m *memoryStore) Durable() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.durable
}
func (m *memoryStore) Notify(f func())       { m.notify = f }
func (m *memoryStore) SetFsync(string) error { return nil }
func (m *memoryStore) WriteError() error {
	if m.refuse.Load() {
		return persistence.LowDisk{}
	}
	return nil
}
func (m *memoryStore) Sync() error                  { m.sync(); return nil }
func (m *memoryStore) SlowestCommit() time.Duration { return m.slowest }
func (m *memoryStore) AppendInfo(dst []byte) []byte { return dst }
func (m *memoryStore) Close() error                 { m.closed = true; return nil }

func startStored(t *testing.T, m *memoryStore) *Server {
	t.Helper()
	return startServer(t, func(o *Options) { o.OpenStore = func(string, string) (Store, error) { return m, nil } })
}

// silent fails if anything can be read from w. Two round trips of another client make sure that the loop had its chance to answer.
func (w *wire) silent(other *wire) {
	w.t.Helper()
	other.do("PING")
	other.do("PING")
	w.conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if b, err := w.r.Peek(1); err == nil {
		w.t.Fatalf("got %q before the commit", b)
	}
	w.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
}

func TestGate(t *testing.T) {
	m := newMemoryStore()
	s := startStored(t, m)
	a, b, c := newWire(t, s.Dial()), newWire(t, s.Dial()), newWire(t, s.Dial())

	a.send("SET k v")
	<-m.commits
	a.silent(c)
	b.send("GET k") // sees what is not durable
	b.silent(c)
	b.send("PING") // stays behind GET
	b.silent(c)
	if got := c.do("GET other"); got != "(nil)" {
		t.Fatalf("a read of something durable: %s", got)
	}
	m.sync()
	if got := a.read() + " " + b.read() + " " + b.read(); got != `OK "v" PONG` {
		t.Fatal(got)
	}
	if got := b.do("GET k"); got != `"v"` {
		t.Fatal(got)
	}
}

// TestGateOrder holds replies of several turns and releases them one by one.
func TestGateOrder(t *testing.T) {
	m := newMemoryStore()
	s := startStored(t, m)
	a, b := newWire(t, s.Dial()), newWire(t, s.Dial())
	a.send("SET k 1")
	<-m.commits
	a.send("PING")
	b.do("PING")
	a.send("INCR k")
	<-m.commits
	m.mu.Lock()
	late := m.queue[1:]
	m.queue = m.queue[:1]
	m.mu.Unlock()
	m.sync()
	if got := a.read() + " " + a.read(); got != "OK PONG" {
		t.Fatal(got)
	}
	a.silent(b)
	m.mu.Lock()
	m.queue = late
	m.mu.Unlock()
	m.sync()
	if got := a.read(); got != "2" {
		t.Fatal(got)
	}
}

// TestGatePushes: what a write causes for others waits with it: messages, keyspace events, invalidations, served clients.
func TestGatePushes(t *testing.T) {
	m := newMemoryStore()
	s := startStored(t, m)
	sub, blocked, tracker, w, c := newWire(t, s.Dial()), newWire(t, s.Dial()), newWire(t, s.Dial()), newWire(t, s.Dial()), newWire(t, s.Dial())
	c.do("CONFIG SET notify-keyspace-events Kg$l")
	sub.do("SUBSCRIBE __keyspace@0__:k")
	sub.do("SUBSCRIBE ch")
	tracker.do("HELLO 3")
	tracker.do("CLIENT TRACKING ON BCAST PREFIX k")
	id := blocked.do("CLIENT ID")
	blocked.send("BLPOP list 0")
	c.awaitCommand(id, "blpop")
	w.send("MULTI")
	w.send("SET k v")
	w.send("PUBLISH ch m")
	w.send("RPUSH list x")
	w.send("EXEC")
	for range 4 {
		w.read() // OK and QUEUED wait for nothing
	}
	<-m.commits
	w.silent(c)
	sub.silent(c)
	blocked.silent(c)
	tracker.silent(c)
	m.sync()
	got := []string{w.read(), sub.read(), sub.read(), blocked.read(), tracker.read()}
	want := []string{`[OK 1 1]`, `["message" "ch" "m"]`, `["message" "__keyspace@0__:k" "set"]`, `["list" "x"]`, `>["invalidate" ["k"]]`}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestShutdownLosesNothing(t *testing.T) {
	m := newMemoryStore()
	s := startStored(t, m)
	a := newWire(t, s.Dial())
	a.send("SET k v")
	<-m.commits
	go s.Close() // the store's Sync makes it durable
	if got := a.read(); got != "OK" {
		t.Fatal(got)
	}
	<-s.done
	if !m.closed || len(m.rows) == 0 {
		t.Fatalf("closed %v, rows %v", m.closed, m.rows)
	}
}

func TestRestart(t *testing.T) {
	m := newMemoryStore()
	m.auto = true
	s := startStored(t, m)
	a := newWire(t, s.Dial())
	for _, line := range []string{"SET k v", "RPUSH l a b c", "ACL SETUSER bob on >pw ~b* +get", "SET gone 1", "DEL gone", "EVAL \"return redis.call('INCR', KEYS[1])\" 1 n"} {
		if got := a.do(line); strings.HasPrefix(got, "-") {
			t.Fatalf("%s: %s", line, got)
		}
	}
	s.Close()
	n := newMemoryStore()
	n.auto, n.load = true, m.rows
	b := newWire(t, startStored(t, n).Dial())
	for strings.HasPrefix(b.do("DBSIZE"), "-LOADING") { // until the rows are read
	}
	for line, want := range map[string]string{"GET k": `"v"`, "LRANGE l 0 -1": `["a" "b" "c"]`, "EXISTS gone": "0", "GET n": `"1"`, "ACL USERS": `["bob" "default"]`} {
		if got := b.do(line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	if got := b.do("AUTH bob pw") + " " + b.do("GET b") + " " + b.do("GET k"); got != "OK (nil) -NOPERM No permissions to access a key" {
		t.Error(got)
	}
}

func TestLoadFails(t *testing.T) {
	m := newMemoryStore()
	m.loadErr = errors.New("disk on fire")
	s, err := New(Options{Addr: "none", Dir: t.TempDir(), OpenStore: func(string, string) (Store, error) { return m, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Fatal(err)
	}
}

// TestLoading asks while the store is being read.
func TestLoading(t *testing.T) {
	m := newMemoryStore()
	m.load = map[string]string{}
	asked := make(chan struct{})
	s, err := New(Options{Addr: "127.0.0.1:0", Dir: t.TempDir(), OpenStore: func(string, string) (Store, error) { return &slowLoad{m, asked}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Close)
	nc, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, nc)
	if got := w.do("GET k"); got != "-LOADING Redis is loading the dataset in memory" {
		t.Error(got)
	}
	if got := w.do("INFO persistence"); !strings.Contains(got, "loading:1") || !strings.Contains(got, "loading_loaded_perc:50.00") ||
		!strings.Contains(got, "loading_eta_seconds:") {
		t.Error(got)
	}
	close(asked)
	for got := w.do("PING"); got != "PONG"; got = w.do("PING") {
		if !strings.HasPrefix(got, "-LOADING") {
			t.Fatal(got)
		}
	}
}

// TestStopWhileLoading: that is no failure, as in Redis.
func TestStopWhileLoading(t *testing.T) {
	m := newMemoryStore()
	s, err := New(Options{Addr: "none", Dir: t.TempDir(), OpenStore: func(string, string) (Store, error) { return &slowLoad{m, make(chan struct{})}, nil }})
	if err != nil {
		t.Fatal(err)
	}
	s.stop(nil)
	if err := s.Serve(); err != nil {
		t.Error(err)
	}
	if !m.closed {
		t.Error("the store was left open")
	}
}

// slowLoad loads until its channel is closed.
type slowLoad struct {
	*memoryStore
	until chan struct{}
}

func (l *slowLoad) Load(ks *engine.Keyspace, progress func(done, total int) error) error {
	for {
		select {
		case <-l.until:
			return l.memoryStore.Load(ks, progress)
		default:
			if err := progress(1, 2); err != nil {
				return err
			}
		}
	}
}

// TestLargeReply sends what no socket buffer holds.
func TestLargeReply(t *testing.T) {
	for _, addr := range []string{"none", "127.0.0.1:0"} {
		s := startServer(t, func(o *Options) { o.Addr = addr })
		var nc net.Conn
		if addr == "none" {
			nc = s.Dial()
		} else {
			var err error
			if nc, err = net.Dial("tcp", s.Addr()); err != nil {
				t.Fatal(err)
			}
		}
		w := newWire(t, nc)
		value := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
		w.sendArgs([]byte("SET"), []byte("k"), value)
		if got := w.read(); got != "OK" {
			t.Fatal(got)
		}
		for range 3 {
			w.sendArgs([]byte("GET"), []byte("k"))
		}
		for range 3 {
			if got := w.read(); len(got) != len(value)+2 {
				t.Fatalf("%d bytes", len(got))
			}
		}
		nc.Close()
		if _, err := nc.Read(make([]byte, 1)); err == nil || err == io.EOF && addr != "none" {
			t.Log(err)
		}
	}
}
