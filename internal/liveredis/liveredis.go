// Package liveredis runs a real redis-server for tests that record goldens from it.
package liveredis

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// Client is a connection to a redis-server that lives as long as the test.
type Client struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

// Error is an error reply.
type Error string

// Start runs redis-server on a free loopback port, without persistence, with extra command-line arguments.
func Start(t testing.TB, args ...string) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	l.Close()
	cmd := exec.Command("redis-server", append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir(),
		"--enable-debug-command", "yes"}, args...)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	go io.Copy(io.Discard, out)
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	deadline := time.Now().Add(10 * time.Second)
	for {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			t.Cleanup(func() { conn.Close() })
			return &Client{t: t, conn: conn, r: bufio.NewReader(conn)}
		}
		if time.Now().After(deadline) {
			t.Fatalf("connect to redis-server: %v", err)
		}
	}
}

// Do sends one command and returns its reply: string, int64, nil, Error or []any of these.
// Arguments may be string, []byte or anything fmt prints.
func (c *Client) Do(args ...any) any {
	c.t.Helper()
	buf := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		var s string
		switch a := a.(type) {
		case []byte:
			s = string(a)
		default:
			s = fmt.Sprint(a)
		}
		buf = fmt.Appendf(buf, "$%d\r\n%s\r\n", len(s), s)
	}
	if _, err := c.conn.Write(buf); err != nil {
		c.t.Fatalf("send to redis-server: %v", err)
	}
	return c.reply()
}

func (c *Client) reply() any {
	c.t.Helper()
	line, err := c.r.ReadString('\n')
	if err != nil {
		c.t.Fatalf("read from redis-server: %v", err)
	}
	kind, line := line[0], line[1:len(line)-2]
	switch kind {
	case '+':
		return line
	case '-':
		return Error(line)
	}
	n, err := strconv.ParseInt(line, 10, 64)
	if err != nil {
		c.t.Fatalf("reply of redis-server: %c%s", kind, line)
	}
	switch {
	case kind == ':':
		return n
	case n < 0:
		return nil
	case kind == '$':
		b := make([]byte, n+2)
		if _, err := io.ReadFull(c.r, b); err != nil {
			c.t.Fatalf("read from redis-server: %v", err)
		}
		return string(b[:n])
	}
	list := make([]any, n)
	for i := range list {
		list[i] = c.reply()
	}
	return list
}
