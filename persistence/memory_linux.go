// How much memory a load may use before the collector must help after all.
package persistence

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// memoryLimit is three quarters of the memory of the machine or, if that is less, of the control group.
func memoryLimit() int64 {
	total := int64(4 << 30)
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err == nil {
		total = int64(info.Totalram) * int64(info.Unit)
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil { // else "max"
			total = min(total, n)
		}
	}
	return total / 4 * 3
}
