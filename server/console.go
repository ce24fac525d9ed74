package server

import (
	"strconv"
	"syscall"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting"
	"github.com/evald/evald/server/resp"
)

// console is the connection whose script is in the debugger. The script's command lies in the connection's buffer and has not ended:
// what the client sends meanwhile goes into a buffer of the console.
type console struct {
	s  *Server
	c  *conn
	in resp.Reader
}

// consoleWait is how long a console waits for input before the session may look at its limits, in ms.
const consoleWait = 100

var (
	errDebugPipeline command.Error = "ERR SCRIPT DEBUG must be called outside a pipeline"
	errDebugReplies  command.Error = "ERR Scripts cannot be debugged while CLIENT REPLY is off"
	errDebugStream   command.Error = "ERR Scripts of this connection cannot be debugged"
)

// debugReady tells why SCRIPT DEBUG is refused.
func (s *Server) debugReady(client command.Client) error {
	if c := client.(*conn); len(c.out.Buf) > c.sent {
		return errDebugPipeline
	}
	return nil
}

// openConsole begins a session with the client whose command is running.
func (s *Server) openConsole(client command.Client) (scripting.Console, error) {
	c := client.(*conn)
	switch {
	case c.flags&(replyOff|replySkip|replySkipNext) != 0:
		return nil, errDebugReplies
	case c.stream != nil || c != s.running:
		return nil, errDebugStream // its reader waits until the command has ended
	}
	s.console = &console{s: s, c: c, in: resp.Reader{MaxBulk: s.config.protoMaxBulkLen}}
	return s.console, nil
}

// Send replies lines, each as a status, at once: but not before the replies of earlier commands, nor before what the script may have
// seen is durable.
func (o *console) Send(lines []string) {
	s, c := o.s, o.c
	if c.flags&closed != 0 {
		return
	}
	from := len(c.out.Buf)
	c.out.Buf = append(strconv.AppendInt(append(c.out.Buf, '*'), int64(len(lines)), 10), "\r\n"...)
	for _, l := range lines {
		c.out.Status(l)
	}
	s.hold(c, from, s.committed)
	s.transmit(c)
}

// Next returns the next command. If none has come it serves one turn of the loop as a busy script does.
func (o *console) Next() ([][]byte, error) {
	args, err := o.in.Next()
	if args != nil || err != nil {
		return args, err
	}
	o.in.Keep()
	if o.c.flags&closed != 0 {
		return nil, scripting.ErrConsoleClosed
	}
	o.s.serveBusy(consoleWait)
	if o.c.flags&closed == 0 {
		o.s.transmit(o.c) // what has become durable meanwhile
	}
	return o.in.Next()
}

// Close ends the session.
func (o *console) Close() {
	o.c.flags |= closeAfter
	o.s.console = nil
}

// ready handles an event of the connection.
func (o *console) ready(ev event) {
	if ev.writable && o.c.flags&(wantWrite|closed) == wantWrite {
		o.c.flags &^= wantWrite
		o.s.poll.set(o.c.fd, true, false)
		o.s.transmit(o.c)
	}
	if ev.readable && o.c.flags&closed == 0 {
		o.receive()
	}
}

// receive reads what the client has sent to the session. A full buffer ends it: nobody types that much.
func (o *console) receive() {
	buf := o.in.Space(readSize / 4)
	n, err := readFD(o.c.fd, buf)
	switch {
	case err == syscall.EAGAIN || err == syscall.EINTR:
		return
	case n <= 0 || o.in.Pending()+n > maxConsoleInput:
		o.s.close(o.c)
		return
	}
	o.in.Filled(n)
	o.c.received += uint64(n)
	o.s.stats.bytesIn += uint64(n)
}

// maxConsoleInput is how many bytes may wait for the session.
const maxConsoleInput = 1 << 20
