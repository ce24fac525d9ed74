// The log by itself, and a disk that stands still.
package persistence

import (
	"bytes"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// logged returns a file system as a kill leaves it after n turns under everysec, with everything in the log only, and the states.
func logged(t *testing.T, n int) (*vfs.MemFS, [][32]byte) {
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
	for i := range s.wal.files {                // and the log, as the operating system had it
		overwrite(t, clone, s.walPath(i), contents(t, fs, s.walPath(i)))
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

func TestLogGivesBackWhatPebbleLacks(t *testing.T) {
	fs, states := logged(t, 20)
	for range 2 { // recovering changes nothing
		s := mustOpen(t, testOptions(t, fs))
		if ks := mustLoad(t, s); ks.Digest() != states[20] {
			t.Error("not everything came back")
		}
		mustClose(t, s)
	}
}

// TestTornLog cuts the log at every byte and flips one bit in each: whole commits come back, in order, and no more.
func TestTornLog(t *testing.T) {
	fs, states := logged(t, 4)
	const name = "d/store/wal.0"
	whole := bytes.TrimRight(contents(t, fs, name), "\x00")
	for at := range whole {
		for _, flip := range []bool{false, true} {
			data := append([]byte(nil), whole[:at]...)
			if flip {
				data = append([]byte(nil), whole...)
				data[at] ^= 4
			}
			torn := fs.CrashClone(vfs.CrashCloneCfg{})
			overwrite(t, torn, name, data)
			s := mustOpen(t, testOptions(t, torn))
			digest := mustLoad(t, s).Digest()
			mustClose(t, s)
			if !slices.Contains(states, digest) || digest == states[4] {
				t.Fatalf("byte %d, flipped %v: a whole commit too many or too few", at, flip)
			}
		}
	}
}

// TestDamagedLogIsRefused flips bits in a log of which each record was on disk before the next was written.
func TestDamagedLogIsRefused(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s, ks := mustOpen(t, testOptions(t, fs)), enginetest.New(1)
	var ends []int64
	for i := range 4 {
		ks.BeginTurn(int64(i))
		ks.Begin(false)
		ks.DB(0).SetInt([]byte("k"), int64(i), engine.NoTTL)
		ks.End()
		waitDurable(s, commitTurn(s, ks))
		ends = append(ends, s.wal.bytes())
	}
	clone := fs.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	whole := contents(t, clone, "d/store/wal.0")
	for at := range ends[2] { // all but the last record
		data := append([]byte(nil), whole...)
		data[at] ^= 1
		damaged := clone.CrashClone(vfs.CrashCloneCfg{})
		overwrite(t, damaged, "d/store/wal.0", data)
		if s, err := Open(testOptions(t, damaged)); err == nil {
			t.Errorf("byte %d: opened", at)
			mustClose(t, s)
		} else if !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	damaged := clone.CrashClone(vfs.CrashCloneCfg{})
	if err := damaged.Remove("d/store/wal.1"); err != nil {
		t.Fatal(err)
	}
	s = mustOpen(t, testOptions(t, damaged)) // the store is new: no row is in a table that could tell
	mustClose(t, s)
	if err := damaged.Remove("d/store/wal.1"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(testOptions(t, damaged)); err == nil || !strings.Contains(err.Error(), "wal.1 is missing") {
		t.Errorf("a store without its log: %v", err)
	}
}

// TestForgedRecords stores values that look like records of the log, and cuts the log within one.
func TestForgedRecords(t *testing.T) {
	fs := vfs.NewCrashableMem()
	s, ks := mustOpen(t, testOptions(t, fs)), enginetest.New(1)
	forger := wal{salt: s.wal.salt + 1}
	set := func(key string, value []byte) {
		ks.BeginTurn(1)
		ks.Begin(false)
		ks.DB(0).SetString([]byte(key), value, engine.NoTTL)
		ks.End()
		waitDurable(s, commitTurn(s, ks))
	}
	set("a", []byte("1"))
	want := ks.Digest()
	b := s.db.NewBatch()
	if err := b.Set([]byte("!forged"), []byte("x"), nil); err != nil {
		t.Fatal(err)
	}
	forger.synced.Store(1 << 40)
	set("b", append(forger.appendRecord(nil, 2, b.Repr()), make([]byte, 1000)...))
	whole := contents(t, fs, "d/store/wal.0")
	clone := fs.CrashClone(vfs.CrashCloneCfg{})
	overwrite(t, clone, "d/store/wal.0", whole[:s.wal.bytes()-10])
	mustClose(t, s)
	s = mustOpen(t, testOptions(t, clone))
	if mustLoad(t, s).Digest() != want {
		t.Error("a value passed for a record")
	}
	mustClose(t, s)
}

// TestLogGoesRound fills the log's files many times over: they stay small, and what is left behind in them is never taken for new.
func TestLogGoesRound(t *testing.T) {
	fs := vfs.NewCrashableMem()
	o := testOptions(t, fs)
	o.LogBytes, o.MemTableSize = 8<<10, 64<<10
	s, ks := mustOpen(t, o), enginetest.New(1)
	w := enginetest.NewWorkload(ks, 2)
	used := [2]bool{}
	for i := range 1500 {
		w.Turn()
		commitTurn(s, ks)
		if i%40 == 0 {
			waitDurable(s, s.last)
			for !s.wal.anyFree() {
				runtime.Gosched()
			}
		}
		used[s.wal.activeFile()] = true
	}
	waitDurable(s, s.last)
	if !used[0] || !used[1] {
		t.Error("one file was never used")
	}
	clone := fs.CrashClone(vfs.CrashCloneCfg{})
	mustClose(t, s)
	o.FS = clone
	s = mustOpen(t, o)
	if mustLoad(t, s).Digest() != ks.Digest() {
		t.Error("another state after the restart")
	}
	mustClose(t, s)
}

func (w *wal) anyFree() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.files[0].free || w.files[1].free
}

func (w *wal) activeFile() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.active
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
	turn()
	for s.Metrics().Queued > 0 { // until the committer stands in its sync
		runtime.Gosched()
	}
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
