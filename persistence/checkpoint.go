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
	if !s.applyThrough(s.wal.newest()) {
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
	if err := s.copyTo(to); err != nil {
		return fmt.Errorf("checkpoint: %w", errors.Join(reason(err), s.fs.RemoveAll(to)))
	}
	return nil
}

// copyTo makes the copy. Pebble panics when it cannot sync a directory; it holds no lock then.
func (s *Store) copyTo(to string) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = panicked(p)
		}
	}()
	if err := s.db.Checkpoint(to); err != nil {
		return err
	}
	return s.emptyLog(to)
}

// emptyLog makes the copy's log, without which it would count as incomplete.
func (s *Store) emptyLog(to string) error {
	for i := range s.wal.files {
		f, err := s.fs.Create(s.fs.PathJoin(to, walName(i)), vfs.WriteCategoryUnspecified)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err != nil {
			return err
		}
	}
	return syncDir(s.fs, to)
}
