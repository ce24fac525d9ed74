// This file is `evald import --from`: a copy of a running server, and the file that lets a broken one go on.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"
)

// copying is how far a live copy has come: everything before Cursor is acknowledged. Keys written after it was saved are written again.
type copying struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Only      int    `json:"only"`   // the one database asked for, or allDatabases
	RunID     string `json:"run_id"` // of the source: another run has other cursors
	Functions bool   `json:"functions"`
	DB        int    `json:"db"`
	Cursor    string `json:"cursor"`
	Keys      int    `json:"keys"` // for the progress; a key that SCAN gives twice counts twice

	path string // "" if it is not kept
}

// savedEvery is after how many keys the state is saved.
const savedEvery = 10_000

// scanStart is the cursor that starts and ends a SCAN.
const scanStart = "0"

// loadCopying returns what an earlier import has left in path, or the start of a new one.
func loadCopying(path string, s copying) (_ copying, resumed bool, err error) {
	s.path, s.Cursor = path, scanStart
	if path == "" {
		return s, false, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, err
	}
	old := copying{path: path}
	if err := json.Unmarshal(text, &old); err != nil || old.From == "" || old.Cursor == "" || old.DB < 0 {
		return s, false, fmt.Errorf("%s is not the state of an import", path)
	}
	if old.From != s.From || old.To != s.To || old.Only != s.Only {
		return s, false, fmt.Errorf("%s belongs to another copy, from %s to %s", path, old.From, old.To)
	}
	return old, true, nil
}

// save writes the state to disk.
func (s *copying) save() error {
	if s.path == "" {
		return nil
	}
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return replaceFile(s.path, func(f *os.File) error {
		_, err := f.Write(append(text, '\n'))
		return err
	})
}

// replaceFile has a file on disk under its name with what write has written, or leaves what was there.
func replaceFile(path string, write func(*os.File) error) (err error) {
	part := fmt.Sprintf("%s.%d.part", path, os.Getpid())
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(part)
		}
	}()
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// importLive copies a running server.
func (a *App) importLive(c *cli.Context, o importOptions, bar *progress) error {
	from, err := parseEndpoint(c.String("from"))
	if err != nil {
		return fmt.Errorf("--from is %w", err)
	}
	if from.db != allDatabases {
		if o.db != allDatabases && o.db != from.db {
			return fmt.Errorf("--from names database %d, --db %d", from.db, o.db)
		}
		o.db = from.db
	}
	state, resumed, err := loadCopying(o.resume, copying{From: from.addr, To: o.to.addr, Only: o.db})
	if err != nil {
		return err
	}
	src, t, err := a.connectBoth(c, from, o, resumed)
	if err != nil {
		return nothingWritten(c, err)
	}
	defer src.c.Close()
	defer t.c.Close()
	if resumed && state.RunID != src.runID {
		fmt.Fprintf(a.Err, "%s has been restarted: database %d is read from its start again\n", from.addr, state.DB)
		state.Cursor = scanStart
	}
	state.RunID = src.runID
	if err := state.save(); err != nil { // from now on the target may hold keys
		return nothingWritten(c, err)
	}
	if err := a.copyAll(src, t, &state, bar); err != nil {
		err = t.stopped(c, errors.Join(err, state.save()))
		if o.resume != "" {
			err = fmt.Errorf("%w; the same command goes on from there", err)
		}
		return err
	}
	if o.resume != "" {
		if err := os.Remove(o.resume); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	_, err = fmt.Fprintf(a.Out, "%d keys written\n", t.keys)
	return err
}

// connectBoth connects to both servers. A target that holds keys is refused unless they may be overwritten: SCAN may give a key twice, so
// that every RESTORE of a live copy overwrites.
func (a *App) connectBoth(c *cli.Context, from endpoint, o importOptions, resumed bool) (_ *source, _ *target, err error) {
	out, err := o.to.dial(c.Context)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			out.Close()
		}
	}()
	in, err := from.dial(c.Context)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			in.Close()
		}
	}()
	src, err := newSource(in, from.addr)
	if err != nil {
		return nil, nil, err
	}
	switch id, _, err := serverInfo(out); {
	case err != nil:
		return nil, nil, fmt.Errorf("%s: %w", o.to.addr, err)
	case id == src.runID && id != "":
		return nil, nil, errors.New("--from and --to are the same server")
	}
	held, err := databases(out, o.db)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.to.addr, err)
	}
	if len(held) > 0 && !o.replace && !resumed {
		return nil, nil, fmt.Errorf("%s holds %d keys in database %d already (--replace overwrites those of the same name)",
			o.to.addr, held[0].keys, held[0].number)
	}
	return src, &target{c: out, addr: o.to.addr, replace: o.replace || resumed}, nil
}

// copyAll copies what the state says is left, and saves the state now and then.
func (a *App) copyAll(src *source, t *target, state *copying, bar *progress) error {
	dbs, err := databases(src.c, state.Only)
	if err != nil {
		return src.wrap(err)
	}
	if state.Only == allDatabases && !state.Functions {
		payload, err := src.functions()
		if err != nil {
			return err
		}
		if payload != nil {
			if err := t.functions(payload); err != nil {
				return err
			}
		}
		state.Functions = true
	}
	t.replace = true
	total := 0
	for _, d := range dbs {
		total += d.keys
	}
	for _, d := range dbs {
		if d.number < state.DB {
			continue
		}
		if d.number > state.DB {
			state.DB, state.Cursor = d.number, scanStart
		}
		show := func(done int) {
			if bar != nil {
				bar.show("copy", min(done, total), total)
			}
		}
		if err := copyDatabase(src, t, state, show); err != nil {
			return err
		}
	}
	return nil
}

// copyDatabase copies the rest of the state's database.
func copyDatabase(src *source, t *target, state *copying, show func(done int)) error {
	if err := src.selectDB(state.DB); err != nil {
		return err
	}
	for cursor, done := state.Cursor, state.Keys; ; {
		next, err := src.page(cursor, func(e RDBEntry) error { done++; return t.key(e) })
		if err != nil {
			if t.drain() == nil { // all before this page is acknowledged
				state.Cursor, state.Keys = cursor, done
			}
			return err
		}
		last := next == scanStart
		if last || done-state.Keys >= savedEvery {
			if err := t.drain(); err != nil {
				return err
			}
			state.Cursor, state.Keys = next, done
			if last {
				state.DB++
			}
			if err := state.save(); err != nil || last {
				return err
			}
		}
		cursor = next
		show(done)
	}
}
