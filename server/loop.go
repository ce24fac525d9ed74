package server

import "github.com/evald/evald/engine/command"

// The loop: one goroutine at a time (lead.go) owns the keyspace, every connection and every list of the server. What crosses to other
// goroutines is the inbox (stream.go), the streams' output, and the store's committer with its wake-up. One turn is:
//
//	wait for sockets, the inbox, the committer, timers
//	release the replies of turns that became durable
//	for each ready connection: read once, run every complete command (execute.go)
//	go on with clients that stopped waiting; timeouts
//	expire and evict, within a budget
//	hand the turn's rows to the committer
//	send what may be sent
//
// A command's clients that wait for its keys are served right after it, as in Redis, and not at the end of the turn.

const (
	cronInterval = 100 // ms between housekeeping rounds
	expireBatch  = 256
	expireBudget = 1_000_000 // ns per turn, while other work waits
	clockGrain   = 1_000_000 // ns: the unit of a command that took so long ends with another look at the clock
)

// turn handles everything that is ready. It returns false if another goroutine is the loop now.
func (s *Server) turn() bool {
	s.tick()
	s.acknowledge()
	s.lead.acked = len(s.dirty)
	s.takeInbox()
	for i := range s.events {
		s.handle(s.events[i])
	}
	s.expireWaits()
	s.cron()
	s.resume()
	s.expire()
	s.evict()
	if !s.commitLast() {
		return false
	}
	s.endTurn()
	return true
}

// endTurn is what comes after the commit.
func (s *Server) endTurn() {
	s.cronSave()
	s.release()
}

// tick reads the clock: once per turn, and after a command that took long.
func (s *Server) tick() {
	s.ks.BeginTurn(s.clock())
	s.us = s.ks.NowMicros()
	s.ms = s.us / 1000
	s.applyWriteRefusal()
}

// applyWriteRefusal says why writes are refused at present, if they are: the store, or replicas that are asked for and cannot be.
func (s *Server) applyWriteRefusal() error {
	s.diskError = nil
	if s.store != nil {
		s.diskError = s.store.WriteError()
	}
	err := s.diskError
	if err == nil && s.config.minReplicas > 0 && s.config.minReplicasLag > 0 {
		err = command.ErrNoReplicas
	}
	s.env.RefuseWrites = err
	return nil
}

// timeout is how long the poller may wait, in ms.
func (s *Server) timeout() int {
	next := s.nextCron
	if at := s.waits.next(); at != 0 {
		next = min(next, at)
	}
	if at := s.ks.NextExpire(); at != 0 && s.ks.ActiveExpire && !s.ks.ExpirePaused {
		next = min(next, at+1)
	}
	if s.pausedUntil != 0 {
		next = min(next, s.pausedUntil)
	}
	if len(s.resumed) > 0 || s.releasing {
		return 0
	}
	return int(min(max(0, next-s.clock()/1000), cronInterval))
}

func (s *Server) handle(ev event) {
	if ev.fd < len(s.byFD) && s.byFD[ev.fd] != nil {
		c := s.byFD[ev.fd]
		if ev.writable {
			s.writable(c)
		}
		if ev.readable {
			s.receive(c)
		}
		return
	}
	s.acceptAt(ev.fd)
}

// acceptAt accepts connections if fd is a listening socket.
func (s *Server) acceptAt(fd int) {
	for _, l := range s.listeners {
		if l.fd == fd {
			s.accept(l)
		}
	}
}

// goOn puts c on the list of connections whose buffered commands may run again.
func (s *Server) goOn(c *conn) {
	if c.flags&(isResumed|closed) == 0 {
		c.flags |= isResumed
		s.resumed = append(s.resumed, c)
	}
}

// resume runs the commands of connections that were stopped. Those that are stopped meanwhile by these wait for the next turn.
func (s *Server) resume() {
	if len(s.resumed) == 0 {
		return
	}
	list := s.resumed
	s.resumed, s.spareResumed = s.spareResumed[:0], nil
	for i, c := range list {
		list[i] = nil
		c.flags &^= isResumed
		if c.flags&closed != 0 {
			continue
		}
		if args := c.paused; args != nil && c.flags&isPaused == 0 {
			c.paused = nil
			s.execute(c, args)
		}
		s.process(c)
	}
	s.spareResumed = list
}

// expire removes keys whose time is over, as a unit of its own per batch.
func (s *Server) expire() {
	at := s.ks.NextExpire()
	if at == 0 || at >= s.ms || s.loading() {
		return
	}
	start := s.env.Nanotime()
	for s.env.Nanotime()-start < expireBudget {
		s.ks.Begin(false)
		n := s.ks.ExpireDue(expireBatch)
		s.endUnit(nil, 0)
		if n < expireBatch {
			break
		}
	}
	s.latency("expire-cycle", s.env.Nanotime()-start)
}

// release sends what may be sent and closes what was dropped.
func (s *Server) release() {
	for i := 0; i < len(s.dirty); i++ {
		c := s.dirty[i]
		s.dirty[i] = nil
		c.flags &^= dirtyOut
		if c.flags&closed == 0 && c != s.running {
			s.flush(c)
			s.limitOutput(c)
		}
	}
	s.dirty, s.lead.acked = s.dirty[:0], 0
	if c := s.running; c != nil && len(c.out.Buf) > c.sent {
		s.wrote(c) // a busy script's own client: its unit is not over
	}
	for i, c := range s.closing {
		s.closing[i] = nil
		c.hangUp()
	}
	s.closing = s.closing[:0]
}
