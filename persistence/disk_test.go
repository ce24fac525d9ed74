// A disk that gets full: writes are refused in time, taken again when there is space, and nothing is lost.
package persistence

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// sizedFS tells of a disk with as much free space as the test says.
type sizedFS struct {
	vfs.FS
	free atomic.Int64
}

func (f *sizedFS) GetDiskUsage(string) (vfs.DiskUsage, error) {
	return vfs.DiskUsage{AvailBytes: uint64(f.free.Load()), TotalBytes: 1 << 30}, nil
}

func TestWritesAreRefusedWhileTheDiskIsLow(t *testing.T) {
	fs := &sizedFS{FS: vfs.NewMem()}
	fs.free.Store(1 << 29)
	o := testOptions(t, fs)
	o.MemTableSize, o.LowDiskBytes, o.BallastBytes = 256<<10, 10<<20, 1<<20
	s := mustOpen(t, o)
	defer mustClose(t, s)
	for _, step := range []struct {
		free    int64
		refused bool
	}{
		{1 << 29, false},
		{11 << 20, false},
		{9 << 20, true},
		{11 << 20, true}, // a little space does not make it flap
		{13 << 20, false},
	} {
		fs.free.Store(step.free)
		s.checkDisk()
		if err := s.WriteError(); (err != nil) != step.refused {
			t.Errorf("%d bytes free: %v", step.free, err)
		}
	}
	if _, err := fs.Stat(s.ballastName()); err != nil {
		t.Errorf("no ballast: %v", err)
	}
	s.diskFull()
	if _, err := fs.Stat(s.ballastName()); !errors.Is(err, os.ErrNotExist) || s.WriteError() == nil {
		t.Errorf("a full disk left the ballast (%v) or took writes", err)
	}
	s.checkDisk() // 13 MiB and no ballast: not yet enough for both
	if s.WriteError() == nil {
		t.Error("writes are taken without room for the ballast")
	}
	fs.free.Store(20 << 20)
	s.checkDisk()
	if _, err := fs.Stat(s.ballastName()); err != nil || s.WriteError() != nil {
		t.Errorf("after space was freed: ballast %v, writes %v", err, s.WriteError())
	}
}

// TestARealFullDisk fills a file system of 48 MB. Only root may mount one.
func TestARealFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=48m"); err != nil {
		t.Skipf("needs the right to mount a tmpfs: %v", err)
	}
	defer func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount: %v", err)
		}
	}()
	o := testOptions(t, nil)
	o.Dir, o.FS, o.MemTableSize, o.BallastBytes = dir, nil, 0, 0
	s, ks := mustOpen(t, o), enginetest.New(1)
	s.checkDisk()
	filler := dir + "/filler"
	value := make([]byte, 20<<10)
	write := func(i int) {
		for j := range value {
			value[j] = byte(i * j >> 3)
		}
		ks.BeginTurn(int64(i))
		ks.Begin(false)
		ks.DB(0).SetString([]byte{byte(i), byte(i >> 8)}, value, engine.NoTTL)
		ks.End()
		waitDurable(s, commitTurn(s, ks))
		s.checkDisk()
	}
	i, refusals := 0, 0
	for ; refusals < 3 && i < 20000; i++ {
		if s.WriteError() == nil {
			write(i)
			continue
		}
		// Refused, as a client would be. Another program takes the rest of the disk, ...
		refusals++
		before := ks.Digest()
		if err := fill(filler); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("the disk is not full: %v", err)
		}
		if s.checkDisk(); s.WriteError() == nil {
			t.Fatal("writes are taken by a full disk")
		}
		// ... which must not hurt what is there, and goes away again with everything that is old.
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		mustClose(t, s)
		s = mustOpen(t, o)
		if ks = mustLoad(t, s); ks.Digest() != before {
			t.Fatal("the full disk has changed the state")
		}
		ks.BeginTurn(0)
		ks.Begin(false)
		ks.FlushAll()
		ks.End()
		waitDurable(s, commitTurn(s, ks))
		s.applyThrough(s.wal.newest()) // as the tick does while the disk is low
		if err := s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false); err != nil {
			t.Fatal(err)
		}
		for tries := 0; s.WriteError() != nil; tries++ { // tables are removed in the background
			if s.checkDisk(); tries > 1_000_000 {
				t.Fatalf("writes are still refused: %d bytes free of %d needed", s.disk.free.Load(), s.opts.LowDiskBytes)
			}
		}
	}
	if refusals < 3 || i < 100 {
		t.Errorf("%d refusals after %d writes", refusals, i)
	}
	mustClose(t, s)
}

// fill writes a file until the disk is full and returns the error that says so.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 4096)
	for {
		if _, err := f.Write(block); err != nil {
			return err
		}
	}
}
