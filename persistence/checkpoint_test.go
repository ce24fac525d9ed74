// Copies that fail: whatever call fails while one is made, the store itself goes on.
package persistence

import (
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/evald/evald/internal/enginetest"
)

func TestFailedCopyIsNoHarm(t *testing.T) {
	fs := vfs.NewMem()
	var failAt, calls atomic.Int64
	errno := syscall.ENOSPC
	o := testOptions(t, errorfs.Wrap(fs, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if strings.HasPrefix(op.Path, "copy") && op.Kind.ReadOrWrite() == errorfs.OpIsWrite && calls.Add(1) == failAt.Load() {
			return errno
		}
		return nil
	})))
	s, ks := mustOpen(t, o), enginetest.New(1)
	w := enginetest.NewWorkload(ks, 1)
	failed := 0
	for k := int64(1); ; k++ {
		for range 5 {
			w.Turn()
			commitTurn(s, ks)
		}
		errno = []syscall.Errno{syscall.ENOSPC, syscall.EIO}[k%2]
		calls.Store(0)
		failAt.Store(k)
		err := s.Checkpoint("copy")
		if s.failed.Load() {
			t.Fatalf("call %d: the process was ended", k)
		}
		if calls.Load() < k {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if err != nil {
			failed++
		}
		if err := fs.RemoveAll("copy"); err != nil {
			t.Fatal(err)
		}
	}
	if failed < 10 {
		t.Errorf("only %d calls made a copy fail", failed)
	}
	want := ks.Digest()
	mustClose(t, s)
	for _, dir := range []string{"d", "copy"} {
		o := testOptions(t, fs)
		o.Dir = dir
		s := mustOpen(t, o)
		if mustLoad(t, s).Digest() != want {
			t.Errorf("%s has another state", dir)
		}
		mustClose(t, s)
	}
}
