package server

import (
	"net"
	"syscall"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/server/resp"

	"golang.org/x/sys/unix"
)

// connFlags are the states of a connection.
type connFlags uint32

const (
	inMulti       connFlags = 1 << iota // MULTI was called
	dirtyCAS                            // a watched key changed: EXEC replies null
	dirtyExec                           // a command was refused while queueing: EXEC aborts
	closeAfter                          // close when all replies are sent
	closed                              // gone
	dirtyOut                            // on the loop's list of connections with new output
	wantWrite                           // the socket was full: the poller watches for room
	replyOff                            // CLIENT REPLY OFF
	replySkip                           // this command's reply is dropped
	replySkipNext                       // CLIENT REPLY SKIP: the next command's reply is dropped
	noEvict                             // CLIENT NO-EVICT
	noTouch                             // CLIENT NO-TOUCH
	monitoring                          // MONITOR
	isBlocked                           // a command waits for a key
	isPaused                            // a command waits for the end of CLIENT PAUSE
	isResumed                           // on the list of connections to go on with
	holding                             // on the list of connections with held replies
	unlimited                           // the soft output limit has been passed
)

// stopped are the states in which no further command is taken from the buffer.
const stopped = closeAfter | closed | isBlocked | isPaused

// conn is one client. It belongs to the loop; a goroutine-backed one has a stream, which is shared with its goroutines.
type conn struct {
	s       *Server
	id      uint64
	fd      int     // -1: goroutine-backed or closed
	stream  *stream // nil: polled
	unix    bool
	remote  net.IP // nil for Unix sockets and in-process clients
	addr    string // host:port of the peer
	laddr   string
	flags   connFlags
	in      resp.Reader
	out     resp.Writer // everything not yet sent, held replies included
	sent    int         // bytes of out.Buf that were sent
	holds   []hold      // replies in out that wait for a commit
	db      *engine.DB
	user    *user
	authed  bool
	name    string
	libName string
	libVer  string

	created   int64 // unix ms
	active    int64 // unix ms of the last command
	last      *command.Spec
	received  uint64 // bytes
	delivered uint64
	softSince int64 // unix ms since the output passed the soft limit, 0: not

	tx       transaction
	watched  []*watch
	wait     *wait    // with isBlocked
	paused   [][]byte // with isPaused: the command to run
	subs     *subscriptions
	tracking *tracking
	index    int // in server.clients
}

var _ command.Client = (*conn)(nil)

// ID returns the number that CLIENT ID replies.
func (c *conn) ID() uint64 { return c.id }

// Select changes the database of the running call and, but for calls of a script, of the connection.
func (c *conn) Select(ctx *command.Ctx, db int) {
	ctx.DB = c.s.ks.DB(db)
	if ctx.Mode&command.InScript == 0 {
		c.db = ctx.DB
	}
}

// Authenticated tells whether the client may run more than AUTH, HELLO, QUIT and RESET.
func (c *conn) Authenticated() bool { return c.authed }

func (s *Server) newConn(fd int) *conn {
	s.lastID++
	c := &conn{s: s, id: s.lastID, fd: fd, db: s.ks.DB(0), created: s.ms, active: s.ms}
	c.in.MaxBulk = s.config.protoMaxBulkLen
	s.setUser(c, s.acl.defaultUser, s.acl.defaultUser.noPassword())
	return c
}

// setUser makes u the client's user.
func (s *Server) setUser(c *conn, u *user, authenticated bool) {
	c.user, c.authed = u, authenticated
	c.in.Unauthenticated = !authenticated
}

func (s *Server) register(c *conn) {
	c.index = len(s.clients)
	s.clients = append(s.clients, c)
	s.byID[c.id] = c
	if c.fd >= 0 {
		for len(s.byFD) <= c.fd {
			s.byFD = append(s.byFD, nil)
		}
		s.byFD[c.fd] = c
	}
}

// readSize is how much is read from a socket at once.
const readSize = 64 << 10

// receive reads once from a polled connection and runs every complete command.
func (s *Server) receive(c *conn) {
	if c.flags&closed != 0 || c == s.running {
		return // running: its command, which has not ended, lies in the buffer
	}
	buf, own := s.readBuf, c.in.Pending() > 0
	if own {
		buf = c.in.Space(readSize / 4)
	}
	n, err := readFD(c.fd, buf)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return
	case n <= 0:
		s.close(c)
		return
	case own:
		c.in.Filled(n)
	default:
		c.in.Feed(buf[:n])
	}
	c.received += uint64(n)
	s.stats.bytesIn += uint64(n)
	c.active = s.ms
	s.process(c)
}

// process runs every complete command that has been received, until the connection stops.
func (s *Server) process(c *conn) {
	s.env.Mark = 0
	for c.flags&stopped == 0 {
		args, err := c.in.Next()
		if err != nil {
			s.stats.protocolErrors++
			c.out.Error(err.Error())
			s.wrote(c)
			c.flags |= closeAfter
			break
		}
		if args == nil {
			break
		}
		s.execute(c, args)
		if s.busyDepth == 0 && s.commitIfLarge() {
			s.goOn(c) // after the others: what it has sent at once may be any number of scripts
			break
		}
	}
	if c.flags&closed == 0 {
		c.in.Keep()
		s.checkQueryBuffer(c)
	}
}

// unauthQueryBuffer is how much an unauthenticated client may send without a complete command.
const unauthQueryBuffer = 1 << 20

func (s *Server) checkQueryBuffer(c *conn) {
	if n := c.in.Pending(); n > s.config.clientQueryBufferLimit || n > unauthQueryBuffer && !c.authed {
		s.opts.Log.Printf("closing client that reached max query buffer length: %s", c.describe())
		s.stats.queryBufferDisconnects++
		s.close(c)
	}
}

// wrote puts c on the list of connections with new output.
func (s *Server) wrote(c *conn) {
	if c.flags&(dirtyOut|closed) == 0 {
		c.flags |= dirtyOut
		s.dirty = append(s.dirty, c)
	}
}

// transmit sends what may be sent, and reports whether the connection still stands.
func (s *Server) transmit(c *conn) bool {
	end := len(c.out.Buf)
	if len(c.holds) > 0 {
		end = c.holds[0].from
	}
	if c.sent < end && c.flags&wantWrite == 0 {
		n, err := c.send(c.out.Buf[c.sent:end])
		if err != nil {
			s.close(c)
			return false
		}
		c.sent += n
		c.delivered += uint64(n)
		s.stats.bytesOut += uint64(n)
		if c.sent < end {
			c.flags |= wantWrite
			s.poll.set(c.fd, true, true)
		}
	}
	return true
}

// flush sends what may be sent, and gives the room of what is sent back.
func (s *Server) flush(c *conn) {
	if !s.transmit(c) {
		return
	}
	switch left := len(c.out.Buf) - c.sent; {
	case left == 0:
		if cap(c.out.Buf) > keepOutput {
			c.out.Buf = nil
		}
		c.out.Buf, c.sent = c.out.Buf[:0], 0
		if c.flags&closeAfter != 0 {
			s.close(c)
		}
	case c.sent > left && c.sent > keepOutput:
		copy(c.out.Buf, c.out.Buf[c.sent:])
		for i := range c.holds {
			c.holds[i].from -= c.sent
		}
		c.out.Buf, c.sent = c.out.Buf[:left], 0
	}
}

// keepOutput is the largest output buffer that a connection keeps when it is empty.
const keepOutput = 16 << 10

// send hands bytes to the socket or to the stream's writer and returns how many it took.
func (c *conn) send(b []byte) (int, error) {
	if c.stream != nil {
		c.stream.write(b)
		return len(b), nil
	}
	n, err := writeFD(c.fd, b)
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return 0, nil
	}
	return n, err
}

// writable goes on sending after the socket was full.
func (s *Server) writable(c *conn) {
	if c.flags&(wantWrite|closed) != wantWrite {
		return
	}
	c.flags &^= wantWrite
	s.poll.set(c.fd, true, false)
	s.flush(c)
}

// close drops the connection and everything it holds. Its descriptor stays until the end of the turn, so that it cannot come to mean
// another connection while events of this turn are still to be handled.
func (s *Server) close(c *conn) {
	if c.flags&closed != 0 {
		return
	}
	s.forget(c)
	c.flags |= closed
	last := len(s.clients) - 1
	s.clients[c.index] = s.clients[last]
	s.clients[c.index].index = c.index
	s.clients[last] = nil
	s.clients = s.clients[:last]
	delete(s.byID, c.id)
	if c.fd >= 0 {
		s.byFD[c.fd] = nil
		s.poll.remove(c.fd)
		s.closing = append(s.closing, c)
		return
	}
	c.hangUp()
}

// hangUp closes the socket.
func (c *conn) hangUp() {
	if c.stream != nil {
		c.stream.finish(c.flags&closeAfter == 0)
	}
	if c.fd >= 0 {
		unix.Close(c.fd)
		c.fd = -1
	}
}

// forget takes the connection out of every list that RESET clears too.
func (s *Server) forget(c *conn) {
	s.unwait(c)
	s.discard(c)
	s.unwatch(c)
	s.hub.unsubscribeAll(c)
	s.stopTracking(c)
	s.stopMonitor(c)
	s.scripts.ForgetDebug(c.id)
	c.paused, c.flags = nil, c.flags&^isPaused
}
