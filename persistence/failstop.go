// A file system that ends the process at the first failed write or sync of what must not fail: the log, the manifest, the markers and
// the directory. Pebble answers such failures in several ways, panics with its locks in disorder among them; this comes before.
package persistence

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// retryPause slows Pebble down, which tries again at once and without end to write a table to a full disk.
const retryPause = 50 * time.Millisecond

type failStop struct {
	vfs.FS
	s *Store
}

// vital are the files without which acknowledged rows are lost. A failed table is not among them: its rows are still in the log.
var vital = regexp.MustCompile(`(^|[/\\])(wal\.[01]|MANIFEST-\d+|marker\..*)$`)

// check ends the process if err is the failure of an operation on a vital file. A full disk under a table is Pebble's to retry.
func (f failStop) check(op, path string, err error) error {
	if err == nil || !f.s.opened.Load() || errors.Is(err, os.ErrNotExist) {
		return err
	}
	if path != f.s.dir && (!vital.MatchString(path) || f.s.fs.PathDir(path) != f.s.dir) { // a copy's files are not vital
		if errors.Is(err, syscall.ENOSPC) {
			time.Sleep(retryPause)
		}
		return err
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = syscall.ENOSPC
	}
	f.s.fail(fmt.Sprintf("%s %s: %v", op, path, reason(err)))
	return err
}

func (f failStop) wrap(op, path string, file vfs.File, err error) (vfs.File, error) {
	if err = f.check(op, path, err); err != nil {
		return nil, err
	}
	return failStopFile{file, f, path}, nil
}

func (f failStop) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	return f.wrap("create", name, file, err)
}

func (f failStop) OpenReadWrite(name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	file, err := f.FS.OpenReadWrite(name, c, opts...)
	return f.wrap("open", name, file, err)
}

func (f failStop) OpenDir(name string) (vfs.File, error) {
	file, err := f.FS.OpenDir(name)
	return f.wrap("open", name, file, err)
}

func (f failStop) ReuseForWrite(old, name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.ReuseForWrite(old, name, c)
	return f.wrap("reuse", name, file, err)
}

func (f failStop) Rename(old, name string) error {
	return f.check("rename", name, f.FS.Rename(old, name))
}

func (f failStop) Unwrap() vfs.FS { return f.FS }

type failStopFile struct {
	vfs.File
	fs   failStop
	path string
}

func (f failStopFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, f.fs.check("write", f.path, err)
}

func (f failStopFile) WriteAt(p []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(p, at)
	return n, f.fs.check("write", f.path, err)
}

func (f failStopFile) Sync() error     { return f.fs.check("sync", f.path, f.File.Sync()) }
func (f failStopFile) SyncData() error { return f.fs.check("sync", f.path, f.File.SyncData()) }
func (f failStopFile) Close() error    { return f.fs.check("close", f.path, f.File.Close()) }

func (f failStopFile) SyncTo(n int64) (bool, error) {
	full, err := f.File.SyncTo(n)
	return full, f.fs.check("sync", f.path, err)
}
