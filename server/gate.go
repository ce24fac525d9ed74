package server

// The reply gate: nobody learns of a state that a crash could undo. A unit's reply, and every push it causes, waits for the turn in
// which it wrote or from which it read. Replies of one connection keep their order, so what comes behind a held reply waits too.

// hold says that the output from offset from on waits until turn seq is durable.
type hold struct {
	from int
	seq  uint64
}

// hold makes everything that c wrote from offset from on wait for turn seq; 0 waits for nothing.
func (s *Server) hold(c *conn, from int, seq uint64) {
	if s.store == nil || seq <= s.durable || from == len(c.out.Buf) || c.flags&closed != 0 {
		return
	}
	if n := len(c.holds); n > 0 && c.holds[n-1].seq >= seq {
		return
	}
	c.holds = append(c.holds, hold{from, seq})
	if c.flags&holding == 0 {
		c.flags |= holding
		s.held = append(s.held, c)
	}
}

// ackBatch bounds the connections whose replies go out in one turn while others read: to send a reply takes longer than to run a command, and
// who reads waits for all that go before.
const ackBatch = 8

// acknowledge releases the replies of the turns that have become durable.
func (s *Server) acknowledge() {
	if s.store == nil {
		return
	}
	durable := s.store.Durable()
	if durable == s.durable && !s.releasing {
		return
	}
	left := len(s.held)
	if s.readers() {
		left = ackBatch
	}
	s.releasing = false
	s.durable = durable
	s.ks.Committed(durable)
	kept := s.held[:0]
	for i, c := range s.held {
		if left == 0 {
			s.releasing = true
			kept = append(kept, s.held[i:]...)
			break
		}
		n := 0
		for n < len(c.holds) && c.holds[n].seq <= durable {
			n++
		}
		if n > 0 {
			left--
			c.holds = c.holds[:copy(c.holds, c.holds[n:])]
			s.wrote(c)
		}
		if len(c.holds) > 0 && c.flags&closed == 0 {
			kept = append(kept, c)
		} else {
			c.flags &^= holding
		}
	}
	clear(s.held[len(kept):])
	s.held = kept
}

// commit ends the turn: its rows go to the store.
func (s *Server) commit() {
	if s.encoded() {
		s.store.Commit(s.committed, false, nil)
		s.acknowledge() // under everysec and no the turn is usually durable already
	}
}

// commitLast is commit at the end of a round of the loop, where the loop may wait for the disk. It returns false if that takes too long:
// then another goroutine is the loop, and the caller must touch nothing of it any more.
func (s *Server) commitLast() bool {
	patient := s.patient()
	if !s.encoded() {
		return true
	}
	if seq := s.committed; s.store.Commit(seq, patient, s.lead.wait) && !s.lead.end(seq) {
		s.Wake() // whoever leads now is to learn that the turn is durable
		return false
	}
	s.acknowledge()
	return true
}

// encoded writes the turn's rows to the store's batch and tells whether there are any.
func (s *Server) encoded() bool {
	switch {
	case s.abandoned:
		return false
	case !s.ks.TurnTouched():
		s.ks.EncodeTurn(nil)
		return false
	case s.store == nil:
		s.ks.Committed(s.ks.EncodeTurn(nil))
		return false
	}
	s.committed = s.ks.EncodeTurn(s.store.Batch())
	return true
}

// turnLimit is the size at which a turn is committed before its last command: it bounds one batch.
const turnLimit = 4 << 20

// commitIfLarge tells whether it has.
func (s *Server) commitIfLarge() bool {
	if s.ks.TurnBytes() <= turnLimit || s.loading() {
		return false
	}
	s.commit()
	return true
}
