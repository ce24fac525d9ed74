// A client for the tests that compare with a live redis-server.
package lua

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
)

// command sends one command and returns its reply as text.
func (c *redisClient) command(t testing.TB, args ...string) string {
	c.send(args...)
	return c.reply(t)
}

func (c *redisClient) send(args ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	io.WriteString(c.conn, b.String())
}

// reply reads one reply that is not an array.
func (c *redisClient) reply(t testing.TB) string {
	c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	line, err := c.r.ReadString('\n')
	if err != nil {
		t.Fatalf("redis: %v", err)
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line[0] != '$' || line == "$-1" {
		return line
	}
	n, err := strconv.Atoi(line[1:])
	if err != nil {
		t.Fatalf("redis: %q", line)
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(c.r, b); err != nil {
		t.Fatalf("redis: %v", err)
	}
	return string(b[:n])
}
