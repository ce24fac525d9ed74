package server

import (
	"bufio"
	"flag"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/evald/evald/server/resp"
)

// Sessions are files of commands by several clients with the replies of a real Redis:
//
//	c1 SET a b        a command of client c1, and one reply
//	  OK
//	c1 <              one more reply or push of c1
//	c1! BLPOP l 0     a command whose reply is not read here; the next line runs once the server has begun it
//	c1~ HELLO 3       a command whose reply may be anything
//	c1 closed         the server has closed the connection
//	@ state           the server gets into that state, see TestStates
//
// go test ./server -run Sessions -against 127.0.0.1:6379 writes the replies anew from a real server, which it empties.
var against = flag.String("against", "", "host:port of a Redis to record testdata/sessions from")

// wire is a test's connection.
type wire struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
	id   string
	line string // of the session, for errors
}

func newWire(t testing.TB, nc net.Conn) *wire {
	t.Helper()
	nc.SetDeadline(time.Now().Add(time.Minute))
	t.Cleanup(func() { nc.Close() })
	return &wire{t: t, conn: nc, r: bufio.NewReader(nc)}
}

// send sends a command given as one line.
func (w *wire) send(line string) {
	w.t.Helper()
	words, ok := resp.SplitWords([]byte(line))
	if !ok {
		w.t.Fatalf("bad line %q", line)
	}
	w.sendArgs(words...)
}

func (w *wire) sendArgs(args ...[]byte) {
	w.t.Helper()
	buf := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		buf = fmt.Appendf(buf, "$%d\r\n%s\r\n", len(a), a)
	}
	if _, err := w.conn.Write(buf); err != nil {
		w.t.Fatalf("send: %v", err)
	}
}

// do sends a command and returns its reply as text.
func (w *wire) do(line string) string {
	w.t.Helper()
	w.send(line)
	return w.read()
}

// read reads one reply: status as it is, "-error", "string" quoted, integer, nil, [list], {map}, >[push].
func (w *wire) read() string {
	w.t.Helper()
	s, err := w.next()
	if err != nil {
		w.t.Fatalf("%sread: %v", w.line, err)
	}
	return s
}

func (w *wire) next() (string, error) {
	line, err := w.r.ReadString('\n')
	if err != nil {
		return "", err
	}
	kind, text := line[0], strings.TrimSuffix(line[1:], "\r\n")
	switch kind {
	case '+':
		return text, nil
	case '-':
		return "-" + text, nil
	case ':':
		return text, nil
	case ',', '(', '#':
		return string(kind) + text, nil
	case '_':
		return "null", nil
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return "", fmt.Errorf("bad reply %q", line)
	}
	if n < 0 {
		return map[byte]string{'$': "(nil)", '*': "(nil array)"}[kind], nil
	}
	if kind == '$' || kind == '=' {
		b := make([]byte, n+2)
		if _, err := readFull(w.r, b); err != nil {
			return "", err
		}
		return map[byte]string{'$': "", '=': "="}[kind] + strconv.Quote(string(b[:n])), nil
	}
	if kind == '%' {
		n *= 2
	}
	parts := make([]string, n)
	for i := range parts {
		if parts[i], err = w.next(); err != nil {
			return "", err
		}
	}
	body := strings.Join(parts, " ")
	switch kind {
	case '*':
		return "[" + body + "]", nil
	case '~':
		return "~[" + body + "]", nil
	case '%':
		return "{" + body + "}", nil
	case '>':
		return ">[" + body + "]", nil
	}
	return "", fmt.Errorf("bad reply %q", line)
}

func readFull(r *bufio.Reader, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		m, err := r.Read(b[n:])
		if err != nil {
			return n, err
		}
		n += m
	}
	return n, nil
}

// startServer runs a server in this process until the test ends.
func startServer(t testing.TB, change func(o *Options)) *Server {
	t.Helper()
	o := Options{Addr: "none", Dir: t.TempDir(), Config: map[string]string{"enable-debug-command": "yes"}}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func TestSessions(t *testing.T) {
	files, err := filepath.Glob("testdata/sessions/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no sessions", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		if *against != "" && name == "newer" {
			continue // a 7.0 cannot give them
		}
		if *against != "" {
			t.Run(name, func(t *testing.T) {
				dial := func() net.Conn { return dialNet(t, *against) }
				record(t, file, runSession(t, file, dial, nil))
			})
			continue
		}
		for _, transport := range []string{"pipe", "tcp"} {
			t.Run(name+"/"+transport, func(t *testing.T) {
				s := startServer(t, func(o *Options) {
					if transport == "tcp" {
						o.Addr = "127.0.0.1:0"
					}
				})
				dial := s.Dial
				if transport == "tcp" {
					dial = func() net.Conn { return dialNet(t, s.Addr()) }
				}
				want, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				compareLines(t, runSession(t, file, dial, nil), string(want))
			})
		}
	}
}

// compareLines reports the first differences of two transcripts, each with the command before it.
func compareLines(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	command := ""
	for i := range min(len(g), len(w)) {
		if !strings.HasPrefix(w[i], "  ") {
			command = w[i]
		}
		if g[i] != w[i] {
			t.Errorf("line %d, %s\n got %s\nwant %s", i+1, command, g[i], w[i])
		}
	}
	if len(g) != len(w) {
		t.Errorf("%d lines, want %d", len(g), len(w))
	}
}

func dialNet(t *testing.T, addr string) net.Conn {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

func record(t *testing.T, file, transcript string) {
	if err := os.WriteFile(file, []byte(transcript), 0o644); err != nil {
		t.Fatal(err)
	}
}

// runSession plays the commands of file and returns the transcript. enter brings the server into a state that the session names.
func runSession(t *testing.T, file string, dial func() net.Conn, enter func(state string)) string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	control := newWire(t, dial())
	control.do("FLUSHALL")
	clients := map[string]*wire{}
	var out strings.Builder
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		if strings.HasPrefix(line, "  ") {
			continue // an old reply
		}
		out.WriteString(line + "\n")
		who, command, ok := strings.Cut(line, " ")
		if line == "" || line[0] == '#' || !ok {
			continue
		}
		if who == "@" {
			enter(command)
			continue
		}
		name := strings.TrimRight(who, "!~")
		c := clients[name]
		if c == nil {
			c = newWire(t, dial())
			c.id = c.do("CLIENT ID")
			clients[name] = c
		}
		c.line = fmt.Sprintf("line %d, %s: ", i+1, line)
		switch {
		case command == "<":
			reply, err := c.next()
			if err != nil {
				t.Fatalf("line %d, %s: %v", i+1, line, err)
			}
			fmt.Fprintf(&out, "  %s\n", reply)
		case command == "closed":
			if _, err := c.r.ReadByte(); err == nil {
				t.Errorf("%s: the connection is open", line)
			}
			delete(clients, name)
		case strings.HasSuffix(who, "!"):
			c.send(command)
			control.awaitCommand(c.id, command)
		case strings.HasSuffix(who, "~"):
			c.do(command)
		default:
			fmt.Fprintf(&out, "  %s\n", c.do(command))
		}
	}
	return out.String()
}

// awaitCommand returns when the client's latest command is this one. Both servers show it in CLIENT LIST.
func (w *wire) awaitCommand(id, line string) {
	w.t.Helper()
	words := strings.Fields(strings.ToLower(line))
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		list := w.do("CLIENT LIST ID " + id)
		if strings.HasPrefix(list, "-BUSY ") {
			return // it is what keeps the server busy
		}
		if strings.Contains(list, "cmd="+words[0]+" ") || len(words) > 1 && strings.Contains(list, "cmd="+words[0]+"|"+words[1]+" ") {
			return
		}
	}
	w.t.Fatalf("the server does not begin %q", line)
}
