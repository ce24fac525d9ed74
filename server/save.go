package server

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/evald/evald/engine/command"
)

// SAVE and BGSAVE: a copy of the store, a data directory of its own, as <dir>/backup/<time>. It has its name when it is whole and on disk;
// what fails is removed. Of the copies, backup-keep are kept. BGSAVE begins at the end of the turn, on a goroutine of its own that uses
// only the store and the file system; the loop learns of its end by saving.done.

// saving is the state of saves. The loop owns it.
type saving struct {
	asked    bool          // BGSAVE was called in this turn
	done     chan error    // nil: none is under way
	began    time.Time     // of the one under way
	dirty    uint64        // changes counted when it began
	failed   bool          // the last one
	last     time.Duration // of BGSAVE
	finished int           // since start or CONFIG RESETSTAT
}

const (
	saveFolder = "backup"
	saveLayout = "20060102-150405.000" // as evald backup names its copies: in the order of their names they are in that of their ages
	partSuffix = ".part"
)

const errSaveInProgress command.Error = "ERR Background save already in progress"

// save makes a copy and replies when it is there. SAVE
func (s *Server) save(x *command.Ctx) error {
	if s.saving.done != nil || s.saving.asked {
		return errSaveInProgress
	}
	s.commitUnit()
	s.beginSave()
	if err := s.saveDone(<-s.saving.done); err != nil {
		return command.Error("ERR " + err.Error())
	}
	x.Reply.Status("OK")
	return nil
}

// bgsave has a copy made beside the loop. BGSAVE [SCHEDULE]
func (s *Server) bgsave(x *command.Ctx) error {
	if len(x.Args) > 2 || len(x.Args) == 2 && !x.Is(1, "schedule") {
		return command.ErrSyntax
	}
	if s.saving.done != nil || s.saving.asked {
		return errSaveInProgress
	}
	s.saving.asked = true
	x.Reply.Status("Background saving started")
	return nil
}

// commitUnit ends the turn in the middle of a command, which must not be part of a transaction: what it has done so far belongs into a copy.
func (s *Server) commitUnit() {
	s.ks.End()
	s.commit()
	s.ks.Begin(false)
}

// cronSave begins the save that was asked for and takes the result of the one that has ended. It runs when the turn is with the store.
func (s *Server) cronSave() {
	if s.saving.asked {
		s.saving.asked = false
		s.beginSave()
	}
	if s.saving.done == nil {
		return
	}
	select {
	case err := <-s.saving.done:
		s.saving.last = time.Since(s.saving.began)
		_ = s.saveDone(err) // logged, and seen in INFO
	default:
	}
}

func (s *Server) beginSave() {
	sv := &s.saving
	sv.done, sv.began, sv.dirty = make(chan error, 1), time.Now(), s.ks.Stats().Dirty
	if s.store == nil { // nothing is durable: there is nothing to copy
		sv.done <- nil
		return
	}
	store, dir, keep, done := s.store, filepath.Join(s.config.dir, saveFolder), s.config.backupKeep, sv.done
	go func() {
		done <- makeCopy(store, dir, keep)
		s.Wake()
	}()
}

// saveDone notes a save's end and returns err.
func (s *Server) saveDone(err error) error {
	sv := &s.saving
	sv.done, sv.failed = nil, err != nil
	if err != nil {
		s.opts.Log.Printf("save failed: %v", err)
		return err
	}
	sv.finished++
	s.stats.lastSave, s.stats.savedDirty = s.ms/1000, sv.dirty
	return nil
}

// endSave waits for the save under way: it uses the store.
func (s *Server) endSave() {
	if s.saving.done != nil {
		_ = s.saveDone(<-s.saving.done)
	}
}

// makeCopy makes a copy of the store in dir and removes the oldest copies there until keep are left, 0 for all. Any goroutine may call it,
// one at a time.
func makeCopy(store Store, dir string, keep int) error {
	if err := store.WriteError(); err != nil {
		return errors.New("the disk is nearly full")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	removeParts(dir)
	name := filepath.Join(dir, time.Now().UTC().Format(saveLayout))
	for at := time.Now(); exists(name); name = filepath.Join(dir, at.UTC().Format(saveLayout)) {
		at = at.Add(time.Millisecond)
	}
	part := name + partSuffix
	err := store.Checkpoint(part)
	if err == nil {
		err = syncDir(part)
	}
	if err == nil {
		err = os.Rename(part, name)
	}
	if err == nil {
		err = errors.Join(syncDir(dir), syncDir(filepath.Dir(dir)))
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	return pruneCopies(dir, keep)
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// removeParts removes what saves have left that a crash has cut off.
func removeParts(dir string) {
	parts, _ := filepath.Glob(filepath.Join(dir, "*"+partSuffix))
	for _, part := range parts {
		if isCopy(strings.TrimSuffix(filepath.Base(part), partSuffix)) {
			_ = os.RemoveAll(part) // what stays is no harm but for its bytes
		}
	}
}

func isCopy(name string) bool {
	_, err := time.Parse(saveLayout, name)
	return err == nil
}

func pruneCopies(dir string, keep int) error {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil || keep == 0 {
		return err
	}
	var copies []string
	for _, e := range entries {
		if e.IsDir() && isCopy(e.Name()) {
			copies = append(copies, filepath.Join(dir, e.Name()))
		}
	}
	for ; len(copies) > keep; copies = copies[1:] {
		if err := os.RemoveAll(copies[0]); err != nil {
			return err
		}
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
