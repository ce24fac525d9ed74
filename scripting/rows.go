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

func (s *librarySource) LoadRow(name, value []byte) error {
	r := (*Runtime)(s)
	lib, err := r.loadLibrary(string(value), false)
	if err == nil {
		r.libs, err = r.libs.with(lib, true)
	}
	if err != nil {
		return fmt.Errorf("function library %s: %w", name[1:], err)
	}
	return nil
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
