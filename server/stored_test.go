package server

import (
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// restarted starts a server on the rows that m has committed.
func restarted(t *testing.T, m *memoryStore, change func(*Options)) *wire {
	next := newMemoryStore()
	next.auto, next.load, next.rows = true, m.rows, maps.Clone(m.rows)
	s := startServer(t, func(o *Options) {
		o.OpenStore = func(string, string) (Store, error) { return next, nil }
		if change != nil {
			change(o)
		}
	})
	w := newWire(t, s.Dial())
	for strings.HasPrefix(w.do("PING"), "-LOADING") {
	}
	m.rows = next.rows
	return w
}

func TestRewriteWithoutAFileKeepsWhatWasSet(t *testing.T) {
	m := newMemoryStore()
	m.auto = true
	w := restarted(t, m, nil)
	for _, set := range []string{"maxmemory-samples 7", "save '60 1'", "latency-monitor-threshold 5", "notify-keyspace-events KEA", "hz 20"} {
		if got := w.do("CONFIG SET " + set); got != "OK" {
			t.Fatal(set, got)
		}
	}
	if got := w.do("CONFIG REWRITE"); got != "OK" {
		t.Fatal(got)
	}
	w.do("CONFIG SET maxmemory-samples 9") // not written any more

	want := func(w *wire, name, value string) {
		t.Helper()
		if got := w.do("CONFIG GET " + name); !strings.Contains(got, value) {
			t.Errorf("%s is %q, want %s", name, got, value)
		}
	}
	w = restarted(t, m, func(o *Options) { o.Config = map[string]string{"hz": "30"} })
	want(w, "maxmemory-samples", "7")
	want(w, "save", "60 1")
	want(w, "notify-keyspace-events", "AKE")
	want(w, "hz", "30") // what is given at start wins
	w.do("CONFIG SET save ''")
	w.do("CONFIG REWRITE")

	w = restarted(t, m, nil)
	want(w, "maxmemory-samples", "7")
	if got := w.do("CONFIG GET save"); strings.Contains(got, "60 1") {
		t.Error(got)
	}
	want(w, "hz", "10") // and was no change when the second rewrite came

	m.rows["Pno-such-parameter"], m.rows["Phz"] = "1", "many"
	w = restarted(t, m, nil) // another version's rows do not keep it from starting
	want(w, "hz", "10")
	want(w, "maxmemory-samples", "7")
}

func TestSlowCommitsAreLatencyEvents(t *testing.T) {
	for policy, event := range map[string]string{"always": "aof-fsync-always", "no": "aof-write"} {
		m := newMemoryStore()
		m.auto, m.slowest = true, 30*time.Millisecond
		w := restarted(t, m, func(o *Options) {
			o.Config = map[string]string{"latency-monitor-threshold": "10", "appendfsync": policy}
			open := o.OpenStore
			o.OpenStore = func(dir, fsync string) (Store, error) {
				s, err := open(dir, fsync)
				s.(*memoryStore).slowest = m.slowest
				return s, err
			}
		})
		for end := time.Now().Add(10 * time.Second); !strings.Contains(w.do("LATENCY LATEST"), event); {
			if time.Now().After(end) {
				t.Fatalf("%s: %s", policy, w.do("LATENCY LATEST"))
			}
		}
	}
}

// copies lists the copies under dir by name, and what else is there.
func copies(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(filepath.Join(dir, "backup"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (w *wire) infoHas(lines ...string) {
	w.t.Helper()
	info := w.do("INFO persistence")
	for _, line := range lines {
		if !strings.Contains(info, line+"\\r\\n") {
			w.t.Errorf("no %s in %s", line, info)
		}
	}
}

// untilSaved waits for the end of BGSAVE.
func (w *wire) untilSaved() {
	for end := time.Now().Add(20 * time.Second); strings.Contains(w.do("INFO persistence"), "rdb_bgsave_in_progress:1"); {
		if time.Now().After(end) {
			w.t.Fatal("BGSAVE does not end")
		}
	}
}

func TestSavesMakeCopies(t *testing.T) {
	m, dir := newMemoryStore(), t.TempDir()
	m.auto = true
	at := int64(1_800_000_000_000_000)
	w := restarted(t, m, func(o *Options) {
		o.Dir, o.Clock = dir, func() int64 { return atomic.LoadInt64(&at) }
	})
	w.do("SET k v")
	atomic.AddInt64(&at, 5e6)
	w.infoHas("rdb_saves:0", "rdb_changes_since_last_save:1", "rdb_last_bgsave_time_sec:-1")
	for _, c := range []struct{ line, reply string }{{"SAVE", "OK"}, {"BGSAVE", "Background saving started"}, {"BGSAVE SCHEDULE", "Background saving started"},
		{"BGREWRITEAOF", "Background append only file rewriting started"}, {"BGSAVE now", "-ERR syntax error"}} {
		if got := w.do(c.line); got != c.reply {
			t.Errorf("%s: %s", c.line, got)
		}
		w.untilSaved()
	}
	w.infoHas("rdb_saves:3", "rdb_bgsave_in_progress:0", "rdb_last_bgsave_status:ok", "rdb_changes_since_last_save:0", "rdb_last_save_time:1800000005", "rdb_last_bgsave_time_sec:0")
	if got := w.do("LASTSAVE"); got != "1800000005" {
		t.Error(got)
	}
	if names := copies(t, dir); len(names) != 1 {
		t.Errorf("with backup-keep 1 there are %q", names)
	}
	if err := os.MkdirAll(filepath.Join(dir, "backup", "mine"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.do("CONFIG SET backup-keep 3")
	for range 5 {
		w.do("SAVE")
	}
	names := copies(t, dir)
	if len(names) != 4 || names[3] != "mine" {
		t.Errorf("with backup-keep 3 there are %q", names)
	}
	rows, err := os.ReadFile(filepath.Join(dir, "backup", names[2], "rows"))
	if err != nil || string(rows) != "2" { // the key, and the row of the clock
		t.Errorf("%s, %v", rows, err)
	}
	w.do("CONFIG SET backup-keep 0")
	w.do("SAVE")
	if names := copies(t, dir); len(names) != 5 {
		t.Errorf("with backup-keep 0 there are %q", names)
	}
	w.do("CONFIG RESETSTAT")
	w.infoHas("rdb_saves:0")
}

// TestSavesGoOnBesideTheLoop: the loop answers while a copy is made, a second save is refused, and EXEC stays one unit.
func TestSavesGoOnBesideTheLoop(t *testing.T) {
	m, dir := newMemoryStore(), t.TempDir()
	m.auto = true
	var store *memoryStore
	w := restarted(t, m, func(o *Options) {
		o.Dir = dir
		open := o.OpenStore
		o.OpenStore = func(dir, fsync string) (Store, error) {
			s, err := open(dir, fsync)
			store = s.(*memoryStore)
			store.copying = make(chan bool)
			return s, err
		}
	})
	for _, line := range []string{"MULTI", "SET a 1", "BGSAVE", "BGSAVE", "SET b 1"} {
		w.do(line)
	}
	if got := w.do("EXEC"); got != "[OK Background saving started -ERR Background save already in progress OK]" {
		t.Error(got)
	}
	if n := len(store.commits); n != 1 {
		t.Errorf("the transaction was committed in %d turns", n)
	}
	w.infoHas("rdb_bgsave_in_progress:1")
	for _, line := range []string{"SAVE", "BGSAVE", "BGSAVE SCHEDULE"} {
		if got := w.do(line); got != "-ERR Background save already in progress" {
			t.Errorf("%s: %s", line, got)
		}
	}
	for { // until the save's goroutine has begun
		if begun, _ := filepath.Glob(filepath.Join(dir, "backup", "*")); len(begun) > 0 {
			break
		}
		runtime.Gosched()
	}
	if names := copies(t, dir); len(names) != 1 || !strings.HasSuffix(names[0], ".part") {
		t.Errorf("while the copy is made there are %q", names)
	}
	store.copying <- true
	w.untilSaved()
	whole := copies(t, dir)
	if len(whole) != 1 || strings.HasSuffix(whole[0], ".part") {
		t.Errorf("then there are %q", whole)
	}
	if rows, err := os.ReadFile(filepath.Join(dir, "backup", whole[0], "rows")); err != nil || string(rows) != "3" {
		t.Errorf("the copy has %s rows, %v", rows, err)
	}

	saved := w.do("LASTSAVE")
	w.do("SET c 1")
	if got := w.do("BGSAVE"); got != "Background saving started" {
		t.Error(got)
	}
	close(store.copying)
	w.untilSaved()
	w.infoHas("rdb_last_bgsave_status:err", "rdb_changes_since_last_save:1", "rdb_saves:1")
	if got := w.do("SAVE"); got != "-ERR no copy today" {
		t.Error(got)
	}
	if got := w.do("LASTSAVE"); got != saved {
		t.Error("a failed save counts as one")
	}
	store.refuse.Store(true)
	if got := w.do("SAVE"); got != "-ERR the disk is nearly full" {
		t.Error(got)
	}
	if names := copies(t, dir); !slices.Equal(names, whole) {
		t.Errorf("failed saves have left %q", names)
	}
	if got := w.do("GET c"); got != `"1"` {
		t.Error(got)
	}
}
