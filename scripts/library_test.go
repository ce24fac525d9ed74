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
		if len(f.Patterns) != len(lib.Functions)+1 { // and its version
			t.Errorf("%s: %d headers for %d functions", lib.Name, len(f.Patterns), len(lib.Functions))
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
			if strings.Contains(fn.Script, "include:") {
				t.Errorf("%s: an include was left", fn.Name)
			}
		}
	}
	if _, _, ok := LookupFunction("nothing"); ok {
		t.Error("found a function that is not there")
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
