// What Pebble reports, and how the process ends when it reports the loss of rows. Runs on Pebble's goroutines.
package persistence

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
)

// logger is Pebble's Logger. Its Fatalf must never return: Pebble would answer nil for a commit that is lost.
type logger struct{ s *Store }

func (l logger) Infof(string, ...any)              {}
func (l logger) Errorf(format string, args ...any) { l.s.opts.Logf(format, args...) }
func (l logger) Fatalf(format string, args ...any) { l.s.fail(fmt.Sprintf(format, args...)) }

// fail ends the process. No turn is acknowledged after it was called, from whatever goroutine.
func (s *Store) fail(text string) {
	s.failed.Store(true)
	s.mu.Lock() // whoever waits for the committer must see the flag
	s.work.Broadcast()
	s.room.Broadcast()
	s.advanced.Broadcast()
	s.mu.Unlock()
	s.opts.Fatal("evald: stopping so that nothing is lost: " + newlineInError.ReplaceAllString(text, "; "))
	fmt.Fprintln(os.Stderr, "evald: persistence: Fatal returned")
	os.Exit(1)
}

const damagedStore = "the store is damaged; restore a backup, or see what is intact with evald check: "

func (s *Store) listener() *pebble.EventListener {
	return &pebble.EventListener{
		BackgroundError: s.backgroundError,
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			if s.opened.Load() && !s.opts.ReadOnly {
				s.fail(damagedStore + info.String())
			}
		},
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			s.counters.stalls.Add(1)
			s.opts.Logf("commits wait for the store: %s", info.Reason)
		},
	}
}

// backgroundError judges a failed flush or compaction. Pebble tries again at once and without end: that is right for a full disk,
// which is refused to writers meanwhile, and for nothing else.
func (s *Store) backgroundError(err error) {
	if errors.Is(err, syscall.ENOSPC) {
		s.diskFull()
		return
	}
	if pebble.IsCorruptionError(err) {
		s.fail(damagedStore + err.Error())
	}
	s.fail("background work of the store: " + err.Error())
}
