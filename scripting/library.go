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
	proto     *lua.Proto
	functions []*function // in the order of registration
	commands  []*customCommand
	exports   lua.Value // what redis.require returns; nil: nothing
	needs     []string  // libraries that it required
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
	commands  map[string]*customCommand
}

func newLibraries() *libraries {
	return &libraries{byName: map[string]*library{}, functions: map[string]*function{}, commands: map[string]*customCommand{}}
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
	for _, c := range lib.commands {
		l.commands[c.name] = c
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
			return nil, errLibraryExists(lib.name)
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
	for _, c := range lib.commands {
		if l.commands[c.name] != nil {
			return nil, command.Error("ERR Command " + c.name + " already exists")
		}
	}
	l.put(lib)
	return l, nil
}

// errLibraryExists is the name of a library that may not be replaced.
type errLibraryExists string

func (e errLibraryExists) Error() string { return "ERR Library '" + string(e) + "' already exists" }

// parseLibrary reads the shebang of a library: "#!lua name=...".
func parseLibrary(src string) (name, body string, err error) {
	h, body, ok := splitShebang(src)
	if !ok {
		return "", "", command.Error("ERR Missing library metadata")
	}
	if !strings.Contains(src, "\n") || h.unbalanced {
		return "", "", command.Error("ERR Invalid library metadata")
	}
	given := false
	for _, o := range h.options {
		if !strings.EqualFold(o.name, "name") {
			return "", "", command.Error("ERR Invalid metadata value given: " + o.text)
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

// loadLibrary compiles a library and runs its code, which registers its functions. Libraries that it requires are found in libs.
func (r *Runtime) loadLibrary(libs *libraries, src string, timeout bool) (*library, error) {
	name, body, err := parseLibrary(src)
	if err != nil {
		return nil, err
	}
	r.state.SetMaxSource(r.Limits.MaxSource)
	proto, err := r.state.Load(body, "@user_function")
	if err != nil {
		return nil, command.Error("ERR Error compiling function: " + err.Error())
	}
	lib := &library{name: name, source: src, proto: proto}
	r.loading, r.resolving = lib, libs
	defer func() { r.loading, r.resolving = nil, nil }()
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
	if len(lib.functions) == 0 && len(lib.commands) == 0 && lib.exports.IsNil() {
		return nil, command.Error("ERR No functions registered")
	}
	for _, c := range lib.commands {
		if r.libs.commands[c.name] == nil && r.opt.Env.Table.Lookup([]byte(c.name)) != nil {
			return nil, command.Error("ERR Command " + c.name + " already exists")
		}
	}
	r.adopt(lib)
	return lib, nil
}

// adopt gives what a library has registered the full globals.
func (r *Runtime) adopt(lib *library) {
	roots := []lua.Value{}
	for _, f := range lib.functions {
		roots = append(roots, f.callback)
	}
	for _, c := range lib.commands {
		roots = append(roots, c.callback)
	}
	if lib.exports.IsTable() {
		r.state.Protect(lib.exports.Table())
		roots = append(roots, lib.exports)
	}
	r.state.Adopt(r.loadEnv, roots...)
}

// addLibrary loads src into libs, in place of the library of that name if replace, and loads anew those that need it.
func (r *Runtime) addLibrary(libs *libraries, src string, replace, timeout bool) (*libraries, *library, error) {
	if name, _, err := parseLibrary(src); err == nil && libs.byName[name] != nil && !replace {
		return nil, nil, errLibraryExists(name) // before its code is looked at
	}
	lib, err := r.loadLibrary(libs, src, timeout)
	if err != nil {
		return nil, nil, err
	}
	dependents := libs.dependents(lib.name)
	if libs, err = libs.with(lib, replace); err != nil {
		return nil, nil, err
	}
	for _, name := range dependents {
		d, err := r.loadLibrary(libs, libs.byName[name].source, timeout)
		if err != nil {
			return nil, nil, err
		}
		if libs, err = libs.with(d, true); err != nil {
			return nil, nil, err
		}
	}
	return libs, lib, nil
}

// useLibraries makes libs the loaded libraries: their commands come into the table, those of the others leave it.
func (r *Runtime) useLibraries(libs *libraries) {
	t := r.opt.Env.Table
	for name, c := range r.libs.commands {
		if libs.commands[name] != c {
			t.Unregister(name)
		}
	}
	var added []*command.Spec
	for name, c := range libs.commands {
		if r.libs.commands[name] != c {
			t.Register(&c.spec)
			added = append(added, &c.spec)
		}
	}
	r.libs = libs
	if len(added) > 0 && r.opt.CommandsAdded != nil {
		r.opt.CommandsAdded(added)
	}
}
