// Opening, loading, closing, policies: the store without faults.
package persistence

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// testOptions open a small store in memory that does nothing on its own.
func testOptions(t testing.TB, fs vfs.FS) Options {
	return Options{Dir: "d", FS: fs, MemTableSize: 256 << 10, BallastBytes: -1, SyncEvery: -1,
		Fatal: func(line string) { t.Error(line); panic(line) }}
}

func mustOpen(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// commitTurn ends the turn of ks and hands it over.
func commitTurn(s *Store, ks *engine.Keyspace) uint64 {
	if !ks.TurnTouched() {
		return ks.EncodeTurn(nil)
	}
	seq := ks.EncodeTurn(s.Batch())
	s.Commit(seq, false, nil)
	return seq
}

// waitDurable waits until turn seq may be acknowledged.
func waitDurable(s *Store, seq uint64) {
	s.mu.Lock()
	for s.durable.Load() < seq && !s.failed.Load() {
		s.advanced.Wait()
	}
	s.mu.Unlock()
}

func mustLoad(t testing.TB, s *Store) *engine.Keyspace {
	t.Helper()
	ks := enginetest.New(1)
	if err := s.Load(ks, nil); err != nil {
		t.Fatal(err)
	}
	return ks
}

func TestReopenGivesTheKeyspace(t *testing.T) {
	for _, p := range []Policy{Always, EverySec, No} {
		t.Run(p.String(), func(t *testing.T) {
			o := testOptions(t, vfs.NewMem())
			o.Policy = p
			ks := enginetest.New(1)
			for round := range 5 {
				s := mustOpen(t, o)
				w := enginetest.NewWorkload(ks, uint64(round))
				for range 200 {
					w.Turn()
					commitTurn(s, ks)
				}
				mustClose(t, s)
				s = mustOpen(t, o)
				again := mustLoad(t, s)
				if again.Digest() != ks.Digest() {
					t.Fatalf("round %d:\n%s", round, enginetest.Diff(ks, again))
				}
				mustClose(t, s)
				ks = again
			}
		})
	}
}

func TestTimeDoesNotRunBackwardsOverARestart(t *testing.T) {
	o := testOptions(t, vfs.NewMem())
	s, ks := mustOpen(t, o), enginetest.New(1)
	ks.BeginTurn(5_000_000)
	ks.Begin(false)
	ks.DB(0).SetString([]byte("k"), []byte("v"), engine.NoTTL)
	ks.End()
	commitTurn(s, ks)
	mustClose(t, s)
	s = mustOpen(t, o)
	defer mustClose(t, s)
	ks = mustLoad(t, s)
	ks.BeginTurn(4_000_000)
	if ks.NowMicros() < 5_000_000 {
		t.Errorf("time is %d after a restart", ks.NowMicros())
	}
}

func TestDurableFollowsInOrderAndNotifies(t *testing.T) {
	s, ks := mustOpen(t, testOptions(t, vfs.NewMem())), enginetest.New(1)
	woken := make(chan uint64, 1000)
	s.Notify(func() { woken <- s.Durable() })
	w := enginetest.NewWorkload(ks, 1)
	last := uint64(0)
	for range 100 {
		w.Turn()
		if ks.TurnTouched() {
			last = commitTurn(s, ks)
		} else {
			ks.EncodeTurn(nil)
		}
	}
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	if s.Durable() != last {
		t.Errorf("durable %d after Sync, %d handed over", s.Durable(), last)
	}
	mustClose(t, s)
	close(woken)
	before := uint64(0)
	for seq := range woken {
		if seq <= before {
			t.Errorf("notified of %d after %d", seq, before)
		}
		before = seq
	}
	if before != last {
		t.Errorf("last notification was of turn %d, not %d", before, last)
	}
}

func TestTurnWithoutRowsIsAcknowledged(t *testing.T) {
	s := mustOpen(t, testOptions(t, vfs.NewMem()))
	s.Batch()
	s.Commit(7, false, nil)
	waitDurable(s, 7)
	if s.Durable() != 7 {
		t.Errorf("durable %d", s.Durable())
	}
	mustClose(t, s)
}

func TestPolicyChangesWhileTurnsAreUnderWay(t *testing.T) {
	fs := vfs.NewMem()
	o := testOptions(t, fs)
	s, ks := mustOpen(t, o), enginetest.New(1)
	w := enginetest.NewWorkload(ks, 9)
	for i := range 300 {
		if i%10 == 0 {
			if err := s.SetFsync(policyNames[i/10%3]); err != nil {
				t.Fatal(err)
			}
		}
		if i%7 == 0 {
			s.tick(i)
		}
		w.Turn()
		commitTurn(s, ks)
	}
	if err := s.SetFsync("sometimes"); err == nil {
		t.Error("a policy of no name was accepted")
	}
	mustClose(t, s)
	s = mustOpen(t, o)
	defer mustClose(t, s)
	if again := mustLoad(t, s); again.Digest() != ks.Digest() {
		t.Error(enginetest.Diff(ks, again))
	}
}

func TestQueueIsBounded(t *testing.T) {
	o := testOptions(t, vfs.NewMem())
	o.QueueBytes = 1
	s, ks := mustOpen(t, o), enginetest.New(1)
	for i := range 200 {
		ks.BeginTurn(int64(i))
		ks.Begin(false)
		ks.DB(0).SetString([]byte("k"), fmt.Appendf(nil, "%01000d", i), engine.NoTTL)
		ks.End()
		commitTurn(s, ks)
		if q := s.Metrics().Queued; q > 4000 {
			t.Fatalf("%d bytes wait", q)
		}
	}
	mustClose(t, s)
	if s.counters.turns.Load() != 200 {
		t.Errorf("%d turns", s.counters.turns.Load())
	}
}

func TestHandingOverAllocatesNothing(t *testing.T) {
	s, ks := mustOpen(t, testOptions(t, vfs.NewMem())), enginetest.New(1)
	defer mustClose(t, s)
	key, val := []byte("key"), []byte("some value")
	turn := func() {
		ks.BeginTurn(1)
		ks.Begin(false)
		ks.DB(0).SetString(key, val, engine.NoTTL)
		ks.End()
		s.Commit(ks.EncodeTurn(s.Batch()), false, nil)
	}
	for range 100 {
		turn() // batches and buffers grow to their size
	}
	s.wal.mu.Lock() // the committer stands still: only the loop's side is counted
	n := testing.AllocsPerRun(200, turn)
	s.wal.mu.Unlock()
	if n != 0 {
		t.Errorf("%g allocations a turn", n)
	}
}

func TestProgressIsReportedAndMayEndTheLoad(t *testing.T) {
	o := testOptions(t, vfs.NewMem())
	o.LoadBlockSize = 1000
	s, ks := mustOpen(t, o), enginetest.New(1)
	ks.BeginTurn(1)
	ks.Begin(false)
	for i := range 5000 {
		ks.DB(0).SetString(fmt.Appendf(nil, "key%d", i), []byte("value"), engine.NoTTL)
	}
	ks.End()
	commitTurn(s, ks)
	mustClose(t, s)
	s = mustOpen(t, o)
	defer mustClose(t, s)
	before := 0
	err := s.Load(enginetest.New(1), func(done, total int) error {
		if done < before || total < done {
			t.Errorf("%d of %d rows after %d", done, total, before)
		}
		before = done
		return nil
	})
	if err != nil || before != 5004 { // keys, state, version, salt, commit
		t.Errorf("%d rows, %v", before, err)
	}
	stop := fmt.Errorf("enough")
	if err := s.Load(enginetest.New(1), func(int, int) error { return stop }); err != stop {
		t.Errorf("a load that was ended returned %v", err)
	}
}

func TestRefusals(t *testing.T) {
	open := func(o Options) string {
		s, err := Open(o)
		if err == nil {
			mustClose(t, s)
			return ""
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %q", err)
		}
		return err.Error()
	}
	expect := func(o Options, part string) {
		t.Helper()
		if got := open(o); !strings.Contains(got, part) {
			t.Errorf("got %q, want ...%s...", got, part)
		}
	}
	disk := func() Options {
		o := testOptions(t, nil)
		o.Dir = t.TempDir()
		return o
	}

	o := disk()
	s := mustOpen(t, o)
	expect(o, "is in use by another process")
	mustClose(t, s)
	if got := open(o); got != "" {
		t.Errorf("after the other has closed: %s", got)
	}

	o = disk()
	if err := os.WriteFile(filepath.Join(o.Dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o.Dir = filepath.Join(o.Dir, "file")
	expect(o, "cannot write to directory")

	o = disk()
	foreign := filepath.Join(o.Dir, "store", "letter.txt")
	os.Mkdir(filepath.Dir(foreign), 0o755)
	os.WriteFile(foreign, []byte("dear"), 0o600)
	expect(o, "is not a store")

	o = disk()
	db, err := pebble.Open(filepath.Join(o.Dir, "store"), &pebble.Options{Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	db.Set([]byte("k"), []byte("v"), pebble.Sync)
	db.Close()
	expect(o, "holds the database of another program")

	o = disk()
	s = mustOpen(t, o)
	s.db.Set(formatRow, []byte{rowVersion + 1}, pebble.NoSync)
	mustClose(t, s)
	expect(o, "written by a newer version of evald")

	o = disk()
	mustClose(t, mustOpen(t, o))
	rename(t, o.Dir, "marker.format-version.*", "marker.format-version.000099.999")
	expect(o, "written by a newer version of evald")

	o = disk()
	mustClose(t, mustOpen(t, o))
	remove(t, o.Dir, "marker.manifest.*")
	expect(o, "incomplete copy")

	o = disk()
	o.ReadOnly = true
	expect(o, "no store in")
}

func rename(t *testing.T, dir, pattern, to string) {
	names, _ := filepath.Glob(filepath.Join(dir, "store", pattern))
	if len(names) != 1 {
		t.Fatalf("%s: %v", pattern, names)
	}
	if err := os.Rename(names[0], filepath.Join(dir, "store", to)); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, dir, pattern string) {
	names, _ := filepath.Glob(filepath.Join(dir, "store", pattern))
	if len(names) == 0 {
		t.Fatal(pattern)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)           {}
func (quiet) Errorf(string, ...any)          {}
func (quiet) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }
