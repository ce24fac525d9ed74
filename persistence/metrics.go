// Figures of the store for INFO and for alarms. Counters are kept by whoever runs; Metrics may be called from any goroutine.
package persistence

import (
	"strconv"
	"sync/atomic"
	"time"
)

type counters struct {
	turns, commits, bytes atomic.Int64
	queued                atomic.Int64
	waits, stalls         atomic.Int64
	slowDisk              atomic.Int64
	lastCommit, maxCommit atomic.Int64 // ns
	lastSync              atomic.Int64 // ns
	commitTime            atomic.Int64 // ns, sum
	slowest               atomic.Int64 // ns, longest commit that SlowestCommit has not returned
}

func (c *counters) committed(d time.Duration, size int) {
	c.commits.Add(1)
	c.bytes.Add(int64(size))
	c.commitTime.Add(int64(d))
	c.lastCommit.Store(int64(d))
	if int64(d) > c.maxCommit.Load() {
		c.maxCommit.Store(int64(d))
	}
	if int64(d) > c.slowest.Load() {
		c.slowest.Store(int64(d))
	}
}

// Metrics is the state of the store at one moment.
type Metrics struct {
	Policy     Policy
	Turns      int64         // turns handed over
	Commits    int64         // commits they were made into
	Bytes      int64         // bytes of rows committed
	Queued     int64         // bytes of rows that wait for the committer
	Waits      int64         // times the loop waited because too many did
	Stalls     int64         // times Pebble made a commit wait
	SlowDisk   int64         // disk operations of more than 5 s
	LastCommit time.Duration // the newest commit
	MaxCommit  time.Duration // the longest since start or ResetMetrics
	MeanCommit time.Duration
	LastSync   time.Duration // everysec's newest sync

	DiskFree  uint64 // bytes; 0 if the file system does not tell
	Refusing  bool   // writes are refused because the disk is full
	DiskBytes uint64 // bytes the store takes

	MemTables            int64
	MemTableBytes        uint64
	Flushes, Compactions int64
	CompactionDebt       uint64
	L0Sublevels          int32
	ReadAmplification    int
	LogBytes             int64 // of commits in the log's two files
}

// Metrics returns the figures of now.
func (s *Store) Metrics() Metrics {
	c, p := &s.counters, s.db.Metrics()
	m := Metrics{
		Policy: Policy(s.policy.Load()), Turns: c.turns.Load(), Commits: c.commits.Load(), Bytes: c.bytes.Load(),
		Queued: c.queued.Load(), Waits: c.waits.Load(), Stalls: c.stalls.Load(), SlowDisk: c.slowDisk.Load(),
		LastCommit: time.Duration(c.lastCommit.Load()), MaxCommit: time.Duration(c.maxCommit.Load()),
		LastSync: time.Duration(c.lastSync.Load()),
		DiskFree: s.disk.free.Load(), Refusing: s.disk.refuse.Load(), DiskBytes: p.DiskSpaceUsage(),
		MemTables: p.MemTable.Count, MemTableBytes: p.MemTable.Size, Flushes: p.Flush.Count, Compactions: p.Compact.Count,
		CompactionDebt: p.Compact.EstimatedDebt, L0Sublevels: p.Levels[0].Sublevels, ReadAmplification: p.ReadAmp(),
		LogBytes: s.wal.bytes(),
	}
	if m.Commits > 0 {
		m.MeanCommit = time.Duration(c.commitTime.Load() / m.Commits)
	}
	return m
}

// SlowestCommit returns how long the longest commit since its last call has taken.
func (s *Store) SlowestCommit() time.Duration { return time.Duration(s.counters.slowest.Swap(0)) }

// ResetMetrics starts the maxima again: CONFIG RESETSTAT.
func (s *Store) ResetMetrics() { s.counters.maxCommit.Store(0) }

// AppendInfo appends the figures as lines of INFO persistence.
func (s *Store) AppendInfo(dst []byte) []byte {
	m := s.Metrics()
	line := func(name string, v int64) {
		dst = append(append(dst, "store_"...), name...)
		dst = append(strconv.AppendInt(append(dst, ':'), v, 10), '\r', '\n')
	}
	flag := map[bool]int64{true: 1}
	line("turns", m.Turns)
	line("commits", m.Commits)
	line("commit_bytes", m.Bytes)
	line("queued_bytes", m.Queued)
	line("queue_waits", m.Waits)
	line("write_stalls", m.Stalls)
	line("slow_disk_operations", m.SlowDisk)
	line("last_commit_usec", m.LastCommit.Microseconds())
	line("mean_commit_usec", m.MeanCommit.Microseconds())
	line("max_commit_usec", m.MaxCommit.Microseconds())
	line("last_sync_usec", m.LastSync.Microseconds())
	line("refusing_writes", flag[m.Refusing])
	line("disk_free_bytes", int64(m.DiskFree))
	line("disk_bytes", int64(m.DiskBytes))
	line("memtables", m.MemTables)
	line("memtable_bytes", int64(m.MemTableBytes))
	line("flushes", m.Flushes)
	line("compactions", m.Compactions)
	line("compaction_debt_bytes", int64(m.CompactionDebt))
	line("l0_sublevels", int64(m.L0Sublevels))
	line("read_amplification", int64(m.ReadAmplification))
	line("log_bytes", m.LogBytes)
	return dst
}
