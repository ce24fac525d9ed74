package server

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const pollerName = "epoll"

// poller waits for sockets with epoll, level-triggered. It belongs to the loop; wake alone may be called from any goroutine.
type poller struct {
	fd     int
	wakeFD int // an eventfd
	events [256]unix.EpollEvent
}

// event is one descriptor that is ready.
type event struct {
	fd                 int
	readable, writable bool
}

func newPoller() (*poller, error) {
	p := &poller{}
	var err error
	if p.fd, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	if p.wakeFD, err = unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC); err != nil {
		unix.Close(p.fd)
		return nil, fmt.Errorf("create eventfd: %w", err)
	}
	return p, p.add(p.wakeFD)
}

func (p *poller) close() {
	unix.Close(p.wakeFD)
	unix.Close(p.fd)
}

// add watches fd for reading.
func (p *poller) add(fd int) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return fmt.Errorf("watch socket: %w", err)
	}
	return nil
}

// set changes what fd is watched for.
func (p *poller) set(fd int, read, write bool) {
	ev := unix.EpollEvent{Fd: int32(fd)}
	if read {
		ev.Events |= unix.EPOLLIN
	}
	if write {
		ev.Events |= unix.EPOLLOUT
	}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &ev); err != nil {
		panic(fmt.Sprintf("server: epoll_ctl of a watched socket: %v", err))
	}
}

// remove stops watching fd, which is still open.
func (p *poller) remove(fd int) {
	unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, fd, nil)
}

// wait appends the descriptors that are ready to dst, waiting up to timeout ms (negative: for ever). It looks once without waiting,
// and without telling the scheduler: under load something is always ready.
func (p *poller) wait(dst []event, timeout int) ([]event, error) {
	n := p.peek()
	if n == 0 && timeout != 0 {
		var err error
		if n, err = unix.EpollWait(p.fd, p.events[:], timeout); err != nil {
			if err == unix.EINTR {
				return dst, nil
			}
			return dst, fmt.Errorf("wait for sockets: %w", err)
		}
	}
	for _, ev := range p.events[:n] {
		if int(ev.Fd) == p.wakeFD {
			var buf [8]byte
			unix.Read(p.wakeFD, buf[:])
			continue
		}
		const broken = unix.EPOLLERR | unix.EPOLLHUP
		dst = append(dst, event{int(ev.Fd), ev.Events&(unix.EPOLLIN|broken) != 0, ev.Events&(unix.EPOLLOUT|broken) != 0})
	}
	return dst, nil
}

// peek fills events without waiting.
func (p *poller) peek() int {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

// rest gives the processor away for some ns, or until something is ready. It does not tell the scheduler, which might take longer.
func (p *poller) rest(ns int64) {
	ts := unix.NsecToTimespec(ns)
	fd := unix.PollFd{Fd: int32(p.fd), Events: unix.POLLIN}
	syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fd)), 1, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
}

// wake makes a wait return.
func (p *poller) wake() {
	one := [8]byte{1}
	unix.Write(p.wakeFD, one[:])
}

// readFD reads from a non-blocking socket. The call never waits, so the scheduler need not know of it.
func readFD(fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// writeFD writes to a non-blocking socket.
func writeFD(fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// acceptFD accepts a connection as a non-blocking socket.
func acceptFD(fd int) (int, unix.Sockaddr, error) {
	return unix.Accept4(fd, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
}

// setKeepAlive makes the system probe an idle connection after the given seconds.
func setKeepAlive(fd, seconds int) {
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, seconds)
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, max(1, seconds/3))
	unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 3)
}
