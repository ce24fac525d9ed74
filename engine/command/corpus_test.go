package command_test

import (
	"flag"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/internal/corpus"
	"github.com/evald/evald/internal/inprocess"
	"github.com/evald/evald/internal/redistest"
)

var (
	rewrite = flag.Bool("rewrite", false, "record the corpus's replies from a real redis-server")
	against = flag.String("against", "", "with -rewrite: host:port of that server, default: one is started; self: record, for review, the files that it cannot give")
)

// way is one way in which every file must give the same replies.
type way struct {
	name    string
	resp3   bool
	restart bool
	trial   inprocess.Trial
	mode    command.Mode
}

func ways() []way {
	return []way{{name: "resp2"}, {name: "resp3", resp3: true}, {name: "restart", restart: true}, {name: "rollback", trial: inprocess.Rollback},
		{name: "savepoint", trial: inprocess.Savepoint}, {name: "multi", mode: command.InMulti}}
}

// TestCorpus runs every file of the corpus in every way; with -rewrite it records the replies of a real server first.
func TestCorpus(t *testing.T) {
	files, err := corpus.Glob("testdata")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no files in testdata")
	}
	if *rewrite {
		record(t, files)
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.ToSlash(f.Path), ".txt")
		t.Run(strings.TrimPrefix(name, "testdata/"), func(t *testing.T) {
			if f.Marked("server") {
				return // the server's tests run it
			}
			for _, w := range ways() {
				if !t.Run(w.name, func(t *testing.T) { w.run(t, f) }) {
					break // the others would only say the same
				}
			}
		})
	}
}

func (w way) run(t *testing.T, f *corpus.File) {
	if w.restart && f.Marked("norestart") || w.mode == command.InMulti && f.Marked("blocks") || w.trial != inprocess.NoTrial && f.Marked("notrial") {
		return
	}
	s := inprocess.New(func(what string) { t.Error(what) })
	s.Trial, s.Mode = w.trial, w.mode
	got, err := f.Run(&corpus.Local{Server: s, RESP3: w.resp3, Restart: w.restart})
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range f.Blocks {
		want := b.Want
		if w.resp3 && b.Want3 != nil {
			want = b.Want3
		}
		if d := corpus.Compare(want, got[i]); d != "" {
			t.Errorf("%s:%d: %s", f.Path, b.Number, d)
		}
	}
	for _, err := range s.KS.Check() {
		t.Error(err)
	}
}

// record replaces the replies of every file by those of a real server, or, of the files about newer commands, by our own.
func record(t *testing.T, files []*corpus.File) {
	addr, self := *against, *against == "self"
	if addr == "" {
		addr = redistest.Start(t, "--enable-debug-command", "yes")
	}
	for _, f := range files {
		if f.Marked("since") != self {
			continue
		}
		two, three := replies(t, f, addr, false), replies(t, f, addr, true)
		for i := range f.Blocks {
			b := &f.Blocks[i]
			b.Want, b.Want3 = two[i].Text, nil
			if corpus.Compare(b.Want, three[i]) != "" {
				b.Want3 = three[i].Text
			}
		}
		if err := f.Write(); err != nil {
			t.Fatal(err)
		}
	}
}

func replies(t *testing.T, f *corpus.File, addr string, resp3 bool) []corpus.Output {
	var target corpus.Target
	if addr == "self" {
		target = &corpus.Local{Server: inprocess.New(func(what string) { t.Fatal(what) }), RESP3: resp3}
	} else {
		r := &corpus.Remote{Addr: addr, RESP3: resp3}
		defer r.Close()
		if err := r.Reset(); err != nil {
			t.Fatal(err)
		}
		target = r
	}
	got, err := f.Run(target)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestCorpusCoversEveryCommand makes sure that every command of the table is called in some file.
func TestCorpusCoversEveryCommand(t *testing.T) {
	files, err := corpus.Glob("testdata")
	if err != nil {
		t.Fatal(err)
	}
	table, called := command.NewTable(command.Families()...), map[*command.Spec]bool{}
	for _, f := range files {
		for _, b := range f.Blocks {
			for _, l := range b.Lines {
				args := make([][]byte, len(l.Args))
				for i, a := range l.Args {
					args[i] = []byte(a)
				}
				if len(args) > 0 {
					s, _ := table.Resolve(args)
					called[s] = true
				}
			}
		}
	}
	for _, s := range table.All() {
		if !called[s] && s.Do != nil {
			t.Errorf("no file calls %s", s.FullName())
		}
	}
}
