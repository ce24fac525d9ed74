// Package ldb holds sessions of the Lua debugger: recorded from a real Redis where it can do the same, and replayed against evald.
package ldb

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tidwall/resp"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/redistest"
	"github.com/evald/evald/persistence"
	"github.com/evald/evald/server"
)

// A file has the sessions of one subject:
//
//	| local a = 1                 lines of the script that the next session runs
//	YES EVAL key ... , arg ...    SCRIPT DEBUG YES and EVAL on a new connection; SYNC likewise; also EVAL_RO, and FCALL with its name
//	> print a                     a command of the debugger
//	  <value> 1                   the lines it logs
//	= :1                          the reply of the script, when the session has ended
//	closed                        the server has closed the connection
//	! GET key                     a command of another client, and its reply
//	load                          the script is a library that the other client loads
//
// go test ./tests/ldb -record writes what a real Redis answers. Files named function-* are extensions: -update writes what evald answers.
var (
	record = flag.Bool("record", false, "record the sessions of testdata anew from a redis-server")
	update = flag.Bool("update", false, "write the sessions that no Redis can record anew from evald")
)

// address is what values without a text show; it differs from run to run.
var address = regexp.MustCompile(`@0x[0-9a-f]+`)

const endMarker = "<endsession>"

// play is a file being played.
type play struct {
	t      *testing.T
	addr   string
	other  *respclient.Client
	client *respclient.Client // in a session; nil: none
	script []string
	out    strings.Builder
}

func dial(t *testing.T, addr string) *respclient.Client {
	t.Helper()
	c, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// start runs an evald with a store in this process and returns its address.
func start(t *testing.T) string {
	t.Helper()
	s, err := server.New(server.Options{Addr: "127.0.0.1:0", Dir: t.TempDir(), OpenStore: func(dir, fsync string) (server.Store, error) {
		return persistence.Open(persistence.Options{Dir: dir, Policy: persistence.Always})
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s.Addr()
}

func TestSessions(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no sessions", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			extension := strings.HasPrefix(name, "function-")
			var addr string
			if *record && !extension {
				addr = redistest.Start(t)
			} else {
				addr = start(t)
			}
			p := &play{t: t, addr: addr, other: dial(t, addr)}
			for _, line := range strings.Split(strings.TrimSuffix(string(want), "\n"), "\n") {
				p.line(line)
			}
			got := p.out.String()
			if *record && !extension || *update && extension {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			compare(t, got, string(want))
		})
	}
}

// compare reports the first line that differs, with the input before it.
func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	input := ""
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("line %d, after %s\n got %s\nwant %s", i+1, input, g[i], w[i])
		}
		if !strings.HasPrefix(g[i], "  ") {
			input = g[i]
		}
	}
	if len(g) != len(w) {
		t.Fatalf("%d lines, want %d", len(g), len(w))
	}
}

// line plays one line of a file: input is carried out and copied, output is made anew.
func (p *play) line(line string) {
	kind, rest, _ := strings.Cut(line, " ")
	switch kind {
	case "", "=", "closed":
		if line == "" {
			fmt.Fprintln(&p.out)
		}
		return
	}
	if kind == ">" && p.client == nil && (*record || *update) {
		return // there are more commands than the session takes
	}
	fmt.Fprintln(&p.out, line)
	switch kind {
	case "#":
	case "|":
		p.script = append(p.script, rest)
	case "load":
		v, _ := p.other.Do("FUNCTION", "LOAD", "REPLACE", strings.Join(p.script, "\n"))
		fmt.Fprintln(&p.out, "  "+text(v))
		p.script = nil
	case "!":
		v, _ := p.other.Do(strings.Fields(rest)...)
		fmt.Fprintln(&p.out, "  "+text(v))
	case "YES", "SYNC", "NO":
		p.begin(kind, strings.Fields(rest))
	case ">":
		if p.client == nil {
			p.t.Fatalf("%s: there is no session", line)
		}
		p.do(strings.Split(rest, " ")...)
	default:
		p.t.Fatalf("bad line %q", line)
	}
}

// begin starts a session: words are EVAL or its like, for FCALL the name, the keys, a comma, and the arguments.
func (p *play) begin(mode string, words []string) {
	if p.client != nil {
		p.client.Close()
	}
	p.client = dial(p.t, p.addr)
	if _, err := p.client.Do("SCRIPT", "DEBUG", mode); err != nil {
		p.t.Fatal(err)
	}
	call, words := []string{words[0]}, words[1:]
	if call[0] == "FCALL" || call[0] == "EVALSHA" {
		call, words = append(call, words[0]), words[1:]
	} else {
		call = append(call, strings.Join(p.script, "\n"))
	}
	keys, args, found := words, []string(nil), false
	for i, w := range words {
		if w == "," {
			keys, args, found = words[:i], words[i+1:], true
			break
		}
	}
	if !found {
		p.t.Fatalf("no comma between keys and arguments: %v", words)
	}
	p.script = nil
	p.do(append(append(append(call, fmt.Sprint(len(keys))), keys...), args...)...)
}

// do sends a command to the session and writes the log lines that it replies, and if that was the end, what comes after it.
func (p *play) do(args ...string) {
	v, err := p.client.Do(args...)
	if err != nil && v.Type() != resp.Error {
		p.t.Fatalf("%v: %v", args, err)
	}
	if v.Type() != resp.Array {
		fmt.Fprintln(&p.out, "= "+text(v))
		p.leave()
		return
	}
	last := ""
	for _, l := range v.Array() {
		last = l.String()
		fmt.Fprintln(&p.out, "  "+address.ReplaceAllString(last, "@ADDRESS"))
	}
	if last != endMarker {
		return
	}
	v, err = p.client.Receive()
	if err != nil && v.Type() != resp.Error {
		p.t.Fatalf("the reply of the script: %v", err)
	}
	fmt.Fprintln(&p.out, "= "+text(v))
	if _, err := p.client.Receive(); err != nil {
		fmt.Fprintln(&p.out, "closed")
	}
	p.leave()
}

func (p *play) leave() {
	p.client.Close()
	p.client = nil
}

// text shows a reply with the signs of the protocol.
func text(v resp.Value) string {
	switch v.Type() {
	case resp.SimpleString:
		return "+" + v.String()
	case resp.Error:
		return "-" + v.String()
	case resp.Integer:
		return ":" + v.String()
	case resp.BulkString:
		if v.IsNull() {
			return "(nil)"
		}
		return fmt.Sprintf("%q", v.String())
	}
	var parts []string
	for _, e := range v.Array() {
		parts = append(parts, text(e))
	}
	return "[" + strings.Join(parts, " ") + "]"
}
