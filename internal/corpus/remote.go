// Running over TCP.
package corpus

import (
	"bufio"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/evald/evald/internal/reply"
)

// Remote runs commands on a server over TCP. Its clock is the real one: Advance waits.
type Remote struct {
	Addr  string
	RESP3 bool

	clients map[string]*remote
}

type remote struct {
	net.Conn
	r                   *bufio.Reader
	blocked, subscribed bool
}

const (
	patience = 20 * time.Second      // for a reply that must come
	quiet    = 80 * time.Millisecond // after which nothing more is expected for a blocked or subscribed client
)

// Defaults are the settings that a file may change, with their values before it.
func Defaults() [][]string {
	set := func(name, value string) []string { return []string{"CONFIG", "SET", name, value} }
	return [][]string{{"FLUSHALL"}, set("hash-max-listpack-entries", "128"), set("hash-max-listpack-value", "64"), set("set-max-intset-entries", "512"),
		set("zset-max-listpack-entries", "128"), set("zset-max-listpack-value", "64"), set("list-max-listpack-size", "-2"),
		set("notify-keyspace-events", ""), set("maxmemory-policy", "noeviction"), set("proto-max-bulk-len", "536870912")}
}

// Reset empties the server and gives it the default settings.
func (r *Remote) Reset() error {
	for _, args := range Defaults() {
		v, err := r.Do("c0", args)
		if err == nil && v[0].Kind == '-' {
			err = errors.New(strings.Join(args, " ") + ": " + v[0].Text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Close closes all clients.
func (r *Remote) Close() {
	for _, c := range r.clients {
		c.Close()
	}
}

func (r *Remote) client(name string) (*remote, error) {
	if c := r.clients[name]; c != nil {
		return c, nil
	}
	conn, err := net.Dial("tcp", r.Addr)
	if err != nil {
		return nil, err
	}
	c := &remote{Conn: conn, r: bufio.NewReader(conn)}
	if r.clients == nil {
		r.clients = map[string]*remote{}
	}
	r.clients[name] = c
	if r.RESP3 {
		if err := c.send([]string{"HELLO", "3"}); err != nil {
			return nil, err
		}
		if _, err := c.read(patience); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *remote) send(args []string) error {
	var b []byte
	b = append(b, '*')
	b = appendLength(b, len(args))
	for _, a := range args {
		b = append(appendLength(append(b, '$'), len(a)), a...)
		b = append(b, '\r', '\n')
	}
	_, err := c.Write(b)
	return err
}

// read reads one reply; no reply and no error if none begins in time.
func (c *remote) read(wait time.Duration) ([]reply.Value, error) {
	c.SetReadDeadline(time.Now().Add(wait))
	if _, err := c.r.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	c.SetReadDeadline(time.Now().Add(patience))
	v, err := reply.Read(c.r)
	return []reply.Value{v}, err
}

// mayBlock tells whether a command may wait for a key.
func mayBlock(args []string) bool {
	switch strings.ToLower(args[0]) {
	case "blpop", "brpop", "blmove", "blmpop", "brpoplpush", "bzpopmin", "bzpopmax", "bzmpop", "xread", "xreadgroup":
		return true
	}
	return false
}

// Do implements Target.
func (r *Remote) Do(client string, args []string) ([]reply.Value, error) {
	c, err := r.client(client)
	if err != nil {
		return nil, err
	}
	if err := c.send(args); err != nil {
		return nil, err
	}
	if strings.HasSuffix(strings.ToLower(args[0]), "subscribe") {
		c.subscribed = true
	}
	if mayBlock(args) {
		v, err := c.read(quiet)
		c.blocked = err == nil && len(v) == 0
		return v, err
	}
	v, err := c.read(patience)
	if err == nil && len(v) == 0 {
		err = errors.New("no reply")
	}
	return v, err
}

// Others implements Target.
func (r *Remote) Others(but string) (map[string][]reply.Value, error) {
	m := map[string][]reply.Value{}
	for name, c := range r.clients {
		if c.subscribed {
			v, err := c.untilPong()
			if err != nil {
				return nil, err
			}
			if len(v) > 0 {
				m[name] = v
			}
			continue
		}
		for c.blocked && name != but {
			v, err := c.read(quiet)
			if err != nil {
				return nil, err
			}
			if len(v) == 0 {
				break
			}
			c.blocked = false
			m[name] = append(m[name], v...)
		}
	}
	return m, nil
}

// untilPong returns what a subscribed client was sent so far: what comes before the answer to a PING.
func (c *remote) untilPong() (list []reply.Value, err error) {
	if err := c.send([]string{"PING"}); err != nil {
		return nil, err
	}
	for {
		v, err := c.read(patience)
		if err == nil && len(v) == 0 {
			err = errors.New("no answer to PING")
		}
		if err != nil {
			return nil, err
		}
		if strings.EqualFold(v[0].Text, "pong") || len(v[0].Elems) > 0 && v[0].Elems[0].Text == "pong" {
			return list, nil
		}
		list = append(list, v...)
	}
}

// Advance implements Target.
func (r *Remote) Advance(ms int64) error {
	<-time.After(time.Duration(ms) * time.Millisecond)
	return nil
}

// Between implements Target.
func (r *Remote) Between() {}

func appendLength(b []byte, n int) []byte {
	b = strconv.AppendInt(b, int64(n), 10)
	return append(b, '\r', '\n')
}
