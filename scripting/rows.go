package scripting

import (
	"fmt"
)

// scriptRows is the prefix of the rows of scripts that SCRIPT LOAD brought: 'S' and the SHA1, with the source as the value. So an
// EVALSHA after a restart finds its script.
const scriptRows = 'S'

// scriptSource is the runtime as the source of these rows.
type scriptSource Runtime

func (s *scriptSource) Row(name []byte) ([]byte, bool) {
	sc := s.scripts.bySHA[string(name[1:])]
	if sc == nil || sc.lru != nil {
		return nil, false
	}
	return []byte(sc.source), true
}

func (s *scriptSource) LoadRow(name, value []byte) error {
	r := (*Runtime)(s)
	sc, err := r.compile(string(name[1:]), value)
	if err != nil {
		return fmt.Errorf("script %s: %w", name[1:], err)
	}
	r.scripts.add(sc, false)
	return nil
}

// libraryRows is the prefix of the rows of FUNCTION libraries: 'F' and the name, with the source as the value.
const libraryRows = 'F'

// librarySource is the runtime as the source of these rows.
type librarySource Runtime

func (s *librarySource) Row(name []byte) ([]byte, bool) {
	lib := s.libs.byName[string(name[1:])]
	if lib == nil {
		return nil, false
	}
	return []byte(lib.source), true
}

// LoadRow loads a library. Rows come by name, so one may come before those that it requires: it waits for them.
func (s *librarySource) LoadRow(_, value []byte) error {
	r := (*Runtime)(s)
	r.waiting = append(r.waiting, string(value))
	for progress := true; progress; {
		progress = false
		for i, src := range r.waiting {
			libs, _, err := r.addLibrary(r.libs, src, true, false)
			if err == nil {
				r.useLibraries(libs)
				r.waiting = append(r.waiting[:i], r.waiting[i+1:]...)
				progress = true
				break
			}
		}
	}
	return nil
}

// Loaded is called when every row was loaded. The error names the first library that could not be.
func (r *Runtime) Loaded() error {
	if len(r.waiting) == 0 {
		return nil
	}
	name, _, _ := parseLibrary(r.waiting[0])
	_, _, err := r.addLibrary(r.libs, r.waiting[0], true, false)
	return fmt.Errorf("function library %s: %w", name, err)
}

// touchScript records that the row of a script is to be written or removed.
func (r *Runtime) touchScript(s *script) {
	r.opt.KS.TouchRow(append([]byte{scriptRows}, s.sha...), nil)
}

// flushScripts forgets every script.
func (r *Runtime) flushScripts() {
	old := r.scripts
	r.scripts = newCache()
	r.scripts.evicted = old.evicted
	for _, s := range old.bySHA {
		if s.lru == nil {
			r.touchScript(s)
		}
	}
}
