// Package scripts is the pattern library: Lua files with machine-readable headers, embedded in the binary. Each function is one
// file in the folder of its area; the same source serves EVALSHA (on its own) and FCALL (in its area's FUNCTION library).
//
// # The header format
//
// A file's first line is the shebang Redis 7 reads too:
//
//	#!lua flags=no-writes     a function's source, a script for SCRIPT LOAD ("#!lua" alone when it has no flags)
//	#!lua name=lock           a library made of an area's functions, for FUNCTION LOAD
//
// A header is a run of comment lines "-- @field value" without a gap. The same field on the next line continues the
// value. Fields come in this order; those marked * may repeat, those marked ? may be absent:
//
//	-- @name lock_release                the function; it is the file name without .lua
//	-- @purpose Release a mutex, ...     one sentence
//	-- @key lock (string) the lock  *?   name (type) what it is; types: string hash list set zset stream channel any
//	-- @arg ttl (ms) time to live   *?   name (unit) what it is; units: string ms us s count integer number bool, or a|b|c
//	-- @reply integer: 1 released, ...   type and meaning of each value
//	-- @complexity O(log N)              and what N is
//	-- @flags no-writes allow-oom        none, or the flags; must say what the shebang (or register_function) says
//	-- @since 0.1.0                      version of evald that first shipped it
//	-- @example FCALL name 1 k 5         a call that works, by FCALL_RO if the function does not write
//
// A key or argument that may be absent is written [name], one that may repeat name...; an optional one may only be
// followed by optional ones, a repeated one must be last. Optional keys are left out by passing a smaller number of keys.
//
// A function's file has exactly one header, right under the shebang; shared code is named by "-- include: " lines and
// stands in the shared folders. A library opens with "-- @library lock", "-- @purpose ...", "-- @since ..." and has one
// header above each register_function; every registered function has a header, and the reverse. Names are unique over all
// areas. A header that breaks a rule fails TestLibraries, with file and line.
package scripts

// Pattern is one callable function, as its header describes it.
type Pattern struct {
	Name       string
	Purpose    string
	Keys       []Param
	Args       []Param
	Reply      string
	Complexity string
	Flags      []string // Redis's script flags; empty means none
	Since      string
	Example    string
	File       string // the .lua file it stands in, from the folder of the areas
	Library    string // the FUNCTION library, the name of its area
}

// Param is one key or argument.
type Param struct {
	Name     string
	Unit     string // type of a key, unit of an argument, or the alternatives "a|b"
	Text     string
	Optional bool
	Repeated bool
}

// String returns the name as usage lines show it: ttl, [ttl], ttl... or [ttl...].
func (p Param) String() string {
	s := p.Name
	if p.Repeated {
		s += "..."
	}
	if p.Optional {
		s = "[" + s + "]"
	}
	return s
}

// file is one parsed source: a function's or, if library is not empty, a whole library's.
type file struct {
	name     string // lock_release.lua
	library  string // "" for a function's source
	purpose  string
	source   string
	patterns []Pattern
}
