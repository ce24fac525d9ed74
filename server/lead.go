package server

import (
	"sync/atomic"
	"time"
)

// Who is the loop. To hand a turn to the committer and to hear of its end takes about as long as a fast disk takes to sync, so the loop waits
// for such a disk itself when there are none but writers (patient). So that a disk that suddenly stands still stops nobody who only reads,
// two goroutines share the loop: one leads, the other watches it and takes the lead when it waits too long. The first watches when it has
// waited. What either does as the loop is ordered by the changes of waiting.

// patience is how long a wait for the disk may last; the loop goes on within twice that.
const patience = 5 * time.Millisecond

// readersGone is for how long, in us, every answer must have waited for the disk before the loop waits for it too.
const readersGone = 10_000

// idleLooks is how often the watching goroutine looks, once every patience, before it sleeps until the next wait.
const idleLooks = 100

type lead struct {
	acked   int           // how many of the turn's first connections with output are those whose wait has ended
	read    int64         // unix us of the newest turn in which somebody got an answer that waits for nothing
	waiting atomic.Uint64 // the newest turn that a leader has waited for, times two; plus 1 while it waits and leads
	wait    func()        // begin, for the turn that is being committed
	asleep  atomic.Bool   // the watching goroutine
	awake   chan struct{} // ends its sleep
	ended   chan struct{} // closed when the loop is over
	err     error         // why, before ended is closed
}

func (s *Server) initLead() {
	l := &s.lead
	l.wait = func() { l.begin(s.committed) }
	l.awake, l.ended = make(chan struct{}, 1), make(chan struct{})
}

// run runs the loop until the server stops, on the calling goroutine and, if there is a disk to wait for, on another.
func (s *Server) run() error {
	if s.store != nil {
		go func() {
			for s.lead.watch() {
				s.endTurn()
				s.turns()
			}
		}()
	}
	s.turns()
	for s.lead.watch() {
		s.endTurn()
		s.turns()
	}
	return s.lead.err
}

// turns is the loop while the calling goroutine leads.
func (s *Server) turns() {
	for !s.stopped {
		events, err := s.poll.wait(s.events[:0], s.timeout())
		if err != nil {
			s.lead.err = err
			break
		}
		s.events = events
		if !s.turn() {
			return
		}
	}
	close(s.lead.ended)
}

// patient tells whether the loop may wait for the disk: nobody goes on in the next turn, and whoever has got an answer in this one, and in
// those shortly before, waits for the disk anyway, if only for the last of several.
func (s *Server) patient() bool {
	for _, c := range s.dirty[s.lead.acked:] {
		if c.sent < len(c.out.Buf) && len(c.holds) == 0 {
			s.lead.read = s.us
			break
		}
	}
	return len(s.resumed) == 0 && !s.readers()
}

// readers tells whether somebody has got an answer lately that did not wait for the disk.
func (s *Server) readers() bool {
	return uint64(s.us-s.lead.read) < readersGone // a clock that was put back counts as long ago
}

// begin says that the leader waits for the disk, for turn seq. From here on it may lose the lead.
func (l *lead) begin(seq uint64) {
	l.waiting.Store(seq<<1 | 1)
	if l.asleep.CompareAndSwap(true, false) {
		l.awake <- struct{}{}
	}
}

// end says that the wait for turn seq is over, and tells whether the caller still leads.
func (l *lead) end(seq uint64) bool { return l.waiting.CompareAndSwap(seq<<1|1, seq<<1) }

// watch waits until the calling goroutine leads, in the middle of a turn whose rows are with the store. It returns false when the loop is over.
func (l *lead) watch() bool {
	look := time.NewTicker(patience)
	defer look.Stop()
	seen, idle := l.waiting.Load(), 0
	for {
		select {
		case <-l.ended:
			return false
		case <-look.C:
		}
		waiting := l.waiting.Load()
		switch {
		case waiting != seen:
			seen, idle = waiting, 0
		case waiting&1 == 0:
			if idle++; idle >= idleLooks {
				look.Stop()
				l.sleep(seen)
				look.Reset(patience)
				idle = 0
			}
		case l.waiting.CompareAndSwap(waiting, waiting-1):
			return true
		}
	}
}

// sleep returns when a leader waits again, having waited as seen before, or when the loop is over.
func (l *lead) sleep(seen uint64) {
	l.asleep.Store(true)
	if l.waiting.Load() != seen && l.asleep.CompareAndSwap(true, false) {
		return
	}
	select {
	case <-l.awake:
	case <-l.ended:
	}
}
