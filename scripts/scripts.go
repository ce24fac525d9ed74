// Package scripts is the pattern library: Lua files with machine-readable headers, embedded in the binary.
//
// # The header format
//
// Two kinds of file stand side by side, told apart by the first line, which is the shebang Redis 7 reads too:
//
//	#!lua flags=no-writes     a script: one pattern, for SCRIPT LOAD and EVALSHA ("#!lua" alone when it has no flags)
//	#!lua name=lock           a library: many patterns, for FUNCTION LOAD and FCALL
//
// A header is a run of comment lines "-- @field value" without a gap. The same field on the next line continues the
// value. Fields come in this order; those marked * may repeat, those marked ? may be absent:
//
//	-- @name lock_release                the pattern; a script's is the file name without .lua
//	-- @purpose Release a lock, ...      one sentence
//	-- @key lock (string) the lock  *?   name (type) what it is; types: string hash list set zset stream channel any
//	-- @arg ttl (ms) time to live   *?   name (unit) what it is; units: string ms us s count integer number bool, or a|b|c
//	-- @reply integer: 1 released, ...   type and meaning of each value
//	-- @complexity O(log N)              and what N is
//	-- @flags no-writes allow-oom        none, or the flags; must say what the shebang (or register_function) says
//	-- @since 0.1.0                      version of evald that first shipped it
//	-- @example EVALSHA <sha> 1 k 5      a call that works; FCALL name ... in a library
//
// A key or argument that may be absent is written [name], one that may repeat name...; an optional one may only be
// followed by optional ones, a repeated one must be last. Optional keys are left out by passing a smaller number of keys.
//
// A script has exactly one header, right under the shebang. A library opens with "-- @library lock", "-- @purpose ...",
// "-- @since ..." and has one header above each register_function; every registered function has a header, and the
// reverse. Names are unique over all files. A header that breaks a rule fails TestHeaders, with file and line.
package scripts

import (
	"cmp"
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

//go:embed *.lua
var files embed.FS

// Pattern is one callable script or function, as its header describes it.
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
	File       string // name of the .lua file it stands in
	Library    string // the FUNCTION library, "" for a script
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

// File is one .lua file: what SCRIPT LOAD or, if Library is not empty, FUNCTION LOAD takes.
type File struct {
	Name     string // lock_release.lua
	Library  string // "" for a script
	Purpose  string
	Source   string
	Patterns []Pattern
}

// SHA1 returns the hex digest under which EVALSHA knows the script.
func (f File) SHA1() string {
	sum := sha1.Sum([]byte(f.Source))
	return hex.EncodeToString(sum[:])
}

// Files returns every file, sorted by name. The result is shared: read only.
func Files() []File { return embedded().files }

// List returns every pattern, sorted by name. The result is shared: read only.
func List() []Pattern { return embedded().patterns }

// Get returns the pattern of that name and the file it stands in.
func Get(name string) (Pattern, File, bool) {
	lib := embedded()
	i, ok := slices.BinarySearchFunc(lib.patterns, name, func(p Pattern, name string) int { return cmp.Compare(p.Name, name) })
	if !ok {
		return Pattern{}, File{}, false
	}
	p := lib.patterns[i]
	j := slices.IndexFunc(lib.files, func(f File) bool { return f.Name == p.File })
	return p, lib.files[j], true
}

type library struct {
	files    []File
	patterns []Pattern
}

// embedded parses the files once. They are part of the binary and TestHeaders has seen them: a bad header is a bug.
var embedded = sync.OnceValue(func() library {
	lib, err := load(files)
	if err != nil {
		panic("scripts: " + err.Error())
	}
	return lib
})

// load parses every .lua file at the root of fsys.
func load(fsys fs.FS) (library, error) {
	names, err := fs.Glob(fsys, "*.lua")
	if err != nil {
		return library{}, err
	}
	var lib library
	seen := map[string]string{}
	for _, name := range names {
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			return library{}, err
		}
		f, err := parseFile(name, string(src))
		if err != nil {
			return library{}, err
		}
		for _, p := range f.Patterns {
			if other, ok := seen[p.Name]; ok {
				return library{}, fmt.Errorf("%s: %s is already defined in %s", name, p.Name, other)
			}
			seen[p.Name] = name
		}
		lib.files = append(lib.files, f)
		lib.patterns = append(lib.patterns, f.Patterns...)
	}
	slices.SortFunc(lib.patterns, func(a, b Pattern) int { return strings.Compare(a.Name, b.Name) })
	return lib, nil
}
