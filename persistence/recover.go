// Recovery of the log: the commits that it has and Pebble has not. A log that ends in the middle of a record is what a crash leaves;
// one that lacks a record which was on disk when a later one was written is damaged.
package persistence

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// walContents is what the log has for Pebble.
type walContents struct {
	records []walRecord // commits that Pebble lacks, in order and without a gap
	newest  uint64      // highest number in the files, or of Pebble's
}

type walRecord struct {
	number, synced uint64
	batch          []byte
}

// recoverWAL gives Pebble, at start, the commits that only the log has, and opens the log for writing.
func (s *Store) recoverWAL(log walContents) error {
	s.applier.sorted = s.db.NewBatch()
	n, newest := len(log.records), log.newest
	if n > 0 || newest > s.applier.applied {
		if err := s.replay(log.records, newest); err != nil {
			return s.openError(err)
		}
		if n > 0 {
			s.opts.Logf("%d commits taken from the log", n)
		}
	}
	// What is left behind in the files has numbers up to newest, so the next commit must have a higher one.
	s.wal.number, s.applier.applied, s.applier.number = newest, newest, newest
	s.wal.synced.Store(newest)
	return s.openWAL()
}

// replay makes the records part of Pebble's tables.
func (s *Store) replay(records []walRecord, newest uint64) error {
	b, one := s.db.NewBatch(), s.db.NewBatch()
	defer b.Close()
	defer one.Close()
	commit := func(number uint64) error {
		sorted := s.ordered(b)
		if err := sorted.Set(commitRow, binary.BigEndian.AppendUint64(nil, number), nil); err != nil {
			return err
		}
		err := sorted.Commit(pebble.NoSync)
		b.Reset()
		return err
	}
	for _, r := range records {
		if err := one.SetRepr(r.batch); err != nil {
			return err
		}
		if err := b.Apply(one, nil); err != nil {
			return err
		}
		if b.Len() >= applyLimit {
			if err := commit(r.number); err != nil {
				return err
			}
		}
	}
	if err := commit(newest); err != nil {
		return err
	}
	return s.db.Flush()
}

// readWAL reads which commits Pebble has, and the records of those that follow. It changes nothing.
func (s *Store) readWAL() (log walContents, err error) {
	if err := s.readCommitRows(); err != nil {
		return log, err
	}
	next := s.applier.applied + 1
	var all []walRecord
	for i := range s.wal.files {
		data, err := s.readFile(s.walPath(i))
		switch {
		case errors.Is(err, os.ErrNotExist):
			if next > 1 {
				return log, fmt.Errorf("%s is damaged, or an incomplete copy of a store: %s is missing", s.dir, walName(i))
			}
		case err != nil:
			return log, fmt.Errorf("read the log in %s: %w", s.dir, reason(err))
		}
		all = append(all, s.wal.scan(data, next)...)
	}
	slices.SortStableFunc(all, func(a, b walRecord) int { return bytes.Compare(u64(a.number), u64(b.number)) })
	log.newest = next - 1
	for _, r := range all {
		log.newest = max(log.newest, r.number)
		if r.number == next {
			log.records = append(log.records, r)
			next++
		}
	}
	// A record beyond a gap: after a power failure the file system may have kept the younger blocks only, of those never synced.
	for _, r := range all {
		if r.number > next && r.synced >= next {
			return log, fmt.Errorf("the store in %s is damaged: commit %d is missing from its log; restore a backup", s.opts.Dir, next)
		}
	}
	return log, nil
}

func u64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// scan returns the whole records in data with numbers from first on. What a torn or damaged record left is passed over.
func (w *wal) scan(data []byte, first uint64) (records []walRecord) {
	magic := binary.BigEndian.AppendUint32(nil, walMagic)
	for {
		at := bytes.Index(data, magic)
		if at < 0 || len(data)-at < walHeader {
			return records
		}
		data = data[at:]
		n := int64(binary.BigEndian.Uint32(data[4:]))
		r := walRecord{number: binary.BigEndian.Uint64(data[16:]), synced: binary.BigEndian.Uint64(data[24:])}
		if n > int64(len(data)-walHeader) || w.checksum(data[16:walHeader+n]) != binary.BigEndian.Uint64(data[8:]) {
			data = data[1:]
			continue
		}
		if r.number >= first {
			r.batch = data[walHeader : walHeader+n : walHeader+n]
			records = append(records, r)
		}
		data = data[walHeader+n:]
	}
}

func (s *Store) readFile(name string) ([]byte, error) {
	f, err := s.fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, info.Size())
	_, err = io.ReadFull(f, data)
	return data, err
}

// readCommitRows reads the log's salt and the number of the newest commit that Pebble has.
func (s *Store) readCommitRows() (err error) {
	if s.wal.salt, err = s.readNumber(saltRow); err != nil {
		return err
	}
	s.applier.applied, err = s.readNumber(commitRow)
	return err
}

// readNumber returns the number in a row of the store's own, 0 if there is no such row.
func (s *Store) readNumber(row []byte) (uint64, error) {
	v, closer, err := s.db.Get(row)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, s.openError(err)
	}
	defer closer.Close()
	if len(v) != 8 {
		return 0, fmt.Errorf("the store in %s is damaged: bad row %q", s.opts.Dir, row)
	}
	return binary.BigEndian.Uint64(v), nil
}

// newSalt is what a store's log is told from others' by.
func newSalt() []byte {
	salt := make([]byte, 8)
	_, _ = rand.Read(salt) // never fails
	return salt
}
