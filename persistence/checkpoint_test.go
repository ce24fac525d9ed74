// Copies that fail: whatever call fails while one is made, the store itself goes on.
package persistence

import (
	"bytes"
	"fmt"
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

// TestIncompleteCopiesAreRefused removes each file of a copy, or cuts it at every few bytes: what is left opens with the whole state or is
// refused, in one line, and then nothing in it has changed.
func TestIncompleteCopiesAreRefused(t *testing.T) {
	fs := vfs.NewMem()
	s, ks := mustOpen(t, testOptions(t, fs)), enginetest.New(1)
	w := enginetest.NewWorkload(ks, 1)
	for i := range 60 {
		w.Turn()
		commitTurn(s, ks)
		if i%20 == 0 {
			s.applyThrough(s.wal.newest())
			if err := s.db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Checkpoint("copy"); err != nil {
		t.Fatal(err)
	}
	want := ks.Digest()
	mustClose(t, s)
	names, err := fs.List("copy/store")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		files[name] = contents(t, fs, "copy/store/"+name)
	}
	refused := 0
	open := func(what, changed string, data []byte, removed bool) {
		t.Helper()
		part := vfs.NewMem()
		if err := part.MkdirAll("copy/store", 0o755); err != nil {
			t.Fatal(err)
		}
		for name, whole := range files {
			switch {
			case name != changed:
				overwrite(t, part, "copy/store/"+name, bytes.Clone(whole)) // under the race detector a write scrambles what it was given
			case !removed:
				overwrite(t, part, "copy/store/"+name, bytes.Clone(data))
			}
		}
		o := testOptions(t, part)
		o.Dir = "copy"
		s, err := Open(o)
		if err == nil {
			if mustLoad(t, s).Digest() != want {
				t.Errorf("%s: opened with another state", what)
			}
			mustClose(t, s)
			return
		}
		refused++
		if strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "copy") {
			t.Errorf("%s: %q", what, err)
		}
		for name, whole := range files {
			if now := contents(t, part, "copy/store/"+name); name != changed && !bytes.Equal(now, whole) {
				t.Errorf("%s: %s was changed by a refused start", what, name)
			}
		}
	}
	for name, whole := range files {
		open(name+" removed", name, nil, true)
		for n := 0; n < len(whole); n += max(1, min(len(whole)/40, 37)) {
			open(fmt.Sprintf("%s cut to %d of %d bytes", name, n, len(whole)), name, whole[:n], false)
		}
	}
	if refused < 20 {
		t.Errorf("only %d were refused", refused)
	}
}
