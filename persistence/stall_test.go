// A disk that stands still for half a minute, as make faults has it; wal_test.go has the same without the time.
package persistence

import (
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/internal/enginetest"
)

// TestDiskStalledFor30Seconds: turns go on being taken and none is acknowledged that needs the disk; the log and the figures tell of it; when
// the disk moves again everything is there.
func TestDiskStalledFor30Seconds(t *testing.T) {
	if os.Getenv("EVALD_FAULTS") != "all" {
		t.Skip("half a minute for each policy: make faults")
	}
	for _, policy := range []Policy{Always, EverySec} {
		t.Run(policy.String(), func(t *testing.T) {
			t.Parallel()
			mem := vfs.NewCrashableMem()
			fs := &stalledFS{FS: mem}
			var slow atomic.Int64
			o := testOptions(t, fs)
			o.Policy, o.SyncEvery = policy, 20*time.Millisecond
			o.Logf = func(format string, _ ...any) {
				if strings.HasPrefix(format, "disk is slow") {
					slow.Add(1)
				}
			}
			s, ks := mustOpen(t, o), enginetest.New(1)
			waitDurable(s, setTurn(s, ks, 100))
			fs.stall.Lock()
			moves := time.After(30 * time.Second)
			turns := time.NewTicker(time.Millisecond)
			defer turns.Stop()
			setTurn(s, ks, 100)
			for s.wal.syncs.Load() == 0 { // until a sync stands
				<-turns.C
			}
			before, longest, n := s.Durable(), time.Duration(0), 0
			for stalled := true; stalled; {
				select {
				case <-moves:
					stalled = false
				case <-turns.C:
					began := time.Now()
					setTurn(s, ks, 100)
					longest, n = max(longest, time.Since(began)), n+1
				}
			}
			t.Logf("%d turns were taken, the longest in %v", n, longest)
			if policy == Always && s.Durable() != before {
				t.Error("a turn was acknowledged that was not on disk")
			}
			if n < 1000 || longest > 10*time.Second {
				t.Errorf("only %d turns were taken, one in %v", n, longest)
			}
			if slow.Load() == 0 || s.Metrics().SlowDisk == 0 {
				t.Error("nothing tells that the disk is slow")
			}
			fs.stall.Unlock()
			waitDurable(s, s.last)
			if err := s.Sync(); err != nil {
				t.Fatal(err)
			}
			want := ks.Digest()
			crashed := mem.CrashClone(vfs.CrashCloneCfg{})
			mustClose(t, s)
			o.FS = crashed
			s = mustOpen(t, o)
			if mustLoad(t, s).Digest() != want {
				t.Error("another state after the stall")
			}
			mustClose(t, s)
		})
	}
}
