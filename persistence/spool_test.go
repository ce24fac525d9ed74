// The spool by itself, and a disk that stands still.
package persistence

import (
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// spooled returns a file system as a kill leaves it after n turns under everysec, and the states.
func spooled(t *testing.T, n int) (*vfs.MemFS, [][32]byte) {
	fs := vfs.NewCrashableMem()
	o := testOptions(t, fs)
	o.Policy = EverySec
	s, ks := mustOpen(t, o), enginetest.New(1)
	states := [][32]byte{ks.Digest()}
	for i := range n {
		ks.BeginTurn(int64(i))
		ks.Begin(false)
		ks.DB(0).SetInt([]byte("k"), int64(i), engine.NoTTL)
		ks.End()
		waitDurable(s, commitTurn(s, ks))
		states = append(states, ks.Digest())
	}
	clone := fs.CrashClone(vfs.CrashCloneCfg{}) // nothing was synced but the new store
	for i := range 2 {                          // and the spool, as the operating system had it
		data := contents(t, fs, s.spoolName(i))
		if data == nil {
			continue
		}
		overwrite(t, clone, s.spoolName(i), data)
	}
	mustClose(t, s)
	return clone, states
}

func contents(t *testing.T, fs vfs.FS, name string) []byte {
	f, err := fs.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func overwrite(t *testing.T, fs vfs.FS, name string, data []byte) {
	f, err := fs.Create(name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
}

func TestSpoolGivesBackWhatThePebbleLogLost(t *testing.T) {
	fs, states := spooled(t, 20)
	o := testOptions(t, fs)
	o.Policy = EverySec
	s := mustOpen(t, o)
	if ks := mustLoad(t, s); ks.Digest() != states[20] {
		t.Error("not everything came back")
	}
	mustClose(t, s)
	names, _ := fs.List("d/store")
	if joined := strings.Join(names, " "); strings.Contains(joined, "spool") {
		t.Errorf("a clean end leaves the spool: %s", joined)
	}
}

// TestTornSpool cuts the spool at every byte and flips one bit in each: whole commits come back, in order, and no more.
func TestTornSpool(t *testing.T) {
	fs, states := spooled(t, 4)
	whole := contents(t, fs, "d/store/spool.0")
	for at := range whole {
		for _, flip := range []bool{false, true} {
			data := append([]byte(nil), whole[:at]...)
			if flip {
				data = append([]byte(nil), whole...)
				data[at] ^= 4
			}
			torn := fs.CrashClone(vfs.CrashCloneCfg{})
			overwrite(t, torn, "d/store/spool.0", data)
			s := mustOpen(t, testOptions(t, torn))
			digest := mustLoad(t, s).Digest()
			mustClose(t, s)
			known := false
			for _, state := range states {
				known = known || state == digest
			}
			if !known || digest == states[4] {
				t.Fatalf("byte %d, flipped %v: a whole commit too many or too few", at, flip)
			}
		}
	}
}

// stalledFS is a disk whose syncs do not return while the lock is held.
type stalledFS struct {
	vfs.FS
	stall sync.RWMutex
}

func (f *stalledFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return stalledFile{file, f}, err
}

type stalledFile struct {
	vfs.File
	fs *stalledFS
}

func (f stalledFile) Sync() error {
	f.fs.stall.RLock()
	defer f.fs.stall.RUnlock()
	return f.File.Sync()
}

func (f stalledFile) SyncData() error {
	f.fs.stall.RLock()
	defer f.fs.stall.RUnlock()
	return f.File.SyncData()
}

func TestStalledDiskHoldsAcknowledgementsNotTheLoop(t *testing.T) {
	fs := &stalledFS{FS: vfs.NewMem()}
	s, ks := mustOpen(t, testOptions(t, fs)), enginetest.New(1)
	turn := func() uint64 {
		ks.BeginTurn(1)
		ks.Begin(false)
		ks.DB(0).SetString([]byte("k"), []byte("v"), engine.NoTTL)
		ks.End()
		return commitTurn(s, ks)
	}
	waitDurable(s, turn())
	fs.stall.Lock()
	before := s.Durable()
	for range 1000 {
		turn()
	}
	if s.Durable() != before {
		t.Errorf("turn %d was acknowledged on a disk that stands still", s.Durable())
	}
	if s.Metrics().Queued == 0 {
		t.Error("nothing seems to wait")
	}
	fs.stall.Unlock()
	last := turn()
	waitDurable(s, last)
	if s.Durable() != last {
		t.Errorf("durable %d, not %d", s.Durable(), last)
	}
	mustClose(t, s)
}
