// Commits by the loop itself: under the policies that ask for the operating system only, and on a quick disk where nobody else waits.
package persistence

import (
	"runtime"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// setTurn is a turn that sets one key to a value of n bytes.
func setTurn(s *Store, ks *engine.Keyspace, n int) uint64 {
	ks.BeginTurn(1)
	ks.Begin(false)
	ks.DB(0).SetString([]byte("k"), make([]byte, n), engine.NoTTL)
	ks.End()
	return commitTurn(s, ks)
}

// waitIdle waits until nobody is the committer.
func waitIdle(s *Store) {
	for idle := false; !idle; runtime.Gosched() {
		s.mu.Lock()
		idle = s.spare != nil
		s.mu.Unlock()
	}
}

// TestCommitIsDurableAtOnceWhenNothingIsUnderWay: and only then, and only where the policy does not ask for the disk.
func TestCommitIsDurableAtOnceWhenNothingIsUnderWay(t *testing.T) {
	fs := &stalledFS{FS: vfs.NewMem()}
	o := testOptions(t, fs)
	o.Policy, o.LogBytes = EverySec, 4<<20
	s, ks := mustOpen(t, o), enginetest.New(1)
	defer mustClose(t, s)
	settle := func() { // the log has room in its file, and the committer is idle
		waitDurable(s, setTurn(s, ks, 10))
		waitIdle(s)
	}
	atOnce := func(when string, size int, want bool) {
		t.Helper()
		settle()
		if seq := setTurn(s, ks, size); (s.Durable() == seq) != want {
			t.Errorf("%s: durable when Commit returned: %v", when, !want)
		}
		waitDurable(s, s.last)
	}
	for range 100 {
		atOnce("everysec", 100, true)
	}
	if err := s.SetFsync("no"); err != nil {
		t.Fatal(err)
	}
	atOnce("no", 100, true)
	s.wal.syncs.Add(1) // a write could wait for it
	atOnce("beside a sync", 100, false)
	s.wal.syncs.Add(-1)
	atOnce("after the sync", 100, true)

	settle()
	fs.stall.Lock() // turns are on disk before they are acknowledged from here on
	if err := s.SetFsync("always"); err != nil {
		t.Fatal(err)
	}
	seq := setTurn(s, ks, 100)
	for s.wal.syncs.Load() == 0 {
		runtime.Gosched()
	}
	if err := s.SetFsync("everysec"); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if next := setTurn(s, ks, 100); s.Durable() >= seq {
			t.Errorf("turn %d was acknowledged before turn %d, which waits for a sync", next, seq)
		}
	}
	fs.stall.Unlock()
	waitDurable(s, s.last)
	atOnce("everysec again", 100, true)
}

// TestPatientCommitSyncs: under always, if the disk is quick and nothing is under way.
func TestPatientCommitSyncs(t *testing.T) {
	fs := &stalledFS{FS: vfs.NewMem()}
	o := testOptions(t, fs)
	o.LogBytes = 4 << 20
	s, ks := mustOpen(t, o), enginetest.New(1)
	defer mustClose(t, s)
	commit := func(patient bool, wait func()) (seq uint64, direct bool) {
		ks.BeginTurn(1)
		ks.Begin(false)
		ks.DB(0).SetString([]byte("k"), []byte("v"), engine.NoTTL)
		ks.End()
		seq = ks.EncodeTurn(s.Batch())
		return seq, s.Commit(seq, patient, wait)
	}
	calls := 0
	wait := func() { calls++ }
	try := func(when string, patient, want bool) {
		t.Helper()
		waitIdle(s)
		seq, direct := commit(patient, wait)
		if direct != want || want && s.Durable() != seq {
			t.Errorf("%s: committed at once: %v, durable: %v", when, direct, s.Durable() == seq)
		}
		waitDurable(s, seq)
	}
	took := func(d time.Duration) { s.wal.took.Store(int64(d)) }
	try("before the first sync", true, false)
	took(quickSync)
	try("on a quick disk", true, true)
	took(quickSync)
	try("a caller that is not patient", false, false)
	took(quickSync + 1)
	try("on a slow disk", true, false)
	if calls != 1 {
		t.Errorf("%d calls of wait", calls)
	}

	// While one goroutine waits, another hands turns over; they become durable in order.
	waitIdle(s)
	took(quickSync)
	fs.stall.Lock()
	begun, ended := make(chan struct{}), make(chan struct{})
	before := s.Durable()
	go func() {
		defer close(ended)
		if _, direct := commit(true, func() { close(begun) }); !direct {
			t.Error("it did not wait")
		}
	}()
	<-begun
	for range 100 {
		if _, direct := commit(true, wait); direct || s.Durable() != before {
			t.Fatal("a turn behind one that waits was acknowledged")
		}
	}
	fs.stall.Unlock()
	waitDurable(s, s.last)
	<-ended
}

// TestDirectCommitsWaitForNobody: what the loop would have to wait for is the committer's.
func TestDirectCommitsWaitForNobody(t *testing.T) {
	o := testOptions(t, vfs.NewMem())
	o.Policy = No
	s, ks := mustOpen(t, o), enginetest.New(1)
	defer mustClose(t, s)
	waitDurable(s, setTurn(s, ks, 10))
	s.applier.applying.Lock()     // Pebble takes nothing
	for s.Metrics().Stalls == 0 { // until Pebble's share is full and the committer waits
		setTurn(s, ks, 100<<10)
		for s.Metrics().Queued > 8<<20 && s.Metrics().Stalls == 0 { // the queue must not be full
			runtime.Gosched()
		}
	}
	before := s.Durable()
	for range 10 {
		if setTurn(s, ks, 100<<10); s.Durable() != before {
			t.Error("a turn went to the log before others that wait")
		}
	}
	s.applier.applying.Unlock()
	waitDurable(s, s.last)
}

// TestDirectCommitsBesideEverything changes the policy and syncs from other goroutines meanwhile, for the race detector, and loads what
// is left.
func TestDirectCommitsBesideEverything(t *testing.T) {
	fs := vfs.NewCrashableMem()
	o := testOptions(t, fs)
	o.Policy, o.LogBytes, o.MemTableSize = No, 64<<10, 64<<10
	s, ks := mustOpen(t, o), enginetest.New(1)
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			if err := s.SetFsync(policyNames[i%3]); err != nil {
				t.Error(err)
			}
			if err := s.Sync(); err != nil {
				t.Error(err)
			}
			s.tick(noSyncTicks)
			s.Metrics()
		}
	}()
	w := enginetest.NewWorkload(ks, 3)
	var last uint64
	for range 600 {
		w.Turn()
		if ks.TurnTouched() {
			last = commitTurn(s, ks)
		} else {
			ks.EncodeTurn(nil)
		}
	}
	close(stop)
	<-ended
	waitDurable(s, last)
	clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: newCrashRun(1).rng})
	mustClose(t, s)
	o.FS = clone
	s = mustOpen(t, o)
	defer mustClose(t, s)
	if mustLoad(t, s).Digest() != ks.Digest() {
		t.Error("another state after the restart")
	}
}
