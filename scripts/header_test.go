// Tests of the header parser: each rule of the format refuses what breaks it.
package scripts

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const goodScript = `#!lua flags=no-writes
-- @name good
-- @purpose Show the format.
-- @key first (string) one
-- @key [more...] (zset) others
-- @arg ttl (ms) time to live
-- @arg [mode] (soft|hard) how
-- @reply integer: 1 or
-- @reply 0
-- @complexity O(1)
-- @flags no-writes
-- @since 0.1.0
-- @example EVALSHA <sha> 1 k 5
return 1
`

const goodLibrary = `#!lua name=area
-- @library area
-- @purpose Several patterns in one file.
-- @since 0.2.0

-- @name area_one
-- @purpose One.
-- @reply integer: 1
-- @complexity O(1)
-- @flags none
-- @since 0.2.0
-- @example FCALL area_one 0
redis.register_function('area_one', function() return 1 end)

-- @name area_two
-- @purpose Two.
-- @reply integer: 2
-- @complexity O(1)
-- @flags no-writes
-- @since 0.2.0
-- @example FCALL area_two 0
redis.register_function{function_name='area_two', callback=function() return 2 end, flags={'no-writes'}}
`

func TestParseScript(t *testing.T) {
	f, err := parseFile("good.lua", goodScript)
	if err != nil {
		t.Fatal(err)
	}
	p := f.patterns[0]
	if p.Reply != "integer: 1 or 0" || p.Library != "" || !slices.Equal(p.Flags, []string{"no-writes"}) {
		t.Errorf("got %+v", p)
	}
	if want := []Param{{"first", "string", "one", false, false}, {"more", "zset", "others", true, true}}; !slices.Equal(p.Keys, want) {
		t.Errorf("keys %+v", p.Keys)
	}
	if want := []Param{{"ttl", "ms", "time to live", false, false}, {"mode", "soft|hard", "how", true, false}}; !slices.Equal(p.Args, want) {
		t.Errorf("args %+v", p.Args)
	}
	if got := p.Keys[1].String() + " " + p.Args[0].String(); got != "[more...] ttl" {
		t.Errorf("usage %q", got)
	}
}

func TestParseLibrary(t *testing.T) {
	f, err := parseFile("area.lua", goodLibrary)
	if err != nil {
		t.Fatal(err)
	}
	if f.library != "area" || f.purpose != "Several patterns in one file." || len(f.patterns) != 2 || f.patterns[1].Name != "area_two" {
		t.Errorf("got %+v", f)
	}
}

func TestMalformed(t *testing.T) {
	tests := []struct {
		name, file, src string
		old, new        string // the edit that breaks it
		err             string
	}{
		{"no shebang", "good.lua", goodScript, "#!lua flags=no-writes", "-- x", `good.lua:1: starts with "-- x"`},
		{"other engine", "good.lua", goodScript, "#!lua flags", "#!luajit flags", "good.lua:1:"},
		{"shebang option", "good.lua", goodScript, "#!lua flags", "#!lua flag", "good.lua:1:"},
		{"file name", "bad.lua", goodScript, "", "", "@name good differs from the file's name"},
		{"flags differ", "good.lua", goodScript, "#!lua flags=no-writes", "#!lua", "@flags [no-writes] differ"},
		{"not at the top", "good.lua", goodScript, "-- @name", "\n-- @name", "good.lua:3: the header stands right under"},
		{"gap", "good.lua", goodScript, "-- @reply integer", "\n-- @reply integer", "header without @reply"},
		{"unknown field", "good.lua", goodScript, "@complexity", "@complexty", "10: unknown field @complexty"},
		{"order", "good.lua", goodScript, "-- @since 0.1.0\n-- @example EVALSHA <sha> 1 k 5", "-- @example EVALSHA <sha> 1 k 5\n-- @since 0.1.0", "13: @since must come before @example"},
		{"missing", "good.lua", goodScript, "-- @since 0.1.0\n", "", "2: header without @since"},
		{"empty", "good.lua", goodScript, "@purpose Show the format.", "@purpose", "3: @purpose is empty"},
		{"name", "good.lua", goodScript, "@name good", "@name Good", "lower-case"},
		{"version", "good.lua", goodScript, "0.1.0", "soon", "want a version"},
		{"complexity", "good.lua", goodScript, "O(1)", "fast", "want O(...)"},
		{"flag", "good.lua", goodScript, "@flags no-writes", "@flags nowrites", "want none or any of"},
		{"key type", "good.lua", goodScript, "(string) one", "(str) one", "unknown unit (str)"},
		{"arg unit", "good.lua", goodScript, "(ms) time", "(msec) time", "unknown unit (msec)"},
		{"key with choice", "good.lua", goodScript, "(string) one", "(a|b) one", "unknown unit (a|b)"},
		{"param form", "good.lua", goodScript, "[mode] (soft", "[mode (soft", "want name (unit) text"},
		{"required after optional", "good.lua", goodScript, "ttl (ms)", "[ttl] (ms)", ""},
		{"required after optional 2", "good.lua", goodScript, "-- @arg ttl (ms) time to live\n-- @arg [mode] (soft|hard) how", "-- @arg [mode] (soft|hard) how\n-- @arg ttl (ms) time to live", "must be optional as [mode]"},
		{"after repeated", "good.lua", goodScript, "first (string)", "first... (string)", "stands after first..."},
		{"twice", "good.lua", goodScript, "[mode] (soft|hard)", "[ttl] (ms)", "second of that name"},
		{"two headers", "good.lua", goodScript, "return 1", "\n" + goodScript[strings.Index(goodScript, "-- @name"):], "exactly one header, found 2"},
		{"library name", "area.lua", goodLibrary, "@library area", "@library other", "differs from the first line's name=area"},
		{"library header", "area.lua", goodLibrary, "-- @library area\n", "", "2: a library's header is"},
		{"library since", "area.lua", goodLibrary, "-- @since 0.2.0\n\n-- @name area_one", "\n-- @name area_one", "2: a library's header is"},
		{"undescribed", "area.lua", goodLibrary, "register_function('area_one'", "register_function('area_1'", "register_function names [area_1 area_two]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(tt.src, tt.old) {
				t.Fatalf("the edit of %q changes nothing", tt.old)
			}
			_, err := parseFile(tt.file, strings.Replace(tt.src, tt.old, tt.new, 1))
			if tt.err == "" {
				if err != nil {
					t.Fatalf("a legal edit is refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Fatalf("got %v, want %q", err, tt.err)
			}
		})
	}
}

func TestNamesAreUnique(t *testing.T) {
	fsys := fstest.MapFS{
		"lock/good.lua": {Data: []byte(goodScript)},
		"util/good.lua": {Data: []byte(goodScript)},
	}
	if _, err := buildLibraries(fsys); err == nil || !strings.Contains(err.Error(), "util/good.lua: good is already defined in lock/good.lua") {
		t.Fatalf("got %v", err)
	}
}
