// Backups: a consistent copy of the store, made of hard links where the file system has them.
package persistence

import (
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Checkpoint makes dir a store of its own that holds every turn handed over so far. The committer stands still for the few milliseconds
// that it takes: Pebble copies its log while it is being written, and must not.
func (s *Store) Checkpoint(dir string) error {
	to := s.fs.PathJoin(dir, "store")
	if _, err := s.fs.Stat(to); err == nil {
		return fmt.Errorf("checkpoint: %s exists already", to)
	}
	if err := s.Sync(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := s.fs.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	s.applying.Lock()
	defer s.applying.Unlock()
	if err := s.db.Checkpoint(to, pebble.WithFlushedWAL()); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}
