package rollback

import (
	"errors"
	"sync"
	"time"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
	"github.com/evald/evald/server"
)

// store is a server.Store in memory: what is committed is durable at once.
type store struct {
	enginetest.Rows
	notify func()

	mu      sync.Mutex
	durable uint64
	commits int
}

var _ server.Store = (*store)(nil)

func (s *store) Load(ks *engine.Keyspace, _ func(done, total int) error) error {
	return s.Rows.Load(ks)
}

func (s *store) Batch() engine.RowWriter { return &s.Rows }

func (s *store) Commit(seq uint64, _ bool, _ func()) bool {
	s.mu.Lock()
	s.durable = seq
	s.commits++
	s.mu.Unlock()
	s.notify()
	return false
}

func (s *store) Durable() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable
}

// count returns how many turns have been committed.
func (s *store) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commits
}

func (s *store) Notify(f func())              { s.notify = f }
func (s *store) WriteError() error            { return nil }
func (s *store) SetFsync(string) error        { return nil }
func (s *store) Sync() error                  { return nil }
func (s *store) Checkpoint(string) error      { return errors.New("there are no files") }
func (s *store) SlowestCommit() time.Duration { return 0 }
func (s *store) AppendInfo(dst []byte) []byte { return dst }
func (s *store) Close() error                 { return nil }
