// Backups: a consistent copy of the store, made of hard links where the file system has them.
package persistence

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Checkpoint makes dir a store of its own that holds every turn handed over so far. The loop and the committer go on; only what is
// between the log and Pebble waits while files are linked. A copy that fails is no harm to the store. Any goroutine may call it.
func (s *Store) Checkpoint(dir string) error {
	to := s.fs.PathJoin(dir, "store")
	if _, err := s.fs.Stat(to); err == nil {
		return fmt.Errorf("checkpoint: %s exists already", to)
	}
	if err := s.Sync(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	newest := s.wal.newest()
	if !s.applyThrough(newest) {
		return fmt.Errorf("checkpoint: the store is being closed")
	}
	if err := s.fs.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.db.Flush(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	s.applier.applying.Lock()
	defer s.applier.applying.Unlock()
	if err := s.copyTo(to, newest); err != nil {
		return fmt.Errorf("checkpoint: %w", errors.Join(reason(err), s.fs.RemoveAll(to)))
	}
	return nil
}

// copyTo makes the copy. Pebble panics when it cannot sync a directory; it holds no lock then.
func (s *Store) copyTo(to string, newest uint64) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	if err := s.db.Checkpoint(to); err != nil {
		return err
	}
	return s.writeLog(to, newest)
}

// writeLog makes the copy's log, without which it would count as incomplete. Its only record is empty and says that the commits before it
// are in the tables: a copy whose manifest has lost some is refused.
func (s *Store) writeLog(to string, newest uint64) error {
	empty := s.db.NewBatch()
	defer empty.Close()
	said := wal{salt: s.wal.salt}
	said.synced.Store(newest)
	record := said.appendRecord(nil, newest+1, empty.Repr())
	for i := range s.wal.files {
		f, err := s.fs.Create(s.fs.PathJoin(to, walName(i)), vfs.WriteCategoryUnspecified)
		if err != nil {
			return err
		}
		if i == 0 {
			_, err = f.Write(record)
		}
		if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
			return err
		}
	}
	return syncDir(s.fs, to)
}
