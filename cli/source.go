// This file is the giving side of a live copy: the keys of a server by SCAN, each with DUMP and its expiry.
package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/resp"

	"github.com/evald/evald/client/respclient"
)

// source reads a server.
type source struct {
	c        *respclient.Client
	addr     string
	db       int    // the selected database
	runID    string // of this run of the server: cursors do not survive it
	version  string // of Redis, as far as it says so
	absolute bool   // it knows PEXPIRETIME (Redis 7.0)
}

// database is what INFO says of one.
type database struct {
	number         int
	keys, expiring int
}

// scanCount is how many keys a page has, about.
const scanCount = 256

func newSource(c *respclient.Client, addr string) (*source, error) {
	s := &source{c: c, addr: addr}
	var err error
	if s.runID, s.version, err = serverInfo(c); err != nil {
		return nil, s.wrap(err)
	}
	_, err = c.Do("PEXPIRETIME", "")
	if s.absolute = err == nil; s.absolute || isRefusal(err) {
		return s, nil
	}
	return nil, s.wrap(err)
}

func (s *source) wrap(err error) error { return fmt.Errorf("%s: %w", s.addr, err) }

func isRefusal(err error) bool {
	var refused respclient.Error
	return errors.As(err, &refused)
}

// serverInfo returns what tells one run of a server from another, and the version of Redis.
func serverInfo(c *respclient.Client) (runID, version string, err error) {
	v, err := c.Do("INFO", "server")
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(v.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "run_id":
			runID = value
		case "redis_version":
			version = value
		}
	}
	return runID, version, nil
}

// databases returns the databases that have keys, in order; only bounds them to one unless it is allDatabases.
func databases(c *respclient.Client, only int) ([]database, error) {
	v, err := c.Do("INFO", "keyspace")
	if err != nil {
		return nil, err
	}
	var out []database
	for line := range strings.Lines(v.String()) {
		var d database
		if n, _ := fmt.Sscanf(line, "db%d:keys=%d,expires=%d", &d.number, &d.keys, &d.expiring); n == 3 && (only == allDatabases || only == d.number) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b database) int { return a.number - b.number })
	return out, nil
}

// functions returns FUNCTION DUMP's payload, nil if there are none or the server knows none.
func (s *source) functions() ([]byte, error) {
	const footer = 10 // all there is without libraries
	v, err := s.c.Do("FUNCTION", "DUMP")
	switch {
	case err != nil && isRefusal(err) && strings.Contains(err.Error(), "unknown command"):
		return nil, nil
	case err != nil:
		return nil, s.wrap(err)
	case len(v.Bytes()) <= footer:
		return nil, nil
	}
	return v.Bytes(), nil
}

func (s *source) selectDB(db int) error {
	if _, err := s.c.Do("SELECT", strconv.Itoa(db)); err != nil {
		return s.wrap(err)
	}
	s.db = db
	return nil
}

// page calls visit with the keys of one step of SCAN and returns the cursor of the next step, "0" behind the last. A key may come twice.
func (s *source) page(cursor string, visit func(RDBEntry) error) (next string, err error) {
	v, err := s.c.Do("SCAN", cursor, "COUNT", strconv.Itoa(scanCount))
	if err != nil {
		return "", s.wrap(err)
	}
	reply := v.Array()
	if len(reply) != 2 {
		return "", s.wrap(errors.New("SCAN gave no cursor and keys"))
	}
	keys := reply[1].Array()
	for _, k := range keys {
		s.c.Send("DUMP", k.String())
		if s.absolute {
			s.c.Send("PEXPIRETIME", k.String())
		} else {
			s.c.Send("PTTL", k.String())
		}
	}
	if err := s.c.Flush(); err != nil {
		return "", s.wrap(err)
	}
	for _, k := range keys {
		e, ok, err := s.entry(k)
		if err != nil {
			return "", s.wrap(err)
		}
		if !ok {
			continue
		}
		if err := visit(e); err != nil {
			return "", err
		}
	}
	return reply[0].String(), nil
}

// entry receives a key's replies. It is not ok if the key has gone.
func (s *source) entry(key resp.Value) (e RDBEntry, ok bool, err error) {
	dump, err := s.c.Receive()
	if err != nil {
		return e, false, err
	}
	expiry, err := s.c.Receive()
	if err != nil {
		return e, false, err
	}
	e = RDBEntry{DB: s.db, Key: key.Bytes(), Payload: dump.Bytes(), Idle: -1, Freq: -1}
	at := int64(expiry.Integer())
	switch {
	case dump.IsNull() || at == -2:
		return e, false, nil
	case at < 0: // it does not expire
	case s.absolute:
		e.ExpireAt = at
	default:
		e.ExpireAt = time.Now().UnixMilli() + at
	}
	return e, true, nil
}
