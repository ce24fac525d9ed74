package scripting

import (
	"crypto/sha1"
	"strings"
)

// Bundle is what comes with the server: scripts that EVALSHA finds without SCRIPT LOAD, and function libraries that FCALL finds without
// FUNCTION LOAD. What users load goes before it, and it stays out of SCRIPT and FUNCTION listings, flushes and dumps.
type Bundle struct {
	Scripts   []string
	Libraries []BundledLibrary
}

// BundledLibrary is a library with the names of its functions; it is loaded when one of them is called for the first time.
type BundledLibrary struct {
	Source    string
	Functions []string
}

// bundled is the bundle at work.
type bundled struct {
	sources   map[string]string  // scripts by SHA1
	scripts   map[string]*script // those that were called
	libraries []BundledLibrary
	index     map[string]int // function name, lower case, to library
	functions map[string]*function
}

// SetBundle names what comes with the server. It is called once, before the first command.
func (r *Runtime) SetBundle(b Bundle) {
	r.bundle = bundled{sources: map[string]string{}, scripts: map[string]*script{}, libraries: b.Libraries, index: map[string]int{}, functions: map[string]*function{}}
	for _, src := range b.Scripts {
		var sha [2 * sha1.Size]byte
		shaOf(&sha, []byte(src))
		r.bundle.sources[string(sha[:])] = src
	}
	for i, lib := range b.Libraries {
		for _, name := range lib.Functions {
			r.bundle.index[strings.ToLower(name)] = i
		}
	}
}

// script finds a cached script, or a bundled one, by its SHA1 in any case.
func (r *Runtime) script(sha []byte) *script {
	if s := r.scripts.get(sha); s != nil || len(r.bundle.sources) == 0 || len(sha) != 2*sha1.Size {
		return s
	}
	var low [2 * sha1.Size]byte
	for i, c := range sha {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		low[i] = c
	}
	if s := r.bundle.scripts[string(low[:])]; s != nil {
		return s
	}
	src, ok := r.bundle.sources[string(low[:])]
	if !ok {
		return nil
	}
	name := string(low[:])
	s, err := r.compile(name, []byte(src))
	if err != nil {
		panic("scripting: bundled script " + name + ": " + err.Error())
	}
	r.bundle.scripts[name] = s
	return s
}

// bundledFunction finds a bundled function, loading its library the first time.
func (r *Runtime) bundledFunction(name string) *function {
	if f := r.bundle.functions[name]; f != nil {
		return f
	}
	i, ok := r.bundle.index[name]
	if !ok {
		return nil
	}
	lib, err := r.loadLibrary(newLibraries(), r.bundle.libraries[i].Source, false)
	if err != nil {
		panic("scripting: bundled library: " + err.Error())
	}
	for _, f := range lib.functions {
		r.bundle.functions[strings.ToLower(f.name)] = f
	}
	return r.bundle.functions[name]
}
