package server

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func dialTCP(t *testing.T, addr string) *wire {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return newWire(t, nc)
}

func TestListenErrors(t *testing.T) {
	s := startServer(t, func(o *Options) { o.Addr = "127.0.0.1:0" })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	store := func(string, string) (Store, error) { return newMemoryStore(), nil }
	for want, o := range map[string]Options{
		"listen on " + s.Addr() + ": the port is in use by another process": {Addr: s.Addr()},
		`address "nonsense": want HOST:PORT`:                                {Addr: "nonsense"},
		"data directory " + file + "/sub: not a directory":                  {Addr: "none", Dir: file + "/sub", OpenStore: store},
		`option: unknown parameter "nosuch"`:                                {Addr: "none", Config: map[string]string{"nosuch": "1"}},
		"option: maxclients: argument couldn't be parsed into an integer":   {Addr: "none", Config: map[string]string{"maxclients": "x"}},
		"configuration file " + file + "x: no such file or directory":       {Addr: "none", ConfigFile: file + "x"},
	} {
		if o.Dir == "" {
			o.Dir = t.TempDir()
		}
		if _, err := New(o); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	startServer(t, func(o *Options) { o.UnixSocket = path })
	nc, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	w := newWire(t, nc)
	if got := w.do("PING"); got != "PONG" {
		t.Error(got)
	}
	if got := w.do("CLIENT INFO"); !strings.Contains(got, "addr="+path+":0 ") || !strings.Contains(got, " flags=U ") {
		t.Error(got)
	}
	if _, err := New(Options{Addr: "none", UnixSocket: path, Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Error(err)
	}
}

func TestRebind(t *testing.T) {
	s := startServer(t, func(o *Options) { o.Addr = "127.0.0.1:0" })
	var addr string
	s.Do(func() { addr = s.Addr() }) // on the loop, which is about to change it
	w := dialTCP(t, addr)
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, taken, _ := net.SplitHostPort(other.Addr().String())
	if got := w.do("CONFIG SET port " + taken); got != "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs." {
		t.Error(got)
	}
	dialTCP(t, addr).do("PING") // still where it was
	other.Close()
	if got := w.do("CONFIG SET port " + taken); got != "OK" {
		t.Fatal(got)
	}
	if got := dialTCP(t, "127.0.0.1:"+taken).do("PING") + w.do("PING"); got != "PONGPONG" {
		t.Error(got)
	}
}

func TestMaxClients(t *testing.T) {
	s := startServer(t, func(o *Options) { o.Config["maxclients"] = "1"; o.Addr = "127.0.0.1:0" })
	a := dialTCP(t, s.Addr())
	a.do("PING")
	b := dialTCP(t, s.Addr())
	if got := b.read(); got != "-ERR max number of clients reached" {
		t.Error(got)
	}
	if _, err := b.r.ReadByte(); err == nil {
		t.Error("the refused connection is open")
	}
}

// TestOutputLimit: a subscriber that does not read is dropped; others go on.
func TestOutputLimit(t *testing.T) {
	s := startServer(t, func(o *Options) { o.Config["client-output-buffer-limit"] = "pubsub 1mb 0 0" })
	sub, pub := newWire(t, s.Dial()), newWire(t, s.Dial())
	sub.do("SUBSCRIBE ch")
	message := "PUBLISH ch " + strings.Repeat("x", 100_000)
	for i := 0; pub.do(message) == "1"; i++ {
		if i > 100 {
			t.Fatal("the slow subscriber is still there")
		}
	}
	if got := pub.do("INFO stats"); !strings.Contains(got, "client_output_buffer_limit_disconnections:1") {
		t.Error(got)
	}
}

// TestEndlessReply: a count that nobody could answer ends at the limit of the client's output, or of the script's memory.
func TestEndlessReply(t *testing.T) {
	s := startServer(t, func(o *Options) {
		o.Config["client-output-buffer-limit"] = "normal 1mb 0 0"
		o.Config["script-max-memory"] = "4mb"
	})
	c := newWire(t, s.Dial())
	for _, line := range []string{"SADD s a b c", "HSET h f v", "ZADD z 1 a"} {
		c.do(line)
	}
	for _, line := range []string{"SRANDMEMBER s -9223372036854775807", "HRANDFIELD h -4611686018427387903 WITHVALUES", "ZRANDMEMBER z -9223372036854775807"} {
		greedy := newWire(t, s.Dial())
		greedy.send(line)
		if _, err := io.Copy(io.Discard, greedy.r); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		script := "EVAL \"return redis.call('" + strings.ReplaceAll(line, " ", "','") + "')\" 0"
		if got := c.do(script); !strings.HasPrefix(got, "-ERR Script exceeded script-max-memory") {
			t.Errorf("%s: %.200s", script, got)
		}
		if got := c.do("EVAL \"return #redis.call('SRANDMEMBER','s',-5000)\" 0"); got != "5000" {
			t.Error(got)
		}
	}
	if got := c.do("INFO stats"); !strings.Contains(got, "client_output_buffer_limit_disconnections:3") {
		t.Error(got)
	}
}

func TestConfigFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "redis.conf")
	text := "# a comment\nmaxmemory 100mb\nrename-me-not 1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Addr: "none", Dir: t.TempDir(), ConfigFile: file}); err == nil || !strings.HasSuffix(err.Error(), `line 3: unknown parameter "rename-me-not"`) {
		t.Fatal(err)
	}
	text = "# a comment\nmaxmemory 100mb\nclient-output-buffer-limit pubsub 1mb 2mb 3\nuser bob on >pw ~b* +get\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := startServer(t, func(o *Options) { o.ConfigFile = file })
	w := newWire(t, s.Dial())
	for _, step := range [][2]string{
		{"CONFIG GET maxmemory", `["maxmemory" "104857600"]`},
		{"CONFIG GET client-output-buffer-limit", `["client-output-buffer-limit" "normal 0 0 0 slave 268435456 67108864 60 pubsub 1048576 2097152 3"]`},
		{"ACL USERS", `["bob" "default"]`},
		{"CONFIG SET maxmemory 0 slowlog-max-len 7", "OK"},
		{"CONFIG REWRITE", "OK"},
	} {
		if got := w.do(step[0]); got != step[1] {
			t.Errorf("%s: %s, want %s", step[0], got, step[1])
		}
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"# a comment\n", "maxmemory 0\n", "slowlog-max-len 7\n", "user bob on #", "user default on nopass ~* &* +@all\n"} {
		if !strings.Contains(string(written), line) {
			t.Errorf("%q is not in\n%s", line, written)
		}
	}
	if again, err := New(Options{Addr: "none", Dir: t.TempDir(), ConfigFile: file}); err != nil {
		t.Error(err)
	} else {
		again.closeAll()
	}
}
