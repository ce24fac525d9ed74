// This file parses the headers described in scripts.go, strictly: what a header says, other code relies on.
package scripts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// field is one "-- @name value" of a header, continuation lines joined.
type field struct {
	line  int
	name  string
	value string
}

var (
	nameRE     = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	versionRE  = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)
	paramRE    = regexp.MustCompile(`^(\[?)([a-z][a-z0-9_]*)(\.\.\.)?(\]?) \(([^()]+)\) (\S.*)$`)
	choiceRE   = regexp.MustCompile(`^[a-z0-9_-]+(\|[a-z0-9_-]+)+$`)
	registerRE = regexp.MustCompile(`(?m)^\s*redis\.register_function\s*(?:\(\s*['"]|['"]|\{\s*function_name\s*=\s*['"]|\(\s*\{\s*function_name\s*=\s*['"])([A-Za-z0-9_]+)['"]`)
)

func keyTypes() []string {
	return []string{"any", "channel", "hash", "list", "set", "stream", "string", "zset"}
}

func argUnits() []string {
	return []string{"bool", "count", "integer", "ms", "number", "s", "string", "us"}
}

func scriptFlags() []string {
	return []string{"no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"}
}

// order is the order of fields in a pattern's header.
func order() []string {
	return []string{"name", "purpose", "key", "arg", "reply", "complexity", "flags", "since", "example"}
}

// parseFile reads one .lua file.
func parseFile(name, src string) (file, error) {
	library, shebangFlags, err := parseShebang(src)
	if err != nil {
		return file{}, fmt.Errorf("%s:1: %w", name, err)
	}
	f := file{name: name, library: library, source: src}
	headers := splitHeaders(src)
	if library != "" {
		if len(headers) == 0 {
			return file{}, fmt.Errorf("%s: a library opens with a header of @library, @purpose and @since", name)
		}
		if f.purpose, err = parseLibraryHeader(library, headers[0]); err != nil {
			return file{}, fmt.Errorf("%s:%w", name, err)
		}
		headers = headers[1:]
	}
	for _, h := range headers {
		p, err := parseHeader(h)
		if err != nil {
			return file{}, fmt.Errorf("%s:%w", name, err)
		}
		p.File, p.Library = name, library
		f.patterns = append(f.patterns, p)
	}
	if library == "" {
		return f, checkScript(&f, headers, shebangFlags)
	}
	return f, checkLibrary(f)
}

// checkScript applies the rules that hold between a script's file and its one header.
func checkScript(f *file, headers [][]field, shebangFlags []string) error {
	if len(f.patterns) != 1 {
		return fmt.Errorf("%s: a script has exactly one header, found %d", f.name, len(f.patterns))
	}
	p := f.patterns[0]
	f.purpose = p.Purpose
	if headers[0][0].line != 2 {
		return fmt.Errorf("%s:%d: the header stands right under the first line", f.name, headers[0][0].line)
	}
	if p.Name+".lua" != f.name {
		return fmt.Errorf("%s: @name %s differs from the file's name", f.name, p.Name)
	}
	if !slices.Equal(p.Flags, shebangFlags) {
		return fmt.Errorf("%s: @flags %v differ from the first line's %v", f.name, p.Flags, shebangFlags)
	}
	return nil
}

// checkLibrary holds the headers against what the library registers.
func checkLibrary(f file) error {
	var registered, described []string
	for _, m := range registerRE.FindAllStringSubmatch(f.source, -1) {
		registered = append(registered, m[1])
	}
	for _, p := range f.patterns {
		described = append(described, p.Name)
	}
	slices.Sort(registered)
	slices.Sort(described)
	if !slices.Equal(registered, described) {
		return fmt.Errorf("%s: headers describe %v, register_function names %v", f.name, described, registered)
	}
	return nil
}

// parseShebang reads the first line: the library's name, or a script's flags.
func parseShebang(src string) (library string, flags []string, err error) {
	line, _, _ := strings.Cut(src, "\n")
	rest, ok := strings.CutPrefix(line, "#!lua")
	if !ok || rest != "" && rest[0] != ' ' {
		return "", nil, fmt.Errorf("starts with %q, want #!lua", line)
	}
	option, value, found := strings.Cut(strings.TrimSpace(rest), "=")
	switch {
	case option == "" && !found:
		return "", nil, nil
	case option == "name" && nameRE.MatchString(value):
		return value, nil, nil
	case option == "flags" && value != "":
		return "", strings.Split(value, ","), nil
	}
	return "", nil, fmt.Errorf("%q: want #!lua, #!lua flags=a,b or #!lua name=library", line)
}

// splitHeaders finds the runs of "-- @field value" lines.
func splitHeaders(src string) [][]field {
	var headers [][]field
	var current []field
	for i, line := range strings.Split(src, "\n") {
		text, ok := strings.CutPrefix(line, "-- @")
		if !ok {
			if current != nil {
				headers, current = append(headers, current), nil
			}
			continue
		}
		name, value, _ := strings.Cut(text, " ")
		f := field{line: i + 1, name: name, value: strings.TrimSpace(value)}
		// A key or argument fits on one line, so a second @key is a second key; any other field continues.
		if n := len(current); n > 0 && current[n-1].name == name && name != "key" && name != "arg" {
			current[n-1].value += " " + f.value
			continue
		}
		current = append(current, f)
	}
	if current != nil {
		headers = append(headers, current)
	}
	return headers
}

// parseLibraryHeader reads "@library, @purpose, @since". Errors start with the line: "12: ...".
func parseLibraryHeader(library string, h []field) (purpose string, err error) {
	want := []string{"library", "purpose", "since"}
	for i, f := range h {
		if i >= len(want) || f.name != want[i] || f.value == "" {
			return "", fmt.Errorf("%d: a library's header is @library, @purpose, @since, found @%s", f.line, f.name)
		}
	}
	switch {
	case len(h) != len(want):
		return "", fmt.Errorf("%d: a library's header is @library, @purpose, @since", h[0].line)
	case h[0].value != library:
		return "", fmt.Errorf("%d: @library %s differs from the first line's name=%s", h[0].line, h[0].value, library)
	case !versionRE.MatchString(h[2].value):
		return "", fmt.Errorf("%d: @since %q is not a version such as 0.1.0", h[2].line, h[2].value)
	}
	return h[1].value, nil
}

// parseHeader reads one pattern's header. Errors start with the line: "12: ...".
func parseHeader(h []field) (Pattern, error) {
	var p Pattern
	at := 0 // position in order: fields only move forward
	seen := map[string]bool{}
	for _, f := range h {
		i := slices.Index(order(), f.name)
		if i < 0 {
			return p, fmt.Errorf("%d: unknown field @%s", f.line, f.name)
		}
		if i < at {
			return p, fmt.Errorf("%d: @%s must come before @%s", f.line, f.name, order()[at])
		}
		if f.value == "" {
			return p, fmt.Errorf("%d: @%s is empty", f.line, f.name)
		}
		at = i
		seen[f.name] = true
		if err := p.set(f); err != nil {
			return p, fmt.Errorf("%d: @%s %s: %w", f.line, f.name, f.value, err)
		}
	}
	for _, name := range order() {
		if !seen[name] && name != "key" && name != "arg" {
			return p, fmt.Errorf("%d: header without @%s", h[0].line, name)
		}
	}
	return p, nil
}

// set stores one field.
func (p *Pattern) set(f field) (err error) {
	switch f.name {
	case "name":
		p.Name = f.value
		if !nameRE.MatchString(p.Name) {
			return fmt.Errorf("want lower-case letters, digits and _")
		}
	case "purpose":
		p.Purpose = f.value
	case "key":
		p.Keys, err = appendParam(p.Keys, f.value, keyTypes(), false)
	case "arg":
		p.Args, err = appendParam(p.Args, f.value, argUnits(), true)
	case "reply":
		p.Reply = f.value
	case "complexity":
		p.Complexity = f.value
		if !strings.HasPrefix(f.value, "O(") {
			return fmt.Errorf("want O(...)")
		}
	case "flags":
		p.Flags, err = parseFlags(f.value)
	case "since":
		p.Since = f.value
		if !versionRE.MatchString(f.value) {
			return fmt.Errorf("want a version such as 0.1.0")
		}
	case "example":
		p.Example = f.value
	}
	return err
}

func parseFlags(value string) ([]string, error) {
	if value == "none" {
		return nil, nil
	}
	flags := strings.Fields(value)
	for _, flag := range flags {
		if !slices.Contains(scriptFlags(), flag) {
			return nil, fmt.Errorf("want none or any of %v", scriptFlags())
		}
	}
	return flags, nil
}

// appendParam reads "name (unit) text" and checks it against those before it.
func appendParam(params []Param, value string, units []string, choice bool) ([]Param, error) {
	m := paramRE.FindStringSubmatch(value)
	if m == nil || (m[1] == "[") != (m[4] == "]") {
		return nil, fmt.Errorf("want name (unit) text, where name may be [name], name... or [name...]")
	}
	p := Param{Name: m[2], Unit: m[5], Text: m[6], Optional: m[1] != "", Repeated: m[3] != ""}
	if !slices.Contains(units, p.Unit) && !(choice && choiceRE.MatchString(p.Unit)) {
		return nil, fmt.Errorf("unknown unit (%s), want one of %v", p.Unit, units)
	}
	for _, before := range params {
		switch {
		case before.Name == p.Name:
			return nil, fmt.Errorf("second of that name")
		case before.Repeated:
			return nil, fmt.Errorf("stands after %s, which takes the rest", before)
		case before.Optional && !p.Optional:
			return nil, fmt.Errorf("must be optional as %s before it is", before)
		}
	}
	return append(params, p), nil
}
