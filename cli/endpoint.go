// This file is where import and export find a server: HOST:PORT, a Unix socket, or a redis:// URL with a password.
package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/evald/evald/client/respclient"
)

// endpoint is a server and how to log in.
type endpoint struct {
	addr           string // as respclient.Dial takes it; without a password, for messages
	user, password string
	tls            bool
	db             int // the database the URL names, allDatabases if it names none
}

const allDatabases = -1

// parseEndpoint reads HOST:PORT, a path, or redis[s]://[user:password@]host[:port][/db].
func parseEndpoint(s string) (endpoint, error) {
	if !strings.Contains(s, "://") {
		return endpoint{addr: s, db: allDatabases}, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" {
		// The error of url.Parse would repeat the password.
		return endpoint{}, fmt.Errorf("not a URL of the form redis://[user:password@]host[:port][/db]")
	}
	e := endpoint{addr: u.Host, user: u.User.Username(), tls: u.Scheme == "rediss", db: allDatabases}
	e.password, _ = u.User.Password()
	if u.Port() == "" {
		e.addr = strings.TrimSuffix(u.Host, ":") + ":6379"
	}
	if path := strings.Trim(u.Path, "/"); path != "" {
		if e.db, err = strconv.Atoi(path); err != nil || e.db < 0 {
			return endpoint{}, fmt.Errorf("%q is not the number of a database", path)
		}
	}
	return e, nil
}

// dial connects and logs in. The connection closes when ctx ends.
func (e endpoint) dial(ctx context.Context) (*respclient.Client, error) {
	c, err := e.connect(ctx)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	if e.user != "" || e.password != "" {
		login := []string{"AUTH", e.user, e.password}
		if e.user == "" { // servers before 6.0 know no users
			login = []string{"AUTH", e.password}
		}
		if _, err := c.Do(login...); err != nil {
			c.Close()
			return nil, fmt.Errorf("log in to %s: %w", e.addr, err)
		}
	}
	return c, nil
}

func (e endpoint) connect(ctx context.Context) (*respclient.Client, error) {
	if !e.tls {
		return respclient.Dial(ctx, e.addr)
	}
	conn, err := new(tls.Dialer).DialContext(ctx, "tcp", e.addr)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", e.addr, err)
	}
	return respclient.New(conn), nil
}
