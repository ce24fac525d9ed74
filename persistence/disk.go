// A disk that gets full is noticed before Pebble meets it: writes are refused while reads go on, and are taken again when there is
// space. For the rows that were already on their way there is the ballast, a file that is given up at the last moment.
package persistence

import (
	"errors"
	"os"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"
)

type disk struct {
	refuse  atomic.Bool
	ballast atomic.Bool // the file is there
	unknown bool        // the file system does not tell its size
	free    atomic.Uint64
}

// LowDisk is what a refused write is answered. The text is Redis's for a full disk.
type LowDisk struct{}

func (LowDisk) Error() string {
	return "MISCONF Errors writing to the AOF file: No space left on device"
}

// WriteError returns LowDisk while writes must be refused, else nil. Any goroutine may call it, before every write.
func (s *Store) WriteError() error {
	if s.disk.refuse.Load() {
		return LowDisk{}
	}
	return nil
}

const (
	stopMemTables = 4 // memtables that may wait to be written to tables; with more, commits wait
	maxMemTable   = 64 << 20
	minMemTable   = 256 << 10
	maxLowDisk    = 1 << 30
)

// size chooses the sizes that depend on the disk's. It runs once, before Pebble is opened.
func (d *disk) size(s *Store) {
	o := &s.opts
	usage, err := s.fs.GetDiskUsage(s.dir)
	d.unknown = err != nil || usage.TotalBytes == 0
	if o.MemTableSize == 0 {
		o.MemTableSize = maxMemTable
		if !d.unknown {
			o.MemTableSize = max(minMemTable, min(maxMemTable, int64(usage.TotalBytes/32)))
		}
	}
	if o.LogBytes == 0 {
		o.LogBytes = o.MemTableSize
	}
	if o.LowDiskBytes == 0 {
		o.LowDiskBytes = max(stopMemTables*o.MemTableSize, min(int64(usage.TotalBytes/20), maxLowDisk))
	}
	if o.BallastBytes == 0 {
		o.BallastBytes = o.MemTableSize
	}
	if _, err := s.fs.Stat(s.ballastName()); err == nil {
		d.ballast.Store(true)
	}
	if d.unknown {
		return
	}
	d.free.Store(usage.AvailBytes)
	// Opening a store writes: logs are replayed into tables before they are removed. A disk without room for that gets the ballast's.
	if d.ballast.Load() && int64(usage.AvailBytes) < o.LowDiskBytes && !o.ReadOnly {
		s.diskFull()
	}
}

func (s *Store) ballastName() string { return s.fs.PathJoin(s.dir, "ballast") }

// diskFull gives the ballast up. Runs on whatever goroutine met the full disk, which then tries its write once more.
func (s *Store) diskFull() {
	s.disk.refuse.Store(true)
	if !s.disk.ballast.CompareAndSwap(true, false) {
		return
	}
	if err := s.fs.Remove(s.ballastName()); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.opts.Logf("cannot remove the ballast: %v", err)
		return
	}
	s.opts.Logf("the disk is full: ballast given up, writes are refused")
}

// checkDisk looks at the free space and decides whether writes are taken. Runs on the ticking goroutine.
func (s *Store) checkDisk() {
	d := &s.disk
	if d.unknown {
		return
	}
	usage, err := s.fs.GetDiskUsage(s.dir)
	if err != nil {
		s.opts.Logf("cannot read the free space: %v", err)
		return
	}
	d.free.Store(usage.AvailBytes)
	free, low := int64(usage.AvailBytes), s.opts.LowDiskBytes
	switch {
	case free < low:
		s.applySoon()
		if !d.refuse.Swap(true) {
			s.opts.Logf("only %d MiB of disk space left: writes are refused until there are %d", free>>20, (low+low/4)>>20)
		}
	case free >= low+low/4+s.missingBallast():
		if d.refuse.Load() {
			s.opts.Logf("%d MiB of disk space: writes are taken again", free>>20)
		}
		s.makeBallast()
		d.refuse.Store(false)
	}
}

func (s *Store) missingBallast() int64 {
	if s.disk.ballast.Load() {
		return 0
	}
	return max(0, s.opts.BallastBytes)
}

// makeBallast makes the ballast if it is missing. Failure is no harm: without it there is only less room for the last rows.
func (s *Store) makeBallast() {
	if s.opts.BallastBytes <= 0 || s.disk.ballast.Load() {
		return
	}
	f, err := s.fs.Create(s.ballastName(), vfs.WriteCategoryUnspecified)
	if err == nil {
		zeros := make([]byte, min(s.opts.BallastBytes, 1<<20))
		for n := int64(0); n < s.opts.BallastBytes && err == nil; n += int64(len(zeros)) {
			_, err = f.Write(zeros)
		}
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		s.opts.Logf("cannot make the ballast: %v", err)
		err = s.fs.Remove(s.ballastName())
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			s.opts.Logf("cannot remove the ballast: %v", err)
		}
		return
	}
	s.disk.ballast.Store(true)
}
