// Running in process.
package corpus

import (
	"fmt"

	"github.com/evald/evald/internal/inprocess"
	"github.com/evald/evald/internal/reply"
)

// Local runs commands on an in-process server.
type Local struct {
	Server  *inprocess.Server
	RESP3   bool
	Restart bool // between every two lines

	names   []string
	clients []*inprocess.Client
}

func (l *Local) client(name string) *inprocess.Client {
	for i, n := range l.names {
		if n == name {
			return l.clients[i]
		}
	}
	c := l.Server.NewClient()
	c.Out.RESP3 = l.RESP3
	l.names, l.clients = append(l.names, name), append(l.clients, c)
	return c
}

// Do implements Target.
func (l *Local) Do(client string, args []string) ([]reply.Value, error) {
	c := l.client(client)
	if c.Blocked() {
		return nil, fmt.Errorf("%s is blocked", client)
	}
	b := make([][]byte, len(args))
	for i, a := range args {
		b[i] = []byte(a)
	}
	c.Do(b)
	return reply.Parse(c.Take())
}

// Others implements Target.
func (l *Local) Others(but string) (map[string][]reply.Value, error) {
	m := map[string][]reply.Value{}
	for i, name := range l.names {
		list, err := reply.Parse(l.clients[i].Take())
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			m[name] = list
		}
	}
	return m, nil
}

// Advance implements Target.
func (l *Local) Advance(ms int64) error {
	l.Server.Advance(ms)
	return nil
}

// Between implements Target.
func (l *Local) Between() {
	if l.Restart {
		l.Server.Restart()
	}
}
