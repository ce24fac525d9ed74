package server

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/evald/evald/engine/command"
)

// usedMemory is what maxmemory bounds: the data and the clients' buffers, counted, not measured. The process takes more, mostly what
// waits to be collected.
func (s *Server) usedMemory() int64 { return s.ks.UsedMemory() + s.clientMemory }

// heapSize is what the process has allocated. It is taken once: it stands for what a server takes that has no data.
func heapSize() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// measureMemory sums up the clients' buffers and notes the peak.
func (s *Server) measureMemory() {
	s.clientMemory = 0
	for _, c := range s.clients {
		s.clientMemory += int64(c.memory())
	}
	s.stats.peakMemory = max(s.stats.peakMemory, s.usedMemory())
}

// memoryReport tells MEMORY what the process takes.
type memoryReport Server

// Usage implements command.Memory.
func (m *memoryReport) Usage() command.MemoryUsage {
	s := (*Server)(m)
	var st runtime.MemStats
	runtime.ReadMemStats(&st)
	s.measureMemory()
	return command.MemoryUsage{Peak: s.startup + s.stats.peakMemory, Used: s.startup + s.usedMemory(), Startup: s.startup, Clients: s.clientMemory, Allocated: int64(st.HeapAlloc), Active: int64(st.HeapInuse),
		Resident: int64(st.HeapSys - st.HeapReleased), RSS: residentSize()}
}

// Purge implements command.Memory. It takes as long as a collection.
func (m *memoryReport) Purge() { debug.FreeOSMemory() }

// Report implements command.Memory.
func (m *memoryReport) Report() string {
	var st runtime.MemStats
	runtime.ReadMemStats(&st)
	var b strings.Builder
	fmt.Fprintf(&b, "heap: allocated %d, in use %d, idle %d, released %d, from the system %d, objects %d\n", st.HeapAlloc, st.HeapInuse, st.HeapIdle,
		st.HeapReleased, st.HeapSys, st.HeapObjects)
	fmt.Fprintf(&b, "other: stacks %d, spans %d, caches %d, collector %d, profiling %d, rest %d\n", st.StackSys, st.MSpanSys, st.MCacheSys, st.GCSys,
		st.BuckHashSys, st.OtherSys)
	fmt.Fprintf(&b, "collector: cycles %d, forced %d, next at %d, pauses %d ns, share of CPU %.4f\n", st.NumGC, st.NumForcedGC, st.NextGC, st.PauseTotalNs, st.GCCPUFraction)
	b.WriteString("size     in use\n")
	for _, c := range st.BySize {
		if n := c.Mallocs - c.Frees; n > 0 {
			fmt.Fprintf(&b, "%-8d %d\n", c.Size, n)
		}
	}
	return b.String()
}
