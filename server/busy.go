package server

import "errors"

// The loop lets clients in while it is busy itself: loading the store, or running a long script. Such a turn serves only what may be
// served then; the unit that is open stays as it is.

// errStopped ends what keeps the loop busy when the server shall end.
var errStopped = errors.New("the server is shutting down")

// busyRest is for how long, in ns, the loop rests after it has served somebody from inside a script. A busy loop and Go's garbage collector
// take two processors for whole time slices of the system, some milliseconds: who was served would wait that long to read the answer.
const busyRest = 50_000

// pollBusy serves one restricted turn from inside a running script: commands that are allowed while busy run, all others get
// refusal, a BUSY error. The script's instant, keyspace and unit are not touched. It waits up to wait ms for something to serve. An error
// means that the server is to end.
func (s *Server) pollBusy(refusal error, wait int) error {
	outer, buf := s.ctx, s.readBuf
	if s.busyBuf == nil {
		s.busyBuf = make([]byte, readSize)
	}
	s.readBuf, s.busyError = s.busyBuf, refusal
	s.busyDepth++
	err := s.restrictedTurn(wait)
	if len(s.busyEvents) > 0 {
		s.poll.rest(busyRest)
	}
	s.busyDepth--
	s.ctx, s.readBuf = outer, buf
	return err
}

// pollWhileLoading serves one restricted turn between two rows; env.Loading refuses what must not run.
func (s *Server) pollWhileLoading() error {
	s.tick()
	return s.restrictedTurn(0)
}

func (s *Server) restrictedTurn(wait int) error {
	if s.releasing {
		wait = 0
	}
	events, err := s.poll.wait(s.busyEvents[:0], wait)
	if err != nil {
		return err
	}
	s.busyEvents = events
	s.acknowledge()
	s.takeInbox()
	for i := range events {
		s.handleRestricted(events[i])
	}
	s.release()
	if s.quit.Load() != nil {
		s.stopRequested()
	}
	if s.stopped {
		return errStopped
	}
	return nil
}

// handleRestricted is handle without ending a turn.
func (s *Server) handleRestricted(ev event) {
	if ev.fd < len(s.byFD) && s.byFD[ev.fd] != nil {
		c := s.byFD[ev.fd]
		if o := s.console; o != nil && o.c == c {
			o.ready(ev)
			return
		}
		if ev.writable && c != s.running {
			s.writable(c)
		}
		if ev.readable {
			s.receive(c)
		}
		return
	}
	s.acceptAt(ev.fd)
}
