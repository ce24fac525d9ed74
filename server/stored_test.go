package server

import (
	"maps"
	"strings"
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

func TestSavesAreCounted(t *testing.T) {
	m := newMemoryStore()
	m.auto = true
	w := restarted(t, m, nil)
	for command, reply := range map[string]string{"SAVE": "OK", "BGSAVE": "Background saving started", "BGSAVE SCHEDULE": "Background saving started",
		"BGREWRITEAOF": "Background append only file rewriting started", "BGSAVE now": "-ERR syntax error"} {
		if got := w.do(command); got != reply {
			t.Errorf("%s: %s", command, got)
		}
	}
	info := w.do("INFO persistence")
	for _, line := range []string{"rdb_saves:3", "rdb_bgsave_in_progress:0", "rdb_last_bgsave_status:ok", "rdb_changes_since_last_save:0"} {
		if !strings.Contains(info, line) {
			t.Errorf("no %s in %s", line, info)
		}
	}
}
