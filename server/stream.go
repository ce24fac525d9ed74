package server

import (
	"net"
	"sync"
)

// stream is the side of a goroutine-backed connection that its two goroutines and the loop share: for what cannot be polled, such as
// TLS and in-process pipes. The reader hands what it read to the loop's inbox and waits until the loop has taken it; the writer
// sends what the loop left.
type stream struct {
	net   net.Conn
	taken chan struct{} // the loop has taken the reader's bytes

	mu      sync.Mutex
	cond    sync.Cond
	pending []byte // to be sent
	done    bool   // close when pending is sent
	backlog int    // bytes pending or being written
}

// arrival is what a stream's reader hands over: bytes, or the connection's end.
type arrival struct {
	c    *conn
	data []byte // nil: the peer has gone
}

// inbox is where other goroutines leave work for the loop.
type inbox struct {
	mu       sync.Mutex
	arrivals []arrival
	calls    []func()
}

// post leaves an arrival for the loop.
func (s *Server) post(a arrival) {
	s.inbox.mu.Lock()
	first := len(s.inbox.arrivals) == 0
	s.inbox.arrivals = append(s.inbox.arrivals, a)
	s.inbox.mu.Unlock()
	if first {
		s.poll.wake()
	}
}

// Do runs f on the loop's goroutine, between two commands, and returns when it has run. It returns false if the loop has ended.
func (s *Server) Do(f func()) bool {
	ran := make(chan struct{})
	s.inbox.mu.Lock()
	s.inbox.calls = append(s.inbox.calls, func() { f(); close(ran) })
	s.inbox.mu.Unlock()
	s.Wake()
	select {
	case <-ran:
		return true
	case <-s.done:
		return false
	}
}

// Check returns a digest of all data, keys included whose time is over and that have not been removed, and every invariant that is
// broken: for tests. Any goroutine may call it.
func (s *Server) Check() (digest [32]byte, faults []error) {
	s.Do(func() { digest, faults = s.ks.Digest(), s.ks.Check() })
	return digest, faults
}

// Wake makes the loop look at its clock and its inbox. Any goroutine may call it.
func (s *Server) Wake() {
	s.pollMu.RLock()
	defer s.pollMu.RUnlock()
	if !s.pollClosed {
		s.poll.wake()
	}
}

// ServeConn serves one connection that the poller cannot watch. It returns at once; the connection is closed by either side.
func (s *Server) ServeConn(nc net.Conn) {
	st := &stream{net: nc, taken: make(chan struct{}, 1)}
	st.cond.L = &st.mu
	ok := s.Do(func() {
		c := s.newConn(-1)
		c.stream = st
		c.addr, c.laddr = nc.RemoteAddr().String(), nc.LocalAddr().String()
		if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
			c.remote = a.IP
		}
		go st.writeLoop()
		if s.admit(c) {
			go st.readLoop(s, c)
		}
	})
	if !ok {
		nc.Close()
	}
}

// Dial returns the client's end of a new in-process connection.
func (s *Server) Dial() net.Conn {
	ours, theirs := net.Pipe()
	s.ServeConn(ours)
	return theirs
}

func (st *stream) readLoop(s *Server, c *conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := st.net.Read(buf)
		if n > 0 {
			s.post(arrival{c, buf[:n]})
			select {
			case <-st.taken:
			case <-s.done:
				return
			}
		}
		if err != nil {
			s.post(arrival{c, nil})
			return
		}
	}
}

func (st *stream) writeLoop() {
	var out []byte
	for {
		st.mu.Lock()
		for len(st.pending) == 0 && !st.done {
			st.cond.Wait()
		}
		out, st.pending = st.pending, out[:0]
		st.mu.Unlock()
		if len(out) == 0 {
			st.net.Close()
			return
		}
		if _, err := st.net.Write(out); err != nil {
			st.net.Close() // the reader tells the loop
			st.mu.Lock()
			st.done, st.pending, st.backlog = true, nil, 0
			st.mu.Unlock()
			return
		}
		st.mu.Lock()
		st.backlog -= len(out)
		st.mu.Unlock()
		if cap(out) > keepOutput {
			out = nil
		}
	}
}

// write leaves bytes for the writer.
func (st *stream) write(b []byte) {
	st.mu.Lock()
	if !st.done {
		st.pending = append(st.pending, b...)
		st.backlog += len(b)
	}
	st.mu.Unlock()
	st.cond.Signal()
}

// unsent returns the bytes that the peer has not taken.
func (st *stream) unsent() int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.backlog
}

// finish closes the connection: at once, or when everything is sent.
func (st *stream) finish(now bool) {
	st.mu.Lock()
	st.done = true
	st.mu.Unlock()
	st.cond.Signal()
	if now {
		st.net.Close()
	}
}

// takeInbox handles what other goroutines left. A long script calls it too, from inside the handling of an arrival: then it goes on
// with the others.
func (s *Server) takeInbox() {
	s.inbox.mu.Lock()
	calls := s.inbox.calls
	s.arrived = append(s.arrived, s.inbox.arrivals...)
	clear(s.inbox.arrivals)
	s.inbox.arrivals, s.inbox.calls = s.inbox.arrivals[:0], nil
	s.inbox.mu.Unlock()
	for _, f := range calls {
		f()
	}
	for s.arrivedNext < len(s.arrived) {
		a := s.arrived[s.arrivedNext]
		s.arrived[s.arrivedNext] = arrival{}
		s.arrivedNext++
		if a.c.flags&closed != 0 {
			continue
		}
		if a.data == nil {
			s.close(a.c)
			continue
		}
		a.c.in.Feed(a.data)
		a.c.received += uint64(len(a.data))
		s.stats.bytesIn += uint64(len(a.data))
		a.c.active = s.ms
		s.process(a.c)
		a.c.stream.taken <- struct{}{}
	}
	s.arrived, s.arrivedNext = s.arrived[:0], 0
}
