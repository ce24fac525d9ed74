package server

import (
	"fmt"

	"github.com/evald/evald/engine/command"
)

// slowlog keeps the latest slow commands, newest last.
type slowlog struct {
	entries []slowEntry
	nextID  int64
}

type slowEntry struct {
	id, at, micros int64 // at: unix seconds
	args           []string
	addr, name     string
}

// Long commands are recorded in part.
const (
	slowMaxArgs = 32
	slowMaxArg  = 128
)

// afterCall looks at every finished call: SLOWLOG, LATENCY and client tracking.
func (s *Server) afterCall(x *command.Ctx, nanos int64) {
	s.late = s.late || nanos >= clockGrain
	if limit := int64(s.config.slowlogSlowerThan); limit >= 0 && nanos >= limit*1000 && x.Spec.Flags&command.SkipSlowlog == 0 {
		s.slow.add(s, x, nanos/1000)
	}
	if s.config.latencyThreshold > 0 {
		event := "command"
		if x.Spec.Flags&command.Fast != 0 {
			event = "fast-command"
		}
		s.latency(event, nanos)
	}
	if s.monitors != nil {
		s.monitorCall(x)
	}
	if len(s.tracked.keys) > 0 && (x.Spec == s.specs.flushall || x.Spec == s.specs.flushdb) && !s.ks.UnitTouched() {
		s.invalidateAll() // sic: even of an empty database, as clients may cache that a key is missing
	}
	c, ok := x.Client.(*conn)
	if !ok {
		c = s.running
	}
	if c != nil && c.tracking != nil {
		s.remember(c, x)
		if x.Mode&(command.InMulti|command.InScript) == 0 {
			c.forgetCaching(x.Spec)
		}
	}
}

func (l *slowlog) add(s *Server, x *command.Ctx, micros int64) {
	e := slowEntry{id: l.nextID, at: s.us / 1e6, micros: micros}
	l.nextID++
	for i, a := range x.Args {
		if i == slowMaxArgs-1 && len(x.Args) > slowMaxArgs {
			e.args = append(e.args, fmt.Sprintf("... (%d more arguments)", len(x.Args)-slowMaxArgs+1))
			break
		}
		switch {
		case redacted(x, i):
			e.args = append(e.args, "(redacted)")
		case len(a) > slowMaxArg:
			e.args = append(e.args, fmt.Sprintf("%s... (%d more bytes)", a[:slowMaxArg], len(a)-slowMaxArg))
		default:
			e.args = append(e.args, string(a))
		}
	}
	if c := s.running; c != nil {
		e.addr, e.name = c.addr, c.name
	}
	l.entries = append(l.entries, e)
	l.trim(s.config.slowlogMaxLen)
}

// redacted tells whether argument i holds a secret.
func redacted(x *command.Ctx, i int) bool {
	switch name := x.Spec.FullName(); name {
	case "config|set":
		return i > 2 && i%2 == 1 && (x.Is(i-1, "requirepass") || x.Is(i-1, "masterauth") || x.Is(i-1, "masteruser") || x.Is(i-1, "tls-key-file-pass"))
	case "acl|setuser", "acl|getuser", "acl|deluser":
		return i > 1
	case "auth":
		return i > 0
	case "hello":
		return i > 1
	}
	return false
}

func (l *slowlog) trim(limit int) {
	if over := len(l.entries) - limit; over > 0 {
		n := copy(l.entries, l.entries[over:])
		clear(l.entries[n:])
		l.entries = l.entries[:n]
	}
}

func (s *Server) applySlowlogLen() error {
	s.slow.trim(s.config.slowlogMaxLen)
	return nil
}

// applyObservers is for parameters that afterCall reads anyway.
func (s *Server) applyObservers() error { return nil }

func (s *Server) slowlogSpec() command.Spec {
	const flags = command.Admin | command.Loading | command.Stale
	g := command.GroupServer
	return command.Spec{Name: "slowlog", Arity: -2, Group: g, Since: "2.2.12", Complexity: "Depends on subcommand.", Summary: "A container for slow log commands.", Sub: []command.Spec{
		{Name: "get", Arity: -2, Flags: flags, Group: g, Since: "2.2.12", Do: s.slowlogGet, Tips: []string{"request_policy:all_nodes", "nondeterministic_output"}, Complexity: "O(N) where N is the number of entries returned", Summary: "Returns the slow log's entries.", Syntax: "[count]"},
		{Name: "len", Arity: 2, Flags: flags, Group: g, Since: "2.2.12", Do: s.slowlogLen, Tips: []string{"request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"}, Complexity: "O(1)", Summary: "Returns the number of entries in the slow log."},
		{Name: "reset", Arity: 2, Flags: flags, Group: g, Since: "2.2.12", Do: s.slowlogReset, Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}, Complexity: "O(N) where N is the number of entries in the slowlog", Summary: "Clears all entries from the slow log."},
		s.help("slowlog", g, "6.2.0",
			"GET [<count>]", "    Return top <count> entries from the slowlog (default: 10, -1 mean all).", "    Entries are made of:",
			"    id, timestamp, time in microseconds, arguments array, client IP and port,", "    client name",
			"LEN", "    Return the length of the slowlog.", "RESET", "    Reset the slowlog."),
	}}
}

func (s *Server) slowlogGet(x *command.Ctx) error {
	count := int64(10)
	if len(x.Args) > 3 {
		return command.WrongArity(x.Spec.FullName())
	}
	if len(x.Args) == 3 {
		n, ok := command.ParseInt(x.Args[2])
		if !ok || n < -1 {
			return command.Error("ERR count should be greater than or equal to -1")
		}
		count = n
	}
	entries := s.slow.entries
	if count < 0 || count > int64(len(entries)) {
		count = int64(len(entries))
	}
	r := x.Reply
	r.Array(int(count))
	for i := range int(count) {
		e := &entries[len(entries)-1-i]
		r.Array(6)
		r.Int(e.id)
		r.Int(e.at)
		r.Int(e.micros)
		r.Array(len(e.args))
		for _, a := range e.args {
			r.BulkString(a)
		}
		r.BulkString(e.addr)
		r.BulkString(e.name)
	}
	return nil
}

func (s *Server) slowlogLen(x *command.Ctx) error {
	x.Reply.Int(int64(len(s.slow.entries)))
	return nil
}

func (s *Server) slowlogReset(x *command.Ctx) error {
	s.slow.entries = nil
	x.Reply.Status("OK")
	return nil
}
