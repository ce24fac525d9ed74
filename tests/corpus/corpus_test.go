// Package corpus runs the corpus of the data commands on the server over TCP, where commands also run in scripts and transactions.
package corpus

import (
	"errors"
	"flag"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/internal/corpus"
	"github.com/evald/evald/internal/evaldtest"
	"github.com/evald/evald/internal/reply"
)

var binary = flag.String("binary", "", "evald to run; default: it is built")

const files = "../../engine/command/testdata"

// remote is a server over TCP; by says how a command gets there.
type remote struct {
	*corpus.Remote
	by func(r *corpus.Remote, client string, args []string) ([]reply.Value, error)
}

// Do implements corpus.Target.
func (r remote) Do(client string, args []string) ([]reply.Value, error) {
	return r.by(r.Remote, client, args)
}

func direct(r *corpus.Remote, client string, args []string) ([]reply.Value, error) {
	return r.Do(client, args)
}

// inMulti runs each command as a transaction.
func inMulti(r *corpus.Remote, client string, args []string) ([]reply.Value, error) {
	if !wrappable(args) {
		return r.Do(client, args)
	}
	if _, err := r.Do(client, []string{"MULTI"}); err != nil {
		return nil, err
	}
	queued, err := r.Do(client, args)
	if err != nil {
		return nil, err
	}
	v, err := r.Do(client, []string{"EXEC"})
	switch {
	case err != nil:
		return nil, err
	case queued[0].Kind == '-':
		return queued, nil // and EXEC has aborted
	case len(v[0].Elems) != 1:
		return nil, errors.New("EXEC replies " + v[0].String())
	}
	return v[0].Elems, nil
}

// inScript runs each command by redis.pcall.
func inScript(r *corpus.Remote, client string, args []string) ([]reply.Value, error) {
	if !wrappable(args) {
		return r.Do(client, args)
	}
	return r.Do(client, append([]string{"EVAL", "return redis.pcall(unpack(ARGV))", "0"}, args...))
}

// wrappable tells commands that may run in scripts and transactions, with arguments of the right number: errors about that have
// texts of their own there.
func wrappable(args []string) bool {
	list := make([][]byte, len(args))
	for i, a := range args {
		list[i] = []byte(a)
	}
	s, err := command.NewTable(command.Families()...).Resolve(list)
	return err == nil && s.Flags&command.NoScript == 0 && command.CheckArity(s, list) == nil
}

func TestOverTCP(t *testing.T) {
	bin := *binary
	if bin == "" {
		bin = evaldtest.Build(t)
	}
	list, err := corpus.Glob(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 {
		t.Fatal("no files in " + files)
	}
	for _, way := range []struct {
		name  string
		resp3 bool
		by    func(r *corpus.Remote, client string, args []string) ([]reply.Value, error)
	}{{"resp2", false, direct}, {"resp3", true, direct}, {"multi", false, inMulti}, {"script", false, inScript}} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel() // mostly waiting
			addr := evaldtest.Start(t, bin, "--set", "enable-debug-command=yes")
			for _, f := range list {
				if f.Marked("clock") {
					continue
				}
				if way.name != "resp2" && way.name != "resp3" && (f.Marked("blocks") || f.Marked("server")) {
					continue
				}
				run(t, f, remote{&corpus.Remote{Addr: addr, RESP3: way.resp3}, way.by}, way.name)
			}
		})
	}
}

func run(t *testing.T, f *corpus.File, r remote, way string) {
	defer r.Close()
	name, _ := filepath.Rel(files, f.Path)
	if err := r.Reset(); err != nil {
		t.Fatal(name, ": ", err)
	}
	got, err := f.Run(r)
	if err != nil {
		t.Error(name, ": ", err)
		return
	}
	for i, b := range f.Blocks {
		want := b.Want
		if r.RESP3 && b.Want3 != nil {
			want = b.Want3
		}
		if way == "script" {
			want = throughLua(want)
		}
		if d := corpus.Compare(want, got[i]); d != "" {
			t.Errorf("%s:%d: %s", name, b.Number, d)
		}
	}
}

// throughLua is what becomes of replies on their way through Lua: there is one kind of null, and integers are doubles.
func throughLua(want []string) []string {
	out := make([]string, len(want))
	for i, line := range want {
		line = strings.ReplaceAll(line, "(nil array)", "(nil)")
		if before, digits, ok := strings.Cut(line, "(integer) "); ok {
			if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
				if f := float64(n); f >= 1<<63 {
					n = math.MinInt64 // what C makes of it on x86
				} else {
					n = int64(f)
				}
				line = before + "(integer) " + strconv.FormatInt(n, 10)
			}
		}
		out[i] = line
	}
	return out
}
