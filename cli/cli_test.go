// Tests of the command line: testscript runs the real command against a real redis-server or none; formatting and
// quoting are compared with redis-cli.
package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/tidwall/resp"

	"github.com/evald/evald/internal/redistest"
)

// TestMain lets testscript run this test binary as evald. Serve prints what it was given and fails as the server would.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"evald": func() {
			app := App{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Environ: os.Environ(), Serve: func(_ context.Context, o ServeOptions) error {
				fmt.Printf("addr=%s unixsocket=%s dir=%s config=%s\n", o.Addr, o.UnixSocket, o.Dir, o.ConfigFile)
				if o.InMemory {
					fmt.Println("in memory")
				}
				for _, name := range slices.Sorted(maps.Keys(o.Config)) {
					fmt.Printf("%s=%s\n", name, o.Config[name])
				}
				if o.Addr == "busy" {
					return errors.Join(errors.New("listen on busy: address already in use"), errors.New("second line"))
				}
				return nil
			}}
			os.Exit(app.Run(context.Background(), os.Args))
		},
	})
}

// TestScripts runs testdata/*.txt, which need no server.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, RequireUniqueNames: true})
}

// TestLiveScripts runs testdata/live/*.txt against a redis-server of their own, at $ADDR.
func TestLiveScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/live", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ADDR", redistest.Start(e.T().(testing.TB)))
			return nil
		},
	})
}

// commands covers every form of reply, and of quoting.
const commands = `PING
SET a "x y"
GET a
GET none
  APPEND  'it\'s' "\x00\xff\n\r\t\a\b\"\\\z\x4"
GET it's
HSET h f 1 g 2
HGETALL h
HGETALL none
LRANGE h 0 1
NOSUCH x y
EVAL "return {1,{2,{3,{}}},false,redis.error_reply('X y')}" 0
EVAL "local t = {} for i = 1, 12 do t[i] = i end t[3] = {{1, 2}, 'x'} return t" 0
EVAL "return redis.error_reply('MY error')" 0
EVAL 'return -1' 0
BLPOP none 0.01
GET "unbalanced
GET "a"b
ECHO ""
ECHO é

INCR a
`

// TestAsRedisCLI pipes the same commands into this client and into redis-cli, raw and typed.
func TestAsRedisCLI(t *testing.T) {
	bin, err := exec.LookPath("redis-cli")
	if err != nil {
		t.Skip("needs redis-cli on PATH to compare with: ", err)
	}
	for _, mode := range []string{"--raw", "--no-raw"} {
		t.Run(mode, func(t *testing.T) {
			var got, want bytes.Buffer
			addr := redistest.Start(t)
			app := App{In: strings.NewReader(commands), Out: &got, Err: &bytes.Buffer{}}
			if code := app.Run(context.Background(), []string{"evald", "cli", "--addr", addr, mode}); code != 1 {
				t.Errorf("exit code %d after commands that failed, want 1", code)
			}
			host, port, _ := strings.Cut(redistest.Start(t), ":")
			cmd := exec.Command(bin, "-h", host, "-p", port, mode)
			cmd.Stdin, cmd.Stdout = strings.NewReader(commands), &want
			if err := cmd.Run(); err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() {
				t.Errorf("evald cli:\n%s\nredis-cli:\n%s", &got, &want)
			}
		})
	}
}

func TestSplit(t *testing.T) {
	for _, tt := range []struct {
		line string
		want []string // nil: refused
	}{
		{"", []string{}},
		{" \t\r\n", []string{}},
		{"set k v\r\n", []string{"set", "k", "v"}},
		{`"" ''`, []string{"", ""}},
		{`a"b c"`, []string{"ab c"}},
		{`"\x41\x4z\n\q"`, []string{"Ax4z\nq"}},
		{`'\n\'"'`, []string{`\n'"`}},
		{`"a"b`, nil},
		{`'a`, nil},
		{`"a\"`, nil},
		{`"\`, nil},
	} {
		got, err := split(tt.line)
		if tt.want == nil && err == nil || tt.want != nil && (err != nil || !slices.Equal(got, tt.want)) {
			t.Errorf("split(%q) = %q, %v, want %q", tt.line, got, err, tt.want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(commands)
	f.Fuzz(func(t *testing.T, line string) {
		args, err := split(line)
		if err != nil {
			return
		}
		// What is typed back in quotes is read back the same.
		var again []string
		for _, a := range args {
			again = append(again, quote([]byte(a)))
		}
		back, err := split(strings.Join(again, " "))
		if err != nil || !slices.Equal(args, back) {
			t.Fatalf("%q: %q read back as %q, %v", line, args, back, err)
		}
	})
}

func TestPromptText(t *testing.T) {
	s := &session{addr: "h:1"}
	for _, tt := range []struct {
		cmd  string
		ok   bool
		want string
	}{
		{"GET k", true, "h:1> "},
		{"select 3", true, "h:1[3]> "},
		{"SELECT 99", false, "h:1[3]> "},
		{"MULTI", true, "h:1[3](TX)> "},
		{"MULTI", false, "h:1[3](TX)> "},
		{"SELECT 1", true, "h:1[3](TX)> "}, // queued
		{"EXEC", true, "h:1[3]> "},
		{"RESET", true, "h:1> "},
	} {
		s.note(strings.Fields(tt.cmd), tt.ok)
		if got := s.promptText(); got != tt.want {
			t.Errorf("after %s: %q, want %q", tt.cmd, got, tt.want)
		}
	}
}

func TestCompleter(t *testing.T) {
	complete := completer([]string{"get", "getdel", "config get"})
	for line, want := range map[string][]string{"ge": {"get ", "getdel "}, "GETD": {"GETDEL "}, "config g": {"config get "}, "": nil, "x": nil} {
		if got := complete(line); !slices.Equal(got, want) {
			t.Errorf("%q completes to %q, want %q", line, got, want)
		}
	}
}

func TestFormatEmpty(t *testing.T) {
	if got := formatTyped(resp.ArrayValue(nil), "") + formatTyped(resp.NullValue(), ""); got != "(empty array)\n(nil)\n" {
		t.Errorf("got %q", got)
	}
}

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	p := progress{w: &b}
	p.show("get on a", 0, 100)
	p.show("get on a", 50, 100) // too soon after the first to be drawn
	p.show("get on a", 100, 100)
	p.clear()
	if s := b.String(); strings.Contains(s, "50/100") || !strings.Contains(s, "[==============================] 100/100") || !strings.HasSuffix(s, "\r\x1b[K") {
		t.Errorf("got %q", s)
	}
}
