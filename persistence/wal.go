// The write-ahead log: what the committer acknowledges is here, until it is in Pebble's tables. Pebble's own log is off.
//
// There are two files, filled in turn and overwritten in place: the file system's journal has then nothing to write at a sync, which
// halves its time. A file is free once every commit in it is in tables. Pebble is fed behind the log (apply.go), so that a row that is
// written again and again costs the log's few bytes each time, and Pebble's memtable once.
//
// Commits are numbered, and the number is a row of the store too: at start only those are taken from the log that Pebble does not have.
package persistence

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A record is, all big-endian: magic u32, length of the batch u32, checksum u64 of what follows, number u64, newest number known to
// be on disk when this was written u64; then Pebble's batch. The checksum is seeded with the store's salt, so that neither a client's
// value nor another store's file can pass for a record.
const (
	walMagic  = 0xe7a1d10c
	walHeader = 32
)

// slowSync is how long a sync or a write may take before the log says so.
const slowSync = 5 * time.Second

// quickSync is how long a sync may take that the loop waits for itself: to hand a turn over and to hear of its end takes some 0.1 ms.
const quickSync = 500 * time.Microsecond

type wal struct {
	fs        vfs.FS // ends the process at a failure; not Pebble's, whose watch for slow disks knows one operation on a file at a time
	salt      uint64
	synced    atomic.Uint64              // newest commit known to be on disk
	syncs     atomic.Int32               // under way
	took      atomic.Int64               // ns that the newest sync took, 0 before the first
	idleTimer atomic.Pointer[time.Timer] // says so when a sync takes too long; nil while one uses it
	inUse     atomic.Int64               // bytes of the files

	mu     sync.Mutex // what follows; held for a write, and for a sync when the files change
	number uint64     // of the newest commit
	files  [2]walFile
	active int
	buf    []byte
	zeros  []byte
	slow   *time.Timer // says so when a write takes too long
}

type walFile struct {
	file vfs.File
	end  int64 // where the next record goes
	size int64 // of the file; what lies between is written over
	free bool  // every commit in it is in tables
}

func walName(i int) string { return fmt.Sprintf("wal.%d", i) }

func (s *Store) walPath(i int) string { return s.fs.PathJoin(s.dir, walName(i)) }

func (w *wal) checksum(b []byte) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(w.salt)
	_, _ = d.Write(b)
	return d.Sum64()
}

// appendRecord appends the record of a commit to dst.
func (w *wal) appendRecord(dst []byte, number uint64, batch []byte) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, walMagic)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(batch)))
	dst = binary.BigEndian.AppendUint64(dst, 0)
	dst = binary.BigEndian.AppendUint64(dst, number)
	dst = binary.BigEndian.AppendUint64(dst, w.synced.Load())
	dst = append(dst, batch...)
	binary.BigEndian.PutUint64(dst[at+8:], w.checksum(dst[at+16:]))
	return dst
}

// append gives a commit to the operating system and returns its number.
func (w *wal) append(s *Store, batch []byte) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = w.appendRecord(w.buf[:0], w.number+1, batch)
	f := w.room(s, int64(len(w.buf)))
	w.number++
	w.slow.Reset(slowSync)
	_, err := f.file.WriteAt(w.buf, f.end)
	s.must("write the log", err)
	w.slow.Stop()
	f.end += int64(len(w.buf))
	w.inUse.Add(int64(len(w.buf)))
	if cap(w.buf) > retainedBatch {
		w.buf = nil
	}
	return w.number
}

// fits tells whether a batch of n bytes can be appended at once: no sync is under way that a write to the file could wait for, and the file
// has the room.
func (w *wal) fits(limit int64, n int) bool {
	if w.syncs.Load() > 0 {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	f := &w.files[w.active]
	return f.end+walHeader+int64(n) <= min(f.size, limit)
}

// room returns the file that takes n more bytes, which lie within its size.
func (w *wal) room(s *Store, n int64) *walFile {
	f := &w.files[w.active]
	if other := &w.files[1-w.active]; f.end > 0 && f.end+n > s.opts.LogBytes && other.free {
		w.syncFile(s, f.file, w.number) // the next file's records tell that these are on disk
		full, last := w.active, w.number
		w.active = 1 - w.active
		f = other
		w.inUse.Add(-f.end)
		f.free, f.end = false, 0
		if f.size > 2*s.opts.LogBytes { // it grew while Pebble could not keep up
			s.must("shrink the log", s.createWAL(w.active))
		}
		s.done.Go(func() { s.release(full, last) })
	}
	if missing := f.end + n - f.size; missing > 0 {
		// Zeros first: the records then lie within the file, and only every so many syncs have a new size to write down.
		zeros := int64(len(w.zeros))
		for range (missing + zeros - 1) / zeros {
			_, err := f.file.WriteAt(w.zeros, f.size)
			s.must("extend the log", err)
			f.size += zeros
		}
	}
	return f
}

// release makes file i free when its commits, up to number last, are in tables.
func (s *Store) release(i int, last uint64) {
	if !s.applyThrough(last) {
		return
	}
	flushed, err := s.db.AsyncFlush()
	s.must("flush", err)
	select {
	case <-s.stop: // the next start finds in the log what the tables do not have
	case <-flushed:
		s.wal.mu.Lock()
		s.wal.files[i].free = true
		s.wal.mu.Unlock()
	}
}

// sync returns when every commit appended before is on disk. Any goroutine may call it.
func (w *wal) sync(s *Store) {
	w.mu.Lock()
	f, number := w.files[w.active].file, w.number
	w.mu.Unlock()
	w.syncFile(s, f, number)
}

// syncFile syncs f, the newest file when number was the newest commit; older files were synced before it was begun.
func (w *wal) syncFile(s *Store, f vfs.File, number uint64) {
	slow := w.idleTimer.Swap(nil)
	if slow == nil {
		slow = time.AfterFunc(slowSync, func() { s.slowLog("sync") })
	} else {
		slow.Reset(slowSync)
	}
	began := time.Now()
	w.syncs.Add(1)
	s.must("sync the log", f.SyncData())
	w.syncs.Add(-1)
	w.took.Store(int64(time.Since(began)))
	slow.Stop()
	w.idleTimer.Store(slow)
	for {
		old := w.synced.Load()
		if old >= number || w.synced.CompareAndSwap(old, number) {
			return
		}
	}
}

// quick tells whether a sync is expected to be so short that the loop may wait for it: the newest was.
func (w *wal) quick() bool {
	took := w.took.Load()
	return took > 0 && took <= int64(quickSync)
}

func (s *Store) slowLog(what string) {
	s.counters.slowDisk.Add(1)
	s.opts.Logf("disk is slow: a %s of the log takes more than %v", what, slowSync)
}

// newest returns the number of the newest commit.
func (w *wal) newest() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.number
}

// bytes returns how much of the files is in use. It does not wait for the disk.
func (w *wal) bytes() int64 { return w.inUse.Load() }

// unsynced tells whether a commit may not be on disk yet.
func (w *wal) unsynced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.number > w.synced.Load()
}

// createWAL makes file i anew, empty.
func (s *Store) createWAL(i int) error {
	f := &s.wal.files[i]
	if f.file != nil {
		if err := f.file.Close(); err != nil {
			return err
		}
	}
	file, err := s.wal.fs.Create(s.walPath(i), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	f.file, f.end, f.size = file, 0, 0
	return syncDir(s.wal.fs, s.dir)
}

// openWAL opens the files for writing, after recovery: both are free.
func (s *Store) openWAL() error {
	s.wal.fs = failStop{vfs.OnDiskFull(s.fs, s.diskFull), s}
	s.wal.slow = time.AfterFunc(time.Hour, func() { s.slowLog("write") })
	s.wal.slow.Stop()
	s.wal.zeros = make([]byte, max(4<<10, min(256<<10, s.opts.LogBytes/16)))
	for i := range s.wal.files {
		info, err := s.fs.Stat(s.walPath(i))
		switch {
		case err == nil && info.Size() <= 2*s.opts.LogBytes:
			file, err := s.wal.fs.OpenReadWrite(s.walPath(i), vfs.WriteCategoryUnspecified)
			if err != nil {
				return fmt.Errorf("open the log in %s: %w", s.dir, reason(err))
			}
			s.wal.files[i] = walFile{file: file, size: info.Size()}
		case err == nil || errors.Is(err, os.ErrNotExist):
			if err := s.createWAL(i); err != nil {
				return fmt.Errorf("make the log in %s: %w", s.dir, reason(err))
			}
		default:
			return fmt.Errorf("open the log in %s: %w", s.dir, reason(err))
		}
		s.wal.files[i].free = i > 0
	}
	return nil
}

func (w *wal) close() error {
	var errs []error
	for i := range w.files {
		if f := w.files[i].file; f != nil {
			errs = append(errs, f.Close())
			w.files[i].file = nil
		}
	}
	return errors.Join(errs...)
}
