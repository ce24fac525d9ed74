package ldb

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/resp"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/server"
)

// What the recorded sessions cannot show: other clients, lost connections, limits of time.

const busy = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."

func reply(t *testing.T, c *respclient.Client, args ...string) string {
	t.Helper()
	v, err := c.Do(args...)
	if err != nil && v.Type() != resp.Error {
		t.Fatalf("%v: %v", args, err)
	}
	return text(v)
}

func expect(t *testing.T, c *respclient.Client, want string, args ...string) {
	t.Helper()
	if got := reply(t, c, args...); got != want {
		t.Fatalf("%v: got %s, want %s", args, got, want)
	}
}

func receive(t *testing.T, c *respclient.Client, want string) {
	t.Helper()
	v, err := c.Receive()
	if err != nil && v.Type() != resp.Error {
		t.Fatal(err)
	}
	if got := text(v); got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func stopped(line int, reason, source string) string {
	return fmt.Sprintf("[+* Stopped at %d, stop reason = %s +-> %-3d %s]", line, reason, line, source)
}

// debug begins a session of the script and expects it to stop at its first line.
func debug(t *testing.T, addr, mode, script string) *respclient.Client {
	t.Helper()
	c := dial(t, addr)
	expect(t, c, "+OK", "SCRIPT", "DEBUG", mode)
	first, _, _ := strings.Cut(script, "\n")
	expect(t, c, stopped(1, "step over", first), "EVAL", script, "0")
	return c
}

const writing = "redis.call('set', 'k', 1)\nredis.call('set', 'k', 2)\nredis.call('set', 'k', 3)\nreturn 1"

// replyWhenFree is the reply to a command when the session of another connection is over.
func replyWhenFree(t *testing.T, c *respclient.Client, args ...string) string {
	t.Helper()
	got := busy
	for deadline := time.Now().Add(time.Minute); got == busy && time.Now().Before(deadline); {
		got = reply(t, c, args...)
	}
	return got
}

// eventually is expect that waits until the session of another connection is over.
func eventually(t *testing.T, c *respclient.Client, want string, args ...string) {
	t.Helper()
	if got := replyWhenFree(t, c, args...); got != want {
		t.Fatalf("%v: got %s, want %s", args, got, want)
	}
}

func TestOthersAreServedAsDuringALongScript(t *testing.T) {
	addr := start(t)
	other := dial(t, addr)
	expect(t, other, "+OK", "SET", "k", "0")
	for _, mode := range []string{"YES", "SYNC"} {
		c := debug(t, addr, mode, writing)
		expect(t, other, busy, "GET", "k")
		expect(t, other, "+OK", "MULTI")
		expect(t, other, "+OK", "DISCARD")
		if _, err := c.Do("c"); err != nil {
			t.Fatal(err)
		}
		receive(t, c, ":1")
		want := map[string]string{"YES": `"0"`, "SYNC": `"3"`}[mode]
		eventually(t, other, want, "GET", "k")
	}
}

func TestScriptKillEndsASession(t *testing.T) {
	addr := start(t)
	other := dial(t, addr)
	c := debug(t, addr, "YES", writing)
	if _, err := c.Do("s"); err != nil {
		t.Fatal(err)
	}
	expect(t, other, "+OK", "SCRIPT", "KILL")
	receive(t, c, "[+<endsession>]")
	v, _ := c.Receive()
	if got := text(v); !strings.HasPrefix(got, "-ERR Script killed by user with SCRIPT KILL...") {
		t.Fatal(got)
	}
	eventually(t, other, "(nil)", "GET", "k")

	// In sync mode a script that has written is killed by force only, as ever.
	c = debug(t, addr, "SYNC", writing)
	if _, err := c.Do("s"); err != nil {
		t.Fatal(err)
	}
	if got := reply(t, other, "SCRIPT", "KILL"); !strings.HasPrefix(got, "-UNKILLABLE") {
		t.Fatal(got)
	}
	expect(t, other, "+OK", "SCRIPT", "KILL", "FORCE")
	receive(t, c, "[+<endsession>]")
	eventually(t, other, "(nil)", "GET", "k")
}

func TestASessionEndsWithItsConnection(t *testing.T) {
	addr := start(t)
	other := dial(t, addr)
	c := debug(t, addr, "YES", writing)
	if _, err := c.Do("s"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	eventually(t, other, "(nil)", "GET", "k")

	// In sync mode the script runs on to its end, as in Redis.
	c = debug(t, addr, "SYNC", writing)
	if _, err := c.Do("b", "3"); err != nil {
		t.Fatal(err)
	}
	c.Close()
	eventually(t, other, `"3"`, "GET", "k")
}

func TestASessionWaitsForItsUserOnlySoLong(t *testing.T) {
	addr := start(t)
	other := dial(t, addr)
	expect(t, other, "+OK", "CONFIG", "SET", "script-debug-timeout", "1")
	c := debug(t, addr, "YES", writing)
	receive(t, c, "[+<endsession>]")
	v, _ := c.Receive()
	if got := text(v); !strings.HasPrefix(got, "-ERR Debug session ended: no command within script-debug-timeout") {
		t.Fatal(got)
	}
	eventually(t, other, "(nil)", "GET", "k")
	c = debug(t, addr, "SYNC", writing)
	receive(t, c, "[+<endsession>]")
	receive(t, c, ":1")
	eventually(t, other, `"3"`, "GET", "k")
}

func TestAnEndlessLoopStops(t *testing.T) {
	addr := start(t)
	expect(t, dial(t, addr), "+OK", "CONFIG", "SET", "busy-reply-threshold", "20")
	for _, loop := range []string{"while true do end", "local n = 0 repeat n = n + 1 until n < 0", "for i = 1, 1e15 do end", "local function f() return f() end f()"} {
		c := debug(t, addr, "YES", loop)
		for range 2 {
			expect(t, c, stopped(1, "timeout reached, infinite loop?", loop), "c")
		}
		expect(t, c, "[+<endsession>]", "a")
	}
}

// A client may send several commands at once, and type them without a client program.
func TestCommandsInOneWrite(t *testing.T) {
	nc, err := net.Dial("tcp", start(t))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	nc.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprint(nc, "script debug yes\r\n")
	r := bufio.NewReader(nc)
	read := func(want string) {
		t.Helper()
		for _, line := range strings.Split(want, "|") {
			if got, err := r.ReadString('\n'); got != line+"\r\n" {
				t.Fatalf("got %q, %v, want %q", got, err, line)
			}
		}
	}
	read("+OK")
	// The reply of a command before comes first, although it waits for the disk.
	fmt.Fprint(nc, "set k v\r\neval \"local a = redis.call('get', 'k')\\nlocal b = a\\nreturn b\" 0\r\n")
	read("+OK|*2|+* Stopped at 1, stop reason = step over|+-> 1   local a = redis.call('get', 'k')")
	fmt.Fprint(nc, "s\r\np a\r\n*1\r\n$1\r\nc\r\n")
	read(`*4|+<redis> get k|+<reply> "v"|+* Stopped at 2, stop reason = step over|+-> 2   local b = a|*1|+<value> "v"|*1|+<endsession>|$1|v`)
	if _, err := r.ReadByte(); err == nil {
		t.Fatal("the connection is still open")
	}
}

func TestRefusals(t *testing.T) {
	addr := start(t)
	c := dial(t, addr)
	expect(t, c, "-ERR Use SCRIPT DEBUG YES/SYNC/NO", "SCRIPT", "DEBUG", "MAYBE")
	expect(t, c, "+OK", "SCRIPT", "DEBUG", "YES")
	expect(t, c, "+OK", "MULTI")
	expect(t, c, "+QUEUED", "EVAL", "return 1", "0")
	expect(t, c, "[-ERR Scripts in a transaction cannot be debugged]", "EXEC")
	expect(t, c, "+RESET", "RESET")
	expect(t, c, ":1", "EVAL", "return 1", "0")
	c.Send("PING")
	c.Send("SCRIPT", "DEBUG", "YES")
	if err := c.Flush(); err != nil {
		t.Fatal(err)
	}
	receive(t, c, "+PONG")
	receive(t, c, "-ERR SCRIPT DEBUG must be called outside a pipeline")
	expect(t, c, ":0", "EVAL", "if redis.breakpoint() then return 1 end redis.debug(1) return 0", "0")
}

// The end of the server is the end of the session, and of everything that its script did.
func TestServerEndsDuringASession(t *testing.T) {
	s, err := server.New(server.Options{Addr: "127.0.0.1:0", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	debug(t, s.Addr(), "SYNC", writing)
	s.Close()
}

// Sessions over connections that the loop cannot poll are refused, and the connection goes on.
func TestInProcessConnection(t *testing.T) {
	s, err := server.New(server.Options{Addr: "none", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Close)
	c := respclient.New(s.Dial())
	t.Cleanup(func() { c.Close() })
	expect(t, c, "+OK", "SCRIPT", "DEBUG", "YES")
	expect(t, c, "-ERR Scripts of this connection cannot be debugged", "EVAL", "return 1", "0")
	expect(t, c, "+PONG", "PING")
}
