package scripts

import (
	"strings"
	"testing"
	"testing/fstest"
)

// Every library is a valid library file by the rules of header.go, and every function a valid script.
func TestLibraries(t *testing.T) {
	if len(Libraries()) != len(areas()) {
		t.Fatalf("%d libraries, want %d", len(Libraries()), len(areas()))
	}
	for _, lib := range Libraries() {
		f, err := parseFile(lib.Name, lib.Source)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(f.patterns) != len(lib.Functions)+1 { // and its version
			t.Errorf("%s: %d headers for %d functions", lib.Name, len(f.patterns), len(lib.Functions))
		}
		for _, fn := range lib.Functions {
			if _, err := parseFile(fn.Name+".lua", fn.Script); err != nil {
				t.Error(err)
			}
			if fn.File != lib.Name+"/"+fn.Name+".lua" || fn.Library != lib.Name {
				t.Errorf("%s stands in %s of %s", fn.Name, fn.File, fn.Library)
			}
			if got, in, ok := LookupFunction(fn.Name); !ok || got.SHA1 != fn.SHA1 || in.Name != lib.Name {
				t.Errorf("LookupFunction(%q) = %v, %v, %v", fn.Name, got.SHA1, in.Name, ok)
			}
			if call, _, _ := strings.Cut(fn.Example, " "); call != "FCALL" && call != "FCALL_RO" {
				t.Errorf("%s: the example is no call: %q", fn.Name, fn.Example)
			}
			if strings.Contains(fn.Script, "include:") {
				t.Errorf("%s: an include was left", fn.Name)
			}
		}
	}
	if _, _, ok := LookupFunction("nothing"); ok {
		t.Error("found a function that is not there")
	}
}

// A function's own script has what it uses of the shared code, with what that uses, and nothing else.
func TestShake(t *testing.T) {
	const shared = "-- About this file.\n\nlocal ONE = 1\nlocal TWO = 2 -- ONE + ONE\n\n-- first adds.\nlocal function first(n)\n  return n + TWO\nend\n" +
		"\n-- second is first twice.\nlocal function second(n)\n  return first(first(n))\nend\n\nlocal t = {}\n\nfunction t.used(n) -- ONE\n  return n\nend\n\nfunction t.unused(n)\n  return ONE\nend\n" +
		"\nlocal names = {\n  a = t,\n}\n"
	for code, want := range map[string]string{
		"return 1":                         "-- About this file.\n\n",
		"return first(1)":                  "-- About this file.\n\nlocal TWO = 2 -- ONE + ONE\n\n-- first adds.\nlocal function first(n)\n  return n + TWO\nend\n\n",
		"return names.a.used(1) -- second": "-- About this file.\n\nlocal t = {}\n\nfunction t.used(n) -- ONE\n  return n\nend\n\nlocal names = {\n  a = t,\n}\n",
	} {
		if got := shake(shared, code); got != want {
			t.Errorf("%s keeps\n%q, want\n%q", code, got, want)
		}
	}
}

func TestIncludes(t *testing.T) {
	fsys := fstest.MapFS{
		"base.lua": {Data: []byte("local base = 1\n")},
		"mid.lua":  {Data: []byte("-- include: base.lua\nlocal mid = base\n")},
		"a.lua":    {Data: []byte("-- include: mid.lua base.lua\nreturn mid\n")},
		"loop.lua": {Data: []byte("-- include: back.lua\n")},
		"back.lua": {Data: []byte("-- include: loop.lua\n")},
		"lost.lua": {Data: []byte("-- include: nowhere.lua\n")},
	}
	expand := func(name string) (string, error) {
		inc := &includer{fsys: fsys}
		body, err := inc.expand(name, string(fsys[name].Data))
		return inc.text.String() + body, err
	}
	got, err := expand("a.lua")
	if want := "\nlocal base = 1\n\nlocal mid = base\nreturn mid\n"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	for _, name := range []string{"loop.lua", "lost.lua"} {
		if _, err := expand(name); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
