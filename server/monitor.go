package server

import (
	"fmt"
	"slices"

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

// feedMonitors sends the line of a command that is about to run: time, database, client, arguments.
func (s *Server) feedMonitors(c *conn, spec *command.Spec, args [][]byte) {
	from := c.addr
	if c.unix {
		from = "unix:" + c.addr[:len(c.addr)-len(":0")]
	}
	s.monitorLine(spec, c.db.Index(), from, args)
}

func (s *Server) monitorLine(spec *command.Spec, db int, from string, args [][]byte) {
	if spec.Flags&(command.SkipMonitor|command.Admin) != 0 {
		return
	}
	line := fmt.Appendf(nil, "+%d.%06d [%d %s]", s.us/1e6, s.us%1e6, db, from)
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
