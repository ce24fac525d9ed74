// This file makes the loop's three system calls without telling Go's scheduler, which otherwise hands the thread's
// place to another one while it waits and must get it back at each wake-up: a sixth of the throughput without
// pipelining. Sockets here never block, and a wait is bounded by its timeout.
package bench

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// epollWait waits for at most timeout milliseconds.
func epollWait(ep int, events []unix.EpollEvent, timeout int) (int, error) {
	n, _, errno := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(ep), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		uintptr(timeout), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// read and write take a slice that is not empty and a descriptor in non-blocking mode.
func read(fd int, b []byte) (int, error) {
	return transfer(unix.SYS_READ, fd, b)
}

func write(fd int, b []byte) (int, error) {
	return transfer(unix.SYS_WRITE, fd, b)
}

func transfer(call uintptr, fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(call, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
