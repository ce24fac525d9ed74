// This file builds the libraries of the areas, and each function's own script, from the embedded files.
package scripts

import (
	"crypto/sha1"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
)

// Version is the version of the pattern library; `<area>_version` returns it.
const Version = "0.1.0"

//go:embed shared/*.lua lock/*.lua lock/shared/*.lua
//go:embed ratelimit/*.lua ratelimit/shared/*.lua
//go:embed leaderboard/*.lua leaderboard/shared/*.lua
//go:embed session/*.lua session/shared/*.lua
//go:embed cache/*.lua cache/shared/*.lua
//go:embed util/*.lua util/shared/*.lua
var areaFiles embed.FS

// area is a folder of functions and the FUNCTION library made from it.
type area struct{ name, purpose string }

func areas() []area {
	return []area{
		{"lock", "Mutexes, reentrant, read-write and fair locks, semaphores, leader election, fencing."},
		{"ratelimit", "Rate limits by seven algorithms, several limits in one call, refunds, reservations, penalties."},
		{"leaderboard", "Boards with ranks of three kinds, exact first-come ties, pages, seasons."},
		{"session", "Sessions with absolute and idle expiry, a cap per user, compare-and-set, rotation."},
		{"cache", "Cache entries filled under a lease, stale-while-revalidate, tags, versions."},
		{"util", "Idempotency keys, a reliable queue, ids, deduplication, counters, stock reservation."},
	}
}

// Function is one function of a library.
type Function struct {
	Pattern
	Script string // its source for SCRIPT LOAD and EVALSHA, with the shared code it uses
	SHA1   string // hex digest of Script
}

// Library is one area's FUNCTION library.
type Library struct {
	Name      string
	Purpose   string
	Source    string     // for FUNCTION LOAD
	Functions []Function // sorted by name
}

// Libraries returns the pattern library, one FUNCTION library per area. The result is shared: read only.
func Libraries() []Library { return builtLibraries() }

// LookupFunction returns the function of that name and the library it belongs to.
func LookupFunction(name string) (Function, Library, bool) {
	for _, lib := range builtLibraries() {
		i, ok := slices.BinarySearchFunc(lib.Functions, name, func(f Function, name string) int { return strings.Compare(f.Name, name) })
		if ok {
			return lib.Functions[i], lib, true
		}
	}
	return Function{}, Library{}, false
}

// builtLibraries builds once. The files are part of the binary and a test has seen them: an error is a bug.
var builtLibraries = sync.OnceValue(func() []Library {
	libs, err := buildLibraries(areaFiles)
	if err != nil {
		panic("scripts: " + err.Error())
	}
	return libs
})

func buildLibraries(fsys fs.FS) ([]Library, error) {
	var libs []Library
	seen := map[string]string{}
	for _, a := range areas() {
		lib, err := buildLibrary(fsys, a)
		if err != nil {
			return nil, err
		}
		for _, f := range lib.Functions {
			if other, ok := seen[f.Name]; ok {
				return nil, fmt.Errorf("%s: %s is already defined in %s", f.File, f.Name, other)
			}
			seen[f.Name] = f.File
		}
		libs = append(libs, lib)
	}
	return libs, nil
}

// buildLibrary reads one area's folder and writes its FUNCTION library: the shared code once, then every function.
func buildLibrary(fsys fs.FS, a area) (Library, error) {
	names, err := fs.Glob(fsys, a.name+"/*.lua")
	if err != nil {
		return Library{}, err
	}
	shared := &includer{fsys: fsys}
	var functions []Function
	var registered strings.Builder
	for _, name := range names {
		f, body, err := readFunction(fsys, name, shared)
		if err != nil {
			return Library{}, err
		}
		f.Library = a.name
		functions = append(functions, f)
		register(&registered, f.Pattern, body)
	}
	var src strings.Builder
	fmt.Fprintf(&src, "#!lua name=%s\n-- @library %s\n-- @purpose %s\n-- @since 0.1.0\n\n%s", a.name, a.name, a.purpose, shared.text.String())
	src.WriteString(registered.String())
	fmt.Fprintf(&src, versionFunction, a.name, a.name, a.name, Version)
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return Library{Name: a.name, Purpose: a.purpose, Source: src.String(), Functions: functions}, nil
}

const versionFunction = `
-- @name %s_version
-- @purpose Tell which version of the library is loaded.
-- @reply string: the version
-- @complexity O(1)
-- @flags no-writes
-- @since 0.1.0
-- @example FCALL_RO %s_version 0
redis.register_function{
  function_name = '%s_version',
  description = 'Tell which version of the library is loaded.',
  flags = {'no-writes'},
  callback = function()
    return '%s'
  end,
}
`

// readFunction reads one file. It returns the function and its body as it stands in a library; what the body includes
// is added to shared.
func readFunction(fsys fs.FS, name string, shared *includer) (Function, string, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return Function{}, "", err
	}
	src := string(data)
	parsed, err := parseFile(path.Base(name), src)
	if err != nil {
		return Function{}, "", fmt.Errorf("%s: %w", path.Dir(name), err)
	}
	if parsed.library != "" {
		return Function{}, "", fmt.Errorf("%s: is a library, want one function", name)
	}
	own := &includer{fsys: fsys}
	body, err := own.expand(name, src)
	if err != nil {
		return Function{}, "", err
	}
	if _, err := shared.expand(name, src); err != nil {
		return Function{}, "", err
	}
	shebang, rest, _ := strings.Cut(body, "\n")
	header, code := splitHeader(rest)
	script := shebang + "\n" + header + shake(own.text.String(), code) + code
	sum := sha1.Sum([]byte(script))
	f := Function{Pattern: parsed.patterns[0], Script: script, SHA1: hex.EncodeToString(sum[:])}
	f.File = name
	return f, rest, nil
}

// splitHeader cuts the comment lines that open src from the code below them.
func splitHeader(src string) (header, code string) {
	at := 0
	for strings.HasPrefix(src[at:], "-- ") {
		at += strings.IndexByte(src[at:], '\n') + 1
	}
	return src[:at], src[at:]
}

// register writes the register_function call of one function, its header above it.
func register(w *strings.Builder, p Pattern, body string) {
	header, code := splitHeader(body)
	flags := ""
	if len(p.Flags) > 0 {
		flags = "'" + strings.Join(p.Flags, "', '") + "'"
	}
	fmt.Fprintf(w, "\n%sredis.register_function{\n  function_name = '%s',\n  description = %q,\n  flags = {%s},\n  callback = function(KEYS, ARGV)\n%s\nend,\n}\n",
		header, p.Name, p.Purpose, flags, strings.TrimRight(code, "\n"))
}

// includer collects shared code: each file once, those it includes before it.
type includer struct {
	fsys fs.FS
	done []string
	open []string // the chain of files being read, to catch a cycle
	text strings.Builder
}

const includeLine = "-- include: "

// expand adds the files that src names in its "-- include: a.lua b.lua" line (paths from the folder of the areas) and
// returns src without that line.
func (inc *includer) expand(name, src string) (string, error) {
	if slices.Contains(inc.open, name) {
		return "", fmt.Errorf("%s: includes itself by way of %v", name, inc.open)
	}
	inc.open = append(inc.open, name)
	defer func() { inc.open = inc.open[:len(inc.open)-1] }()
	start := strings.Index(src, includeLine)
	if start < 0 {
		return src, nil
	}
	line, rest, _ := strings.Cut(src[start:], "\n")
	for _, file := range strings.Fields(strings.TrimPrefix(line, includeLine)) {
		if slices.Contains(inc.done, file) {
			continue
		}
		data, err := fs.ReadFile(inc.fsys, file)
		if err != nil {
			return "", fmt.Errorf("%s: include: %w", name, err)
		}
		text, err := inc.expand(file, string(data))
		if err != nil {
			return "", err
		}
		if !slices.Contains(inc.done, file) {
			inc.done = append(inc.done, file)
			inc.text.WriteString("\n" + strings.TrimRight(text, "\n") + "\n")
		}
	}
	return src[:start] + rest, nil
}
