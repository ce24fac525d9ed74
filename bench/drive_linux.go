// This file drives all connections from one goroutine with epoll, so that the generator costs a server on the same
// machine as little as possible. It allocates nothing between the first request and the last reply.
package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// conn is one connection of the epoll loop.
type conn struct {
	fd      int
	out     []byte // copy of the template
	unsent  []byte // rest of the batch the socket has not taken yet
	polling bool   // epoll waits for room to send
	src     numbers
	waiting int       // replies still to come of this batch
	sent    time.Time // when the batch was
	skipper skipper
	kept    []byte // beginning of a reply's line, cut off by the last read
}

// loop is one round.
type loop struct {
	d     *driver
	b     batcher
	ep    int
	conns []*conn
	open  int    // connections with replies to come
	in    []byte // shared by all connections: it stays in the processor's cache
}

func (d *driver) run(ctx context.Context) error {
	socks, err := d.dial(ctx)
	if err != nil {
		return err
	}
	defer closeAll(socks)
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("epoll_create: %w", err)
	}
	defer unix.Close(ep)
	l := &loop{d: d, ep: ep, in: make([]byte, readBuffer)}
	l.b.left.Store(int64(d.requests))
	for i, s := range socks {
		if err := l.add(i, s); err != nil {
			return err
		}
	}
	defer func() {
		for _, c := range l.conns {
			unix.Close(c.fd)
		}
	}()
	// The thread's own processor time tells how busy this generator was.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	start := time.Now()
	if err := l.run(ctx, start); err != nil {
		return err
	}
	d.elapsed = time.Since(start)
	d.busy = float64(threadTime()-before) / float64(d.elapsed)
	for _, c := range l.conns {
		d.count(&c.skipper)
	}
	return d.check()
}

// add takes a connection over from package net: a duplicate of its descriptor, which Go's own poller does not watch.
func (l *loop) add(i int, s net.Conn) error {
	raw, err := s.(syscall.Conn).SyscallConn()
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	fd := -1
	var dupErr error
	if err := raw.Control(func(orig uintptr) { fd, dupErr = unix.FcntlInt(orig, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if dupErr != nil {
		return fmt.Errorf("dup: %w", dupErr)
	}
	c := &conn{fd: fd, out: append([]byte(nil), l.d.tmpl.bytes...), src: l.d.numbers(i, &l.b.counter), kept: make([]byte, 0, readBuffer)}
	l.conns, l.open = append(l.conns, c), l.open+1
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
	if err := unix.EpollCtl(l.ep, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// threadTime is the processor time this thread has used.
func threadTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (l *loop) run(ctx context.Context, now time.Time) error {
	for i, c := range l.conns {
		if err := l.next(i, c, now); err != nil {
			return err
		}
	}
	events := make([]unix.EpollEvent, 256)
	last := now // when something last arrived
	for l.open > 0 {
		n, err := epollWait(l.ep, events, 100)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("epoll_wait: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if n <= 0 {
			if time.Since(last) > l.d.timeout {
				return errStalled
			}
			continue
		}
		for _, e := range events[:n] {
			i := int(e.Fd)
			c := l.conns[i]
			if e.Events&unix.EPOLLOUT != 0 {
				if err := l.send(i, c); err != nil {
					return err
				}
			}
			if e.Events&^unix.EPOLLOUT != 0 {
				if last, err = l.receive(i, c); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// next starts a connection's next batch, if there is one.
func (l *loop) next(i int, c *conn, now time.Time) error {
	c.waiting = l.b.take(l.d.tmpl.n)
	if c.waiting == 0 {
		l.open--
		return nil
	}
	l.d.tmpl.fill(c.out, c.waiting, &c.src)
	c.sent = now
	c.unsent = l.d.tmpl.batch(c.out, c.waiting)
	return l.send(i, c)
}

// send writes as much as the socket takes and has epoll wait for room for the rest.
func (l *loop) send(i int, c *conn) error {
	for len(c.unsent) > 0 {
		n, err := write(c.fd, c.unsent)
		if err == unix.EINTR {
			continue
		}
		if err == unix.EAGAIN {
			break
		}
		if err != nil {
			return fmt.Errorf("write: %w", err)
		}
		c.unsent = c.unsent[n:]
	}
	if full := len(c.unsent) > 0; full != c.polling {
		c.polling = full
		event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if full {
			event.Events |= unix.EPOLLOUT
		}
		if err := unix.EpollCtl(l.ep, unix.EPOLL_CTL_MOD, c.fd, &event); err != nil {
			return fmt.Errorf("epoll_ctl: %w", err)
		}
	}
	return nil
}

// receive reads once, counts the replies and starts the next batch when this one is complete.
func (l *loop) receive(i int, c *conn) (now time.Time, err error) {
	kept := copy(l.in, c.kept)
	n, err := read(c.fd, l.in[kept:])
	now = time.Now()
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return now, nil
	case err != nil:
		return now, fmt.Errorf("read: %w", err)
	case n == 0:
		return now, errors.New("the server closed the connection")
	}
	used, replies, err := c.skipper.feed(l.in[:kept+n])
	if err != nil {
		return now, err
	}
	if used == 0 && kept+n == len(l.in) {
		return now, fmt.Errorf("line of more than %d bytes in a reply", len(l.in))
	}
	c.kept = append(c.kept[:0], l.in[used:kept+n]...)
	if replies > c.waiting {
		return now, errTooMany
	}
	if replies == 0 {
		return now, nil
	}
	l.d.hist.RecordValues(int64(now.Sub(c.sent)), int64(replies))
	l.d.done.Add(int64(replies))
	c.waiting -= replies
	if c.waiting > 0 {
		return now, nil
	}
	return now, l.next(i, c, now)
}
