package scripting

import (
	"slices"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// export is redis.export(table), an extension: what other libraries and scripts get from redis.require of this one. It is called once,
// while the library is loaded; the table and all in it become read-only.
func (r *Runtime) export(c *lua.Call) int {
	switch {
	case r.loading == nil:
		r.throw(c, "ERR redis.export can only be called on FUNCTION LOAD command")
	case c.N() != 1 || !c.Arg(1).IsTable():
		r.throw(c, "ERR redis.export takes one table")
	case !r.loading.exports.IsNil():
		r.throw(c, "ERR redis.export was called twice")
	}
	r.loading.exports = c.Arg(1)
	return c.Return0()
}

// require is redis.require(name), an extension: the table that the library of that name exports. A library that requires another
// is tied to it: it is loaded anew when the other is replaced, and the other cannot be deleted before it.
func (r *Runtime) require(c *lua.Call) int {
	if c.N() != 1 || !c.Arg(1).IsString() {
		r.throw(c, "ERR redis.require takes the name of a library")
	}
	name := c.Arg(1).Str()
	libs := r.libs
	if r.loading != nil {
		if name == r.loading.name {
			r.throw(c, "ERR Library '"+name+"' requires itself")
		}
		libs = r.resolving
	}
	lib := libs.byName[name]
	switch {
	case lib == nil:
		r.throw(c, "ERR Library '"+name+"' not found")
	case lib.exports.IsNil():
		r.throw(c, "ERR Library '"+name+"' exports nothing")
	case r.loading != nil && libs.requires(lib, r.loading.name):
		r.throw(c, "ERR Libraries '"+name+"' and '"+r.loading.name+"' require each other")
	}
	if r.loading != nil && !slices.Contains(r.loading.needs, name) {
		r.loading.needs = append(r.loading.needs, name)
	}
	r.state.KeepAlive() // a function of the library may keep what it is given
	return c.Return1(lib.exports)
}

// requires tells whether lib needs the named library, directly or through others.
func (l *libraries) requires(lib *library, name string) bool {
	for _, n := range lib.needs {
		if n == name || l.byName[n] != nil && l.requires(l.byName[n], name) {
			return true
		}
	}
	return false
}

// dependents returns the names of the libraries that need the named one, directly or through others, in an order in which each comes
// after those it needs.
func (l *libraries) dependents(name string) (names []string) {
	for _, n := range l.order {
		if l.requires(l.byName[n], name) {
			names = append(names, n)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case l.requires(l.byName[a], b):
			return 1
		case l.requires(l.byName[b], a):
			return -1
		}
		return 0
	})
	return names
}

// errNeeded is the refusal to delete a library that others need.
func errNeeded(name string, by []string) error {
	return command.Error("ERR Library '" + name + "' is required by '" + by[0] + "'")
}
