package server

import (
	"fmt"
	"slices"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
)

// monitor makes the client a monitor: it gets a line for every command that runs.
func (s *Server) monitor(x *command.Ctx) error {
	c := x.Client.(*conn)
	if c.flags&monitoring == 0 {
		c.flags |= monitoring
		s.monitors = append(s.monitors, c)
	}
	x.Reply.Status("OK")
	return nil
}

func (s *Server) stopMonitor(c *conn) {
	if c.flags&monitoring == 0 {
		return
	}
	c.flags &^= monitoring
	if i := slices.Index(s.monitors, c); i >= 0 {
		s.monitors = slices.Delete(s.monitors, i, i+1)
	}
	if len(s.monitors) == 0 {
		s.monitors = nil
	}
}

// monitorName is how monitors see the client.
func (c *conn) monitorName() string {
	if c.unix {
		return "unix:" + c.addr[:len(c.addr)-len(":0")]
	}
	return c.addr
}

// monitorCall feeds the monitors with a call that has ended.
func (s *Server) monitorCall(x *command.Ctx) {
	if x.Spec.Flags&(command.SkipMonitor|command.Admin) != 0 || x.Mode&command.Rerun != 0 {
		return
	}
	switch {
	case x.Mode&command.InScript != 0:
		s.feedMonitors(x.DB, "lua", x.Spec, x.Args)
	case s.running != nil:
		s.feedMonitors(x.DB, s.running.monitorName(), x.Spec, x.Args)
	}
}

// feedMonitors sends the line of a command: time, database, client, arguments.
func (s *Server) feedMonitors(db *engine.DB, from string, spec *command.Spec, args [][]byte) {
	line := fmt.Appendf(nil, "+%d.%06d [%d %s]", s.us/1e6, s.us%1e6, db.Index(), from)
	for i, a := range args {
		line = append(line, ' ')
		if spec == s.specs.auth && i > 0 || spec == s.specs.hello && i > 1 {
			a = []byte("(redacted)")
		}
		line = appendQuoted(line, a)
	}
	line = append(line, '\r', '\n')
	for _, m := range s.monitors {
		m.out.Buf = append(m.out.Buf, line...)
		s.wrote(m)
	}
}

// appendQuoted appends b as redis-cli would show it.
func appendQuoted(dst, b []byte) []byte {
	dst = append(dst, '"')
	for _, c := range b {
		switch c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\a':
			dst = append(dst, `\a`...)
		case '\b':
			dst = append(dst, `\b`...)
		default:
			if c >= ' ' && c <= '~' {
				dst = append(dst, c)
			} else {
				dst = fmt.Appendf(dst, `\x%02x`, c)
			}
		}
	}
	return append(dst, '"')
}
