//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package server

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

const pollerName = "kqueue"

// poller waits for sockets with kqueue, level-triggered. It belongs to the loop; wake alone may be called from any goroutine.
type poller struct {
	fd     int
	pipe   [2]int // wake writes to 1, 0 is watched
	events [256]unix.Kevent_t
}

// event is one descriptor that is ready.
type event struct {
	fd                 int
	readable, writable bool
}

func newPoller() (*poller, error) {
	p := &poller{}
	var err error
	if p.fd, err = unix.Kqueue(); err != nil {
		return nil, fmt.Errorf("create kqueue: %w", err)
	}
	unix.CloseOnExec(p.fd)
	if err := unix.Pipe(p.pipe[:]); err != nil {
		unix.Close(p.fd)
		return nil, fmt.Errorf("create pipe: %w", err)
	}
	for _, fd := range p.pipe {
		unix.CloseOnExec(fd)
		unix.SetNonblock(fd, true)
	}
	return p, p.add(p.pipe[0])
}

func (p *poller) close() {
	unix.Close(p.pipe[0])
	unix.Close(p.pipe[1])
	unix.Close(p.fd)
}

func (p *poller) change(fd, filter, flags int) error {
	var ev unix.Kevent_t
	unix.SetKevent(&ev, fd, filter, flags)
	_, err := unix.Kevent(p.fd, []unix.Kevent_t{ev}, nil, nil)
	return err
}

// add watches fd for reading.
func (p *poller) add(fd int) error {
	if err := p.change(fd, unix.EVFILT_READ, unix.EV_ADD); err != nil {
		return fmt.Errorf("watch socket: %w", err)
	}
	return nil
}

// set changes what fd is watched for.
func (p *poller) set(fd int, read, write bool) {
	p.toggle(fd, unix.EVFILT_READ, read)
	p.toggle(fd, unix.EVFILT_WRITE, write)
}

func (p *poller) toggle(fd, filter int, on bool) {
	if on {
		if err := p.change(fd, filter, unix.EV_ADD); err != nil {
			panic(fmt.Sprintf("server: kevent of a watched socket: %v", err))
		}
		return
	}
	p.change(fd, filter, unix.EV_DELETE) // absent already: no matter
}

// remove stops watching fd, which is still open.
func (p *poller) remove(fd int) {
	p.change(fd, unix.EVFILT_READ, unix.EV_DELETE)
	p.change(fd, unix.EVFILT_WRITE, unix.EV_DELETE)
}

// wait appends the descriptors that are ready to dst, waiting up to timeout ms (negative: for ever).
func (p *poller) wait(dst []event, timeout int) ([]event, error) {
	var ts *unix.Timespec
	if timeout >= 0 {
		t := unix.NsecToTimespec(int64(timeout) * int64(time.Millisecond))
		ts = &t
	}
	n, err := unix.Kevent(p.fd, nil, p.events[:], ts)
	if err == unix.EINTR {
		return dst, nil
	}
	if err != nil {
		return dst, fmt.Errorf("wait for sockets: %w", err)
	}
	for _, ev := range p.events[:n] {
		fd := int(ev.Ident)
		if fd == p.pipe[0] {
			var buf [64]byte
			unix.Read(fd, buf[:])
			continue
		}
		dst = append(dst, event{fd, ev.Filter == unix.EVFILT_READ, ev.Filter == unix.EVFILT_WRITE})
	}
	return dst, nil
}

// rest gives the processor away for some ns, or until something is ready, which the next wait finds again.
func (p *poller) rest(ns int64) {
	ts := unix.NsecToTimespec(ns)
	unix.Kevent(p.fd, nil, p.events[:1], &ts)
}

// wake makes a wait return.
func (p *poller) wake() { unix.Write(p.pipe[1], []byte{1}) }

func readFD(fd int, b []byte) (int, error)  { return unix.Read(fd, b) }
func writeFD(fd int, b []byte) (int, error) { return unix.Write(fd, b) }

// acceptFD accepts a connection as a non-blocking socket.
func acceptFD(fd int) (int, unix.Sockaddr, error) {
	c, sa, err := unix.Accept(fd)
	if err != nil {
		return -1, nil, err
	}
	unix.CloseOnExec(c)
	return c, sa, unix.SetNonblock(c, true)
}

// setKeepAlive makes the system probe an idle connection; the times are the system's.
func setKeepAlive(fd, seconds int) {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
}
