package scripting

import (
	"errors"
	"strings"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// library is a loaded FUNCTION library.
type library struct {
	name      string
	source    string
	functions []*function // in the order of registration
}

// function is a registered function. Its name is unique among all libraries, in any case.
type function struct {
	name, description string
	flags             scriptFlags
	flagNames         []string
	callback          lua.Value
	lib               *library

	stats   stats
	profile *profile // nil: off
}

// libraries are all loaded libraries; a change makes a new one of these, so that a failed load leaves nothing behind.
type libraries struct {
	byName    map[string]*library
	order     []string             // names, oldest first
	functions map[string]*function // by lower-case name
}

func newLibraries() *libraries {
	return &libraries{byName: map[string]*library{}, functions: map[string]*function{}}
}

func (l *libraries) clone() *libraries {
	c := newLibraries()
	for _, name := range l.order {
		c.put(l.byName[name])
	}
	return c
}

// put adds a library whose name and function names are free.
func (l *libraries) put(lib *library) {
	l.byName[lib.name] = lib
	l.order = append(l.order, lib.name)
	for _, f := range lib.functions {
		l.functions[strings.ToLower(f.name)] = f
	}
}

// without returns a copy that lacks the named library.
func (l *libraries) without(name string) *libraries {
	c := newLibraries()
	for _, n := range l.order {
		if n != name {
			c.put(l.byName[n])
		}
	}
	return c
}

// with returns a copy that has lib too. The error is a clash of names.
func (l *libraries) with(lib *library, replace bool) (*libraries, error) {
	if l.byName[lib.name] != nil {
		if !replace {
			return nil, command.Error("ERR Library '" + lib.name + "' already exists")
		}
		l = l.without(lib.name)
	} else {
		l = l.clone()
	}
	for _, f := range lib.functions {
		if l.functions[strings.ToLower(f.name)] != nil {
			return nil, command.Error("ERR Function " + f.name + " already exists")
		}
	}
	l.put(lib)
	return l, nil
}

// parseLibrary reads the shebang of a library: "#!lua name=...".
func parseLibrary(src string) (name, body string, err error) {
	h, body, ok := splitShebang(src)
	if !ok {
		return "", "", command.Error("ERR Missing library metadata")
	}
	if !strings.Contains(src, "\n") {
		return "", "", command.Error("ERR Invalid library metadata")
	}
	given := false
	for _, o := range h.options {
		if o.name != "name" {
			return "", "", command.Error("ERR Invalid metadata value given: " + o.name + valueSuffix(o.value))
		}
		if given {
			return "", "", command.Error("ERR Invalid metadata value, name argument was given multiple times")
		}
		name, given = o.value, true
	}
	switch {
	case !given:
		return "", "", command.Error("ERR Library name was not given")
	case !validName(name):
		return "", "", errBadName
	case !strings.EqualFold(h.engine, "lua"):
		return "", "", command.Error("ERR Engine '" + h.engine + "' not found")
	}
	return name, body, nil
}

const errBadName command.Error = "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"

func validName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_') {
			return false
		}
	}
	return s != ""
}

// loadTimeout bounds the run of a library's own code, in ms.
const loadTimeout = 500

var errLoadTimeout = errors.New("ERR FUNCTION LOAD timeout")

// loadLibrary compiles a library and runs its code, which registers its functions.
func (r *Runtime) loadLibrary(src string, timeout bool) (*library, error) {
	name, body, err := parseLibrary(src)
	if err != nil {
		return nil, err
	}
	r.state.SetMaxSource(r.Limits.MaxSource)
	proto, err := r.state.Load(body, "@user_function")
	if err != nil {
		return nil, command.Error("ERR Error compiling function: " + err.Error())
	}
	lib := &library{name: name, source: src}
	r.loading = lib
	defer func() { r.loading = nil }()
	deadline := r.opt.Env.Nanotime() + loadTimeout*1e6
	r.state.SetBudget(lua.Budget{Memory: r.Limits.MaxMemory, OnSlice: func() error {
		if timeout && r.opt.Env.Nanotime() > deadline {
			return errLoadTimeout
		}
		return nil
	}})
	if e := r.state.RunIn(r.loadEnv, proto, nil); e != nil {
		return nil, command.Error(oneLine("ERR Error registering functions: " + r.errorMessage(e)))
	}
	if len(lib.functions) == 0 {
		return nil, command.Error("ERR No functions registered")
	}
	roots := make([]lua.Value, len(lib.functions))
	for i, f := range lib.functions {
		roots[i] = f.callback
	}
	r.state.Adopt(r.loadEnv, roots...)
	return lib, nil
}
