package diff

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/reply"
)

// connection is one client connection.
type connection struct {
	net.Conn
	r *bufio.Reader
}

func dial(addr string) (*connection, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReaderSize(c, 1<<16)}, nil
}

const patience = 30 * time.Second

// do sends commands at once and reads their replies.
func (c *connection) do(commands [][]string) ([]reply.Value, error) {
	var out []byte
	for _, args := range commands {
		out = respclient.AppendCommand(out, args...)
	}
	c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write(out); err != nil {
		return nil, err
	}
	return c.read(len(commands))
}

// read reads n replies or messages.
func (c *connection) read(n int) (list []reply.Value, err error) {
	for range n {
		v, err := reply.Read(c.r)
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
	return list, nil
}

// pair is the two servers: a real one and ours.
type pair struct {
	redis, own string // addresses
}

// difference is a command to which the servers reply differently.
type difference struct {
	index      int
	args       []string
	redis, own string
}

func (d *difference) String() string {
	return fmt.Sprintf("%s\nredis: %s\nevald: %s", reply.Line(d.args), d.redis, d.own)
}

// batch is how many commands are sent before replies are read.
const batch = 64

// run gives the commands to both servers, over new connections, and returns the first difference.
func (p *pair) run(commands [][]string) (*difference, error) {
	redis, err := dial(p.redis)
	if err != nil {
		return nil, err
	}
	defer redis.Close()
	own, err := dial(p.own)
	if err != nil {
		return nil, err
	}
	defer own.Close()
	ear := &listeners{}
	if slices.ContainsFunc(commands, func(args []string) bool { return slices.Equal(args, listening) }) {
		if ear, err = p.listen(); err != nil {
			return nil, err
		}
		defer ear.Close()
	}
	for from := 0; from < len(commands); from += batch {
		part := commands[from:min(from+batch, len(commands))]
		a, err := redis.do(part)
		if err != nil {
			return nil, fmt.Errorf("redis, after %q: %w", part[len(a)], err)
		}
		b, err := own.do(part)
		if err != nil {
			return nil, fmt.Errorf("evald, after %q: %w", part[len(b)], err)
		}
		for i, args := range part {
			if !same(args, a[i], b[i]) {
				return &difference{from + i, args, a[i].String(), b[i].String()}, nil
			}
		}
		x, y, err := ear.heard()
		if err != nil {
			return nil, err
		}
		if x != y {
			x, y = firstDifferent(x, y)
			return &difference{from + len(part) - 1, part[len(part)-1], "event " + x, "event " + y}, nil
		}
	}
	return nil, nil
}

// contents returns the commands that show all that a server holds.
func (p *pair) contents() (list [][]string, err error) {
	c, err := dial(p.redis)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for db := range 3 {
		selected := []string{"SELECT", fmt.Sprint(db)}
		list = append(list, selected, []string{"KEYS", "*"}, []string{"DBSIZE"})
		v, err := c.do([][]string{selected, {"KEYS", "*"}})
		if err != nil {
			return nil, err
		}
		for _, key := range v[1].Elems {
			list = append(list, []string{"TYPE", key.Text}, []string{"PEXPIRETIME", key.Text}, []string{"OBJECT", "ENCODING", key.Text})
			t, err := c.do([][]string{{"TYPE", key.Text}})
			if err != nil {
				return nil, err
			}
			for _, show := range shows()[t[0].Text] {
				args := slices.Clone(show)
				args[slices.Index(args, "")] = key.Text
				list = append(list, args)
			}
		}
	}
	return append(list, []string{"DEBUG", "DIGEST"}), nil
}

// shows are the commands that show a whole value, by type; the key's place is left empty.
func shows() map[string][][]string {
	return map[string][][]string{"string": {{"GET", ""}}, "list": {{"LRANGE", "", "0", "-1"}}, "set": {{"SMEMBERS", ""}}, "hash": {{"HGETALL", ""}},
		"zset":   {{"ZRANGE", "", "0", "-1", "WITHSCORES"}},
		"stream": {{"XRANGE", "", "-", "+"}, {"XINFO", "STREAM", ""}, {"XINFO", "GROUPS", ""}, {"XPENDING", "", "a", "-", "+", "1000"}, {"XPENDING", "", "b", "-", "+", "1000"}}}
}

// shrink returns the shortest part of the commands that it finds to give a difference still.
func (p *pair) shrink(setup, commands [][]string) ([][]string, *difference) {
	name := ""
	try := func(part [][]string) *difference {
		d, err := p.run(slices.Concat(setup, part))
		if err != nil || d == nil || name != "" && d.args[0] != name {
			return nil
		}
		return d
	}
	last := try(commands)
	if last != nil {
		name = last.args[0] // another command's difference is another story
	}
	for size := len(commands) / 2; size > 0 && last != nil; {
		shorter := false
		for from := 0; from < len(commands); {
			part := slices.Concat(commands[:from], commands[min(from+size, len(commands)):])
			if d := try(part); d != nil {
				commands, last, shorter = part[:min(len(part), max(0, d.index-len(setup)+1))], d, true
			} else {
				from += size
			}
		}
		if !shorter || size > len(commands) {
			size /= 2
		}
	}
	return commands, last
}
