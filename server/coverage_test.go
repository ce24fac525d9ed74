package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evald/evald/internal/corpus"
	"github.com/evald/evald/server/resp"
)

// TestSessionsCoverEveryCommand makes sure that every command of the server's table is called in a recorded session, or in the corpus of
// the data commands, which has a test like this of its own, but for those named here.
func TestSessionsCoverEveryCommand(t *testing.T) {
	s := startServer(t, nil)
	called := map[string]bool{}
	note := func(args [][]byte) {
		if spec, err := s.table.Resolve(args); err == nil {
			called[spec.FullName()] = true
		}
	}
	files, err := filepath.Glob("testdata/sessions/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(text), "\n") {
			if _, command, ok := strings.Cut(line, " "); ok && line[0] == 'c' {
				if args, ok := resp.SplitWords([]byte(command)); ok && len(args) > 0 {
					note(args)
				}
			}
		}
	}
	list, err := corpus.Glob("../engine/command/testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		for _, b := range f.Blocks {
			for _, l := range b.Lines {
				args := make([][]byte, len(l.Args))
				for i, a := range l.Args {
					args[i] = []byte(a)
				}
				if len(args) > 0 {
					note(args)
				}
			}
		}
	}
	// What Redis does not have is tested elsewhere.
	elsewhere := map[string]string{"backup": "testdata/backup.txt", "migrate": "migrate_test.go", "script|explain": "scripting", "script|list": "scripting", "script|profile": "scripting",
		"script|show": "scripting", "script|stats": "scripting"}
	for _, spec := range s.table.All() {
		name := spec.FullName()
		_, other := elsewhere[name]
		switch {
		case spec.Do == nil:
		case !called[name] && !other:
			t.Errorf("no session calls %s", name)
		case called[name] && other:
			t.Errorf("a session calls %s: it needs no exception", name)
		}
	}
}
