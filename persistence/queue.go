// From the loop to the log: the queue of rows, and the committer that takes whatever has gathered and makes it durable as one commit.
// Under everysec and no the loop writes to the log itself while the committer has nothing to do.
package persistence

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/evald/evald/engine"
)

// queue is where the loop and the committer meet. There are two batches: one grows, the other is with the committer.
type queue struct {
	mu       sync.Mutex
	work     sync.Cond // the committer waits for rows
	room     sync.Cond // the loop waits for the committer
	advanced sync.Cond // Sync waits for turns to become durable
	growing  *pebble.Batch
	spare    *pebble.Batch // the other one, while the committer does not have it
	encoding bool          // the loop writes to growing: between Batch and Commit
	last     uint64        // newest turn handed over
	closing  bool

	rows    rows
	durable atomic.Uint64
	notify  func()
	run     sync.WaitGroup
}

// Batches keep up to this much memory for the next turns.
const retainedBatch = 4 << 20

func (s *Store) start() {
	s.work.L, s.room.L, s.advanced.L = &s.mu, &s.mu, &s.mu
	newBatch := func() *pebble.Batch {
		return s.db.NewBatch(pebble.WithInitialSizeBytes(64<<10), pebble.WithMaxRetainedSizeBytes(retainedBatch))
	}
	s.growing, s.spare = newBatch(), newBatch()
	s.applier.pending, s.applier.spare = newBatch(), newBatch()
	s.applier.change.L = &s.applier.mu
	s.run.Go(s.commits)
	s.done.Go(s.applies)
	if s.opts.SyncEvery > 0 {
		s.done.Go(s.ticks)
	}
}

// Notify names the function to call, on the committer's goroutine, whenever Durable has advanced there. Commit may advance it too, of which
// its caller need not be told. Called before the first Commit.
func (s *Store) Notify(f func()) { s.notify = f }

// Durable returns the newest turn that the policy lets be acknowledged, 0 for none. Turns become durable in order.
func (s *Store) Durable() uint64 { return s.durable.Load() }

// rows writes into the growing batch; the loop has it between Batch and Commit.
type rows struct{ b *pebble.Batch }

var _ engine.RowWriter = (*rows)(nil)

func (r *rows) Set(key, value []byte) {
	op := r.b.SetDeferred(len(key), len(value))
	copy(op.Key, key)
	copy(op.Value, value)
	_ = op.Finish() // errors come from the index of an indexed batch only
}

func (r *rows) Delete(key []byte) {
	op := r.b.DeleteDeferred(len(key))
	copy(op.Key, key)
	_ = op.Finish()
}

func (r *rows) DeleteRange(from, to []byte) {
	op := r.b.DeleteRangeDeferred(len(from), len(to))
	copy(op.Key, from)
	copy(op.Value, to)
	_ = op.Finish()
}

// Batch returns the writer for the rows of the next turn. It waits while too many rows wait for the committer.
func (s *Store) Batch() engine.RowWriter {
	s.mu.Lock()
	if s.encoding {
		panic("persistence: Batch twice without Commit")
	}
	if s.full() {
		s.counters.waits.Add(1)
		for s.full() && !s.failed.Load() {
			s.room.Wait()
		}
	}
	s.encoding = true
	s.rows.b = s.growing
	s.mu.Unlock()
	return &s.rows
}

func (s *Store) full() bool { return !s.growing.Empty() && s.growing.Len() > s.opts.QueueBytes }

// Commit makes what was written to Batch's writer turn seq, and hands it over. Where the committer has nothing to do and the log is
// expected to take the turn at once, the caller is the committer for once: Durable is seq when Commit returns true. Under Always, where
// that takes a sync, only a patient caller is. wait, if not nil, is called before; from then on another goroutine may call Batch and Commit.
func (s *Store) Commit(seq uint64, patient bool, wait func()) (direct bool) {
	s.counters.turns.Add(1)
	s.mu.Lock()
	if !s.encoding || seq <= s.last {
		panic(fmt.Sprintf("persistence: Commit of turn %d after %d", seq, s.last))
	}
	idle := s.spare != nil && s.last == s.durable.Load()
	s.encoding = false
	s.last = seq
	if idle && s.direct(patient) { // the locks it takes are held only shortly, but by the committer, whom idle excludes
		b := s.swap()
		s.mu.Unlock()
		if wait != nil {
			wait()
		}
		s.commitBatch(b, seq, nil)
		s.giveBack(b)
		return true
	}
	s.counters.queued.Store(int64(s.growing.Len()))
	s.mu.Unlock()
	s.work.Signal()
	return false
}

// directBytes bounds the rows that the loop writes itself: more are better written beside it.
const directBytes = 128 << 10

// direct tells whether the loop may write the growing batch to the log: not while a disk that is slow could make it wait, nor for what
// takes more than copying some bytes, and a sync of the usual length.
func (s *Store) direct(patient bool) bool {
	if Policy(s.policy.Load()) == Always && !(patient && s.wal.quick()) {
		return false
	}
	return s.growing.Len() <= directBytes && s.wal.fits(s.opts.LogBytes, s.growing.Len()) && !s.applier.full()
}

// swap takes the rows. Who does is the committer until giveBack, and alone. mu is held.
func (s *Store) swap() *pebble.Batch {
	b := s.growing
	s.growing, s.spare = s.spare, nil
	s.counters.queued.Store(0)
	return b
}

// giveBack ends what swap has begun.
func (s *Store) giveBack(b *pebble.Batch) {
	s.mu.Lock()
	s.spare = b
	more := s.closing || s.last != s.durable.Load() // handed over meanwhile
	s.mu.Unlock()
	if more {
		s.work.Signal()
	}
	s.advanced.Broadcast()
}

// take waits for rows and takes them from the loop. ok is false when the queue is closed and empty.
func (s *Store) take() (b *pebble.Batch, seq uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.encoding || s.spare == nil || s.last == s.durable.Load() {
		if s.closing && !s.encoding && s.spare != nil || s.failed.Load() {
			return nil, 0, false
		}
		s.work.Wait()
	}
	b, seq = s.swap(), s.last
	s.room.Signal()
	return b, seq, true
}

// commits is the committer.
func (s *Store) commits() {
	defer s.quit()
	for {
		b, seq, ok := s.take()
		if !ok {
			return
		}
		if !s.commitBatch(b, seq, s.notify) {
			return
		}
		s.giveBack(b)
	}
}

// commitBatch makes the turns in b durable, up to seq, and has their rows follow to Pebble. It runs on the committer, or on the loop while
// the committer waits for rows. notify, if not nil, is told. False: a failure elsewhere; the commit may be whole, but nobody is told any more.
func (s *Store) commitBatch(b *pebble.Batch, seq uint64, notify func()) bool {
	began, size := time.Now(), b.Len()
	number := s.commit(b)
	if s.failed.Load() {
		return false
	}
	s.counters.committed(time.Since(began), size)
	s.durable.Store(seq)
	if notify != nil {
		notify()
	}
	if number > 0 {
		s.gather(b, number)
	}
	b.Reset()
	return true
}

// quit runs when the committer ends, in whatever way: nobody may go on waiting for it. A panic inside Pebble, which is how it
// reports a failed change of log files, is an error like the others.
func (s *Store) quit() {
	if p := recover(); p != nil {
		defer func() { s.room.Broadcast(); s.advanced.Broadcast() }()
		s.fail(fmt.Sprint("commit: ", p))
	}
	s.room.Broadcast()
	s.advanced.Broadcast()
}

// commit makes the rows of b durable as the policy says and returns the commit's number. It returns only if they are. A turn without
// rows is durable when the turns before it are; its number is 0.
func (s *Store) commit(b *pebble.Batch) uint64 {
	if b.Empty() {
		return 0
	}
	number := s.wal.append(s, b.Repr())
	if Policy(s.policy.Load()) == Always {
		s.wal.sync(s)
	}
	return number
}

// must ends the process if err is not nil.
func (s *Store) must(what string, err error) {
	if err != nil {
		s.fail(what + ": " + err.Error())
	}
}

// Sync returns when every turn handed over is on disk, whatever the policy.
func (s *Store) Sync() error {
	s.mu.Lock()
	for target := s.last; s.durable.Load() < target; {
		if s.failed.Load() {
			s.mu.Unlock()
			return fmt.Errorf("sync: the store has failed")
		}
		s.advanced.Wait()
	}
	s.mu.Unlock()
	s.syncLog()
	return nil
}

// syncLog syncs the log. Any goroutine may call it.
func (s *Store) syncLog() {
	began := time.Now()
	s.wal.sync(s)
	s.counters.lastSync.Store(int64(time.Since(began)))
}

// ticks does once a period what goes by time: everysec's sync, the check of the free space.
func (s *Store) ticks() {
	t := time.NewTicker(s.opts.SyncEvery)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-s.stop:
			return
		case <-t.C:
			s.tick(n)
		}
	}
}

// noSyncTicks is how many periods pass between syncs under the policy no: as long as an operating system keeps what was written.
const noSyncTicks = 30

func (s *Store) tick(n int) {
	s.checkDisk()
	if p := Policy(s.policy.Load()); s.wal.unsynced() && (p == EverySec || p == No && n%noSyncTicks == 0) {
		s.syncLog()
	}
}

// finish has the committer end after the rows it still has, and syncs them.
func (s *Store) finish() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.work.Signal()
	s.run.Wait()
	close(s.stop)
	full := s.disk.refuse.Load() // to give Pebble rows could wait without end: the next start finds them in the log
	if !s.failed.Load() {
		s.syncLog()
	}
	s.endApplying(!full && !s.failed.Load())
	s.done.Wait()
	if !full && !s.failed.Load() {
		s.must("flush", s.db.Flush()) // the next start need not replay the log, which takes longer than reading tables
	}
}
