// From the log to Pebble: commits are gathered and given to Pebble together, behind their acknowledgement. Runs on a goroutine of its own.
package persistence

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// The more rows go to Pebble at once, the more of them are versions of one row, of which only the last counts, and the nearer they
// lie to each other once they are in order.
const (
	applyBytes = 4 << 20  // rows that make the applier begin
	applyLimit = 32 << 20 // rows that may wait for it before the committer waits
)

// applier holds the rows of commits that are in the log and not yet with Pebble.
type applier struct {
	mu       sync.Mutex
	change   sync.Cond
	pending  *pebble.Batch
	spare    *pebble.Batch // the other one, while Pebble does not have it
	number   uint64        // newest commit in pending
	asked    uint64        // somebody waits for this commit to be with Pebble
	applied  uint64        // newest commit that is
	closing  bool
	ended    bool
	applying sync.Mutex // held while rows go to Pebble, and by Checkpoint
	order    []orderedRow
	heads    []rowHead
	sorted   *pebble.Batch
}

// gather takes a commit's rows, which are in the log. It waits while too many wait for Pebble.
func (s *Store) gather(b *pebble.Batch, number uint64) {
	a := &s.applier
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over() {
		s.counters.stalls.Add(1)
		for a.over() && !a.ended {
			a.change.Wait()
		}
	}
	s.must("gather", a.pending.Apply(b, nil))
	a.number = number
	if a.due() {
		a.change.Broadcast()
	}
}

func (a *applier) over() bool { return a.pending.Len() > applyLimit }

// full tells whether gather would wait.
func (a *applier) full() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.over()
}

// applyThrough returns when commit number is with Pebble; false if it never will be.
func (s *Store) applyThrough(number uint64) bool {
	a := &s.applier
	a.mu.Lock()
	defer a.mu.Unlock()
	if number > a.asked {
		a.asked = number
		a.change.Broadcast()
	}
	for a.applied < number && !a.ended {
		a.change.Wait()
	}
	return a.applied >= number
}

// applySoon has what is gathered given to Pebble before it is much: on a full disk it may be what makes room.
func (s *Store) applySoon() {
	a := &s.applier
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = a.number
	a.change.Broadcast()
}

// applies is the applier.
func (s *Store) applies() {
	a := &s.applier
	defer s.quitApplying()
	for {
		a.mu.Lock()
		for !a.due() {
			if a.closing {
				a.mu.Unlock()
				return
			}
			a.change.Wait()
		}
		b, number := a.pending, a.number
		a.pending, a.spare = a.spare, nil
		a.mu.Unlock()

		s.apply(b, number)
		if s.failed.Load() {
			return
		}
		b.Reset()
		a.mu.Lock()
		a.spare, a.applied = b, number
		a.mu.Unlock()
		a.change.Broadcast()
	}
}

// due tells whether the gathered rows should go to Pebble now. Nothing is due while the batch before is still with Pebble: there is
// only one applier.
func (a *applier) due() bool {
	return a.number > a.applied && (a.pending.Len() >= applyBytes || a.asked > a.applied)
}

// apply gives Pebble the rows of b, all at once, and the number of the newest commit among them.
func (s *Store) apply(b *pebble.Batch, number uint64) {
	s.applier.applying.Lock()
	defer s.applier.applying.Unlock()
	b = s.ordered(b)
	s.must("apply", b.Set(commitRow, binary.BigEndian.AppendUint64(nil, number), nil))
	s.must("apply", b.Commit(pebble.NoSync))
}

// quitApplying runs when the applier ends, in whatever way: nobody may go on waiting for it. A panic inside Pebble is an error.
func (s *Store) quitApplying() {
	a := &s.applier
	p := recover()
	a.mu.Lock()
	a.ended = true
	a.mu.Unlock()
	a.change.Broadcast()
	if p != nil {
		s.fail(fmt.Sprint("apply: ", p))
	}
}

// endApplying ends the applier, after the rows it still has if all is true. The committer has ended.
func (s *Store) endApplying(all bool) {
	a := &s.applier
	a.mu.Lock()
	number := a.number
	a.mu.Unlock()
	if all {
		s.applyThrough(number)
	}
	a.mu.Lock()
	a.closing = true
	a.mu.Unlock()
	a.change.Broadcast()
}
