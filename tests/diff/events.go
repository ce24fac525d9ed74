package diff

import "strings"

// Keyspace events of both servers, as a client hears them, are compared after every batch of a round that has them on.

// listening is the command of a round's setup that turns events on.
var listening = []string{"CONFIG", "SET", "notify-keyspace-events", "KEA"}

// listeners are clients that are subscribed to all keyspace events; without connections they hear nothing.
type listeners struct {
	redis, own *connection
}

func (p *pair) listen() (*listeners, error) {
	var l listeners
	for _, side := range []struct {
		addr string
		c    **connection
	}{{p.redis, &l.redis}, {p.own, &l.own}} {
		c, err := dial(side.addr)
		if err != nil {
			return nil, err
		}
		*side.c = c
		if _, err := c.do([][]string{{"PSUBSCRIBE", "__key*"}}); err != nil {
			return nil, err
		}
	}
	return &l, nil
}

func (l *listeners) Close() {
	l.redis.Close()
	l.own.Close()
}

// heard returns the events since the last call, a line each.
func (l *listeners) heard() (redis, own string, err error) {
	if l.redis == nil {
		return "", "", nil
	}
	if redis, err = l.redis.untilPong(); err == nil {
		own, err = l.own.untilPong()
	}
	return redis, own, err
}

// untilPong returns the messages that come before the answer to a PING.
func (c *connection) untilPong() (string, error) {
	var b strings.Builder
	v, err := c.do([][]string{{"PING"}})
	for err == nil && v[0].Elems[0].Text != "pong" {
		b.WriteString(v[0].Elems[2].Text + " " + v[0].Elems[3].Text + "\n")
		v, err = c.read(1)
	}
	return b.String(), err
}

// firstDifferent returns the first lines in which two texts differ.
func firstDifferent(a, b string) (string, string) {
	for a != "" && b != "" {
		x, restA, _ := strings.Cut(a, "\n")
		y, restB, _ := strings.Cut(b, "\n")
		if x != y {
			return x, y
		}
		a, b = restA, restB
	}
	x, _, _ := strings.Cut(a, "\n")
	y, _, _ := strings.Cut(b, "\n")
	return x, y
}
