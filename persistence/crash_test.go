// Crash-clone: random units on a store whose file system can be cloned as a power failure or a kill would leave it. What is loaded from
// the clone must be the state after some whole turn, no earlier than the last one acknowledged.
package persistence

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// crashRun is one round. Its sabotage, if any, must make rounds fail.
type crashRun struct {
	seed     uint64
	sabotage string
	rng      *rand.Rand
	percent  int // of the unsynced data that survives
	policy   Policy

	fs    *vfs.MemFS
	store *Store
	work  *enginetest.Workload
	// states[i] is the keyspace after turns[i]; the first is what the store was opened with.
	states [][32]byte
	turns  []uint64
	floor  uint64 // newest turn that must survive
}

func newCrashRun(seed uint64) *crashRun {
	r := &crashRun{seed: seed, rng: rand.New(rand.NewPCG(seed, 7)), fs: vfs.NewCrashableMem()}
	r.percent = []int{0, 10, 50, 90, 100}[r.rng.IntN(5)]
	r.policy = Policy(r.rng.IntN(3))
	return r
}

func (r *crashRun) options() Options {
	o := Options{Dir: "d", FS: r.fs, Policy: r.policy, MemTableSize: 16 << 10 << r.rng.IntN(5), BallastBytes: -1, SyncEvery: -1}
	o.Fatal = func(line string) { panic(line) }
	return o
}

// run opens, works, crashes and checks, a few times over on what the crash before left.
func (r *crashRun) run() error {
	ks := enginetest.New(r.seed)
	for generation := range 3 {
		again, err := r.generation(ks)
		if err != nil {
			return fmt.Errorf("seed %d, %s, %d%% kept, generation %d: %w", r.seed, r.policy, r.percent, generation, err)
		}
		ks = again
	}
	return nil
}

func (r *crashRun) generation(ks *engine.Keyspace) (*engine.Keyspace, error) {
	var err error
	if r.store, err = Open(r.options()); err != nil {
		return nil, err
	}
	r.work = enginetest.NewWorkload(ks, r.rng.Uint64())
	r.work.Now = max(r.work.Now, ks.NowMicros())
	r.states, r.turns, r.floor = [][32]byte{ks.Digest()}, []uint64{0}, 0
	for range r.rng.IntN(60) {
		r.turn()
	}
	crashed := r.crash()
	r.store.opts.Fatal = func(string) {}
	if err := r.store.Close(); err != nil {
		return nil, err
	}
	r.fs = crashed
	return r.check()
}

func (r *crashRun) turn() {
	ks := r.work.KS
	r.work.Turn()
	var seq uint64
	if ks.TurnTouched() {
		seq = ks.EncodeTurn(r.writer())
		r.store.Commit(seq, r.rng.IntN(3) == 0, nil)
	} else {
		seq = ks.EncodeTurn(nil)
	}
	r.states, r.turns = append(r.states, ks.Digest()), append(r.turns, seq)
	switch r.rng.IntN(12) {
	case 0:
		waitDurable(r.store, r.store.last)
	case 1:
		r.synced(func() { r.store.tick(noSyncTicks) })
	case 2:
		r.synced(func() { _ = r.store.Sync() })
	case 3:
		if r.rng.IntN(5) == 0 {
			_, _ = r.store.db.AsyncFlush()
		}
	}
}

// synced notes that everything acknowledged before f must survive even a power failure.
func (r *crashRun) synced(f func()) {
	before := r.store.Durable()
	f()
	r.floor = max(r.floor, before)
}

// crash clones the file system while the committer may be at work.
func (r *crashRun) crash() *vfs.MemFS {
	acknowledged := r.store.Durable()
	if r.policy == Always || r.percent == 100 || r.sabotage == "acknowledge before sync" {
		r.floor = max(r.floor, acknowledged)
	}
	return r.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.percent, RNG: rand.New(rand.NewPCG(r.seed, 8))})
}

func (r *crashRun) check() (*engine.Keyspace, error) {
	s, err := Open(r.options())
	if err != nil {
		return nil, fmt.Errorf("open after the crash: %w", err)
	}
	ks := enginetest.New(r.seed)
	if err := s.Load(ks, nil); err != nil {
		return nil, fmt.Errorf("load after the crash: %w", err)
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	if err := errors.Join(ks.Check()...); err != nil {
		return nil, err
	}
	digest := ks.Digest()
	for i := len(r.states) - 1; i >= 0; i-- {
		if r.states[i] == digest {
			if r.turns[i] < r.floor && (i+1 == len(r.turns) || r.turns[i+1] <= r.floor) {
				return nil, fmt.Errorf("acknowledged turns are lost: found the state after turn %d, acknowledged was %d", r.turns[i], r.floor)
			}
			return ks, nil
		}
	}
	return nil, fmt.Errorf("the state found was never there: no whole turn of %d", len(r.turns))
}

// writer is where the turn's rows go: the store, or a saboteur between.
func (r *crashRun) writer() engine.RowWriter {
	w := r.store.Batch()
	switch r.sabotage {
	case "skip a touch":
		return &skipping{w, r.rng}
	case "lose a TTL":
		return &forgetting{w}
	case "split a unit":
		return &splitting{w, r.store, 0}
	}
	return w
}

// skipping loses one row in fifty.
type skipping struct {
	engine.RowWriter
	rng *rand.Rand
}

func (s *skipping) Set(key, value []byte) {
	if s.rng.IntN(50) > 0 {
		s.RowWriter.Set(key, value)
	}
}

// forgetting writes headers without their expiry.
type forgetting struct{ engine.RowWriter }

func (f *forgetting) Set(key, value []byte) {
	if key[0] == 'k' && value[1]&1 != 0 {
		value = append([]byte{value[0], value[1] &^ 1}, value[10:]...)
	}
	f.RowWriter.Set(key, value)
}

// splitting commits what the turn has written so far by itself when the turn is half done.
type splitting struct {
	engine.RowWriter
	store *Store
	n     int
}

func (s *splitting) Set(key, value []byte) {
	s.RowWriter.Set(key, value)
	if s.n++; s.n%3 == 0 {
		b := s.store.db.NewBatch()
		_ = b.Set(key, value, nil)
		s.store.wal.append(s.store, b.Repr())
		s.store.wal.sync(s.store)
	}
}

// crashRounds is the number of rounds: few in go test, 20,000 in make crash-clone.
func crashRounds(t *testing.T, few int) uint64 {
	n, err := strconv.Atoi(os.Getenv("EVALD_CRASH_ROUNDS"))
	if err != nil {
		n = few
	}
	if testing.Short() {
		n = min(n, 60)
	}
	return uint64(n)
}

func TestCrashCloneKeepsEveryAcknowledgedTurn(t *testing.T) {
	failures := 0
	for seed := range crashRounds(t, 200) {
		if err := newCrashRun(seed).run(); err != nil {
			t.Error(err)
			if failures++; failures == 5 {
				t.FailNow()
			}
		}
	}
}

// TestCrashCloneCatchesSeededBugs checks the harness itself: each bug must make some round fail.
func TestCrashCloneCatchesSeededBugs(t *testing.T) {
	for _, sabotage := range []string{"acknowledge before sync", "skip a touch", "lose a TTL", "split a unit"} {
		t.Run(sabotage, func(t *testing.T) {
			for seed := range uint64(100) {
				r := newCrashRun(seed)
				r.sabotage = sabotage
				if sabotage == "acknowledge before sync" {
					r.policy = No
				}
				if err := r.run(); err != nil {
					t.Logf("caught in round %d: %v", seed, err)
					return
				}
			}
			t.Error("not caught")
		})
	}
}
