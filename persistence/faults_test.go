// Faults of the file system: whatever call fails, and however, an acknowledged turn is there after the restart.
package persistence

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// faultRun runs a fixed trace on a file system whose k-th call fails, and if lasting every later writing one too. A full disk gets some
// space again after a dozen calls, and the trace must then go on or have ended.
type faultRun struct {
	k       int64
	err     syscall.Errno
	lasting bool
	policy  Policy
	turns   int
	percent int // of the unsynced data that survives the end

	calls  atomic.Int64
	fs     *vfs.MemFS
	mu     sync.Mutex // the trace may still run when a fault elsewhere has ended it
	states [][32]byte // by turn
	floor  uint64
	fatal  atomic.Bool
	end    chan struct{}
	once   sync.Once
}

func (f *faultRun) String() string {
	return fmt.Sprintf("%s at call %d, lasting %v, %s, %d%% kept", f.err, f.k, f.lasting, f.policy, f.percent)
}

func (f *faultRun) MaybeError(op errorfs.Op) error {
	n := f.calls.Add(1)
	if f.err == syscall.ENOSPC && n > f.k+12 {
		return nil
	}
	if n == f.k || f.lasting && n > f.k && op.Kind.ReadOrWrite() == errorfs.OpIsWrite {
		return &os.PathError{Op: "fault", Path: op.Path, Err: f.err}
	}
	return nil
}

// run returns an error if the trace was acknowledged more than is there afterwards. failed tells whether the fault had any effect.
func (f *faultRun) run() (failed bool, err error) {
	f.fs, f.end = vfs.NewCrashableMem(), make(chan struct{})
	var opened error
	go func() {
		defer f.once.Do(func() { close(f.end) }) // also when Fatal ends this goroutine
		opened = f.trace()
	}()
	select {
	case <-f.end:
	case <-time.After(20 * time.Second):
		return true, fmt.Errorf("%v: the trace hangs", f)
	}
	clone := f.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: f.percent, RNG: newCrashRun(uint64(f.k)).rng})
	return f.fatal.Load() || opened != nil, f.check(clone)
}

func (f *faultRun) options(fs vfs.FS) Options {
	return Options{Dir: "d", FS: fs, Policy: f.policy, MemTableSize: 32 << 10, BallastBytes: 64 << 10, SyncEvery: -1}
}

func (f *faultRun) trace() error {
	o := f.options(errorfs.Wrap(f.fs, f))
	o.Fatal = func(string) {
		f.fatal.Store(true)
		f.once.Do(func() { close(f.end) })
		select {} // as if the process had ended; ending the goroutine would run Pebble's deferred unlocks
	}
	ks := enginetest.New(1)
	w := enginetest.NewWorkload(ks, 1)
	f.state(ks)
	s, err := Open(o)
	if err != nil {
		return err
	}
	for i := range f.turns {
		w.Turn()
		if !ks.TurnTouched() {
			ks.EncodeTurn(nil)
			f.state(ks)
			continue
		}
		batch := s.Batch()
		f.state(ks) // before anything can be acknowledged
		seq := ks.EncodeTurn(batch)
		s.Commit(seq, i%2 == 0, nil)
		waitDurable(s, seq)
		if s.failed.Load() {
			return nil
		}
		if f.policy == Always || f.percent == 100 {
			atomic.StoreUint64(&f.floor, seq)
		}
		if i%16 == 15 {
			s.tick(noSyncTicks)
			if s.failed.Load() {
				return nil
			}
			atomic.StoreUint64(&f.floor, seq)
		}
		if i%100 == 99 {
			if done, err := s.db.AsyncFlush(); err == nil {
				select {
				case <-done:
				case <-f.end:
				}
			}
		}
	}
	return s.Close()
}

func (f *faultRun) state(ks *engine.Keyspace) {
	f.mu.Lock()
	f.states = append(f.states, ks.Digest())
	f.mu.Unlock()
}

func (f *faultRun) check(fs *vfs.MemFS) error {
	floor := atomic.LoadUint64(&f.floor)
	s, err := Open(f.options(fs))
	if err != nil {
		return fmt.Errorf("%v: open afterwards: %w", f, err)
	}
	defer s.Close()
	ks := enginetest.New(1)
	if err := s.Load(ks, nil); err != nil {
		return fmt.Errorf("%v: load afterwards: %w", f, err)
	}
	digest := ks.Digest()
	f.mu.Lock()
	defer f.mu.Unlock()
	for turn := range f.states {
		if uint64(turn) >= floor && f.states[turn] == digest {
			return nil
		}
	}
	return fmt.Errorf("%v: no state from turn %d on is there", f, floor)
}

// TestEveryFaultIsFatalOrHarmless makes every step-th call of a trace fail; in make faults every one.
func TestEveryFaultIsFatalOrHarmless(t *testing.T) {
	all := os.Getenv("EVALD_FAULTS") == "all"
	turns, runs, fatal := 120, 0, 0
	if all {
		turns = 1000
	}
	for _, policy := range []Policy{Always, EverySec} {
		clean := faultRun{policy: policy, turns: turns, percent: 0}
		if failed, err := clean.run(); failed || err != nil {
			t.Fatal(failed, err)
		}
		calls := clean.calls.Load()
		step := max(1, calls/25)
		if testing.Short() {
			step = max(1, calls/8)
		}
		if all {
			step = 1
		}
		if calls < int64(turns)/2 {
			t.Fatalf("the trace makes only %d calls", calls)
		}
		for k := int64(1); k <= calls; k += step {
			for i, errno := range []syscall.Errno{syscall.EIO, syscall.ENOSPC} {
				f := faultRun{k: k, err: errno, policy: policy, turns: turns,
					lasting: (k/step+int64(i))%2 == 0, percent: []int{0, 100}[k/step/2%2]}
				failed, err := f.run()
				if err != nil {
					t.Error(err)
				}
				if runs++; failed {
					fatal++
				}
			}
		}
	}
	t.Logf("%d faults, %d of them ended the process", runs, fatal)
	if fatal < runs/10 {
		t.Errorf("only %d of %d faults had an effect: the test does not reach the store", fatal, runs)
	}
}

// TestLostLogWriteIsNotAcknowledged: an error of the log ends the process, in one line.
func TestLostLogWriteIsNotAcknowledged(t *testing.T) {
	fs := vfs.NewMem()
	var broken atomic.Bool
	o := testOptions(t, errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if broken.Load() && strings.Contains(op.Path, "wal.") {
			return syscall.EIO
		}
		return nil
	})))
	ended := make(chan string, 10)
	o.Fatal = func(line string) { ended <- line; select {} }
	s, ks := mustOpen(t, o), enginetest.New(1)
	w := enginetest.NewWorkload(ks, 1)
	for !ks.TurnTouched() {
		w.Turn()
	}
	broken.Store(true)
	seq := commitTurn(s, ks)
	if line := <-ended; !strings.Contains(line, "input/output error") || strings.Contains(line, "\n") {
		t.Errorf("the process ended with %q", line)
	}
	waitDurable(s, seq)
	if s.Durable() != 0 {
		t.Error("a lost turn was acknowledged")
	}
}
