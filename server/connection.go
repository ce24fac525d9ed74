package server

import (
	"strings"

	"github.com/evald/evald/engine/command"
)

const (
	redisVersion = "7.4.2" // the level of compatibility
	evaldVersion = "0.1.0"
)

// connection declares the commands about the caller's own connection, but for CLIENT.
func (s *Server) connection() []command.Spec {
	const base = command.NoScript | command.Loading | command.Stale | command.Fast
	g := command.GroupConnection
	return []command.Spec{
		{Name: "auth", Arity: -2, Flags: base | command.NoAuth | command.AllowBusy, Group: g, Since: "1.0.0", Do: s.auth,
			Complexity: "O(N) where N is the number of passwords defined for the user", Summary: "Authenticates the connection.", Syntax: "[username] password"},
		{Name: "echo", Arity: 2, Flags: command.Loading | command.Stale | command.Fast, Group: g, Since: "1.0.0", Do: echo,
			Complexity: "O(1)", Summary: "Returns the given string.", Syntax: "message"},
		{Name: "hello", Arity: -1, Flags: base | command.NoAuth | command.AllowBusy, Group: g, Since: "6.0.0", Do: s.hello,
			Complexity: "O(1)", Summary: "Handshakes with the Redis server.", Syntax: "[protover [AUTH username password] [SETNAME clientname]]"},
		{Name: "ping", Arity: -1, Flags: command.Fast, Group: g, Since: "1.0.0", Do: s.ping,
			Complexity: "O(1)", Summary: "Returns the server's liveliness response.", Syntax: "[message]", Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"}},
		{Name: "quit", Arity: -1, Flags: base | command.NoAuth | command.AllowBusy, Group: g, Since: "1.0.0", Do: s.quitCmd,
			Complexity: "O(1)", Summary: "Closes the connection."},
		{Name: "reset", Arity: 1, Flags: base | command.NoAuth | command.AllowBusy, Group: g, Since: "6.2.0", Do: s.resetCmd,
			Complexity: "O(1)", Summary: "Resets the connection."},
		{Name: "select", Arity: 2, Flags: command.Loading | command.Stale | command.Fast, Group: g, Since: "1.0.0", Do: s.selectCmd,
			Complexity: "O(1)", Summary: "Changes the selected database.", Syntax: "index"},
	}
}

func echo(x *command.Ctx) error {
	x.Reply.Bulk(x.Args[1])
	return nil
}

func (s *Server) ping(x *command.Ctx) error {
	if len(x.Args) > 2 {
		return command.WrongArity(x.Spec.Name)
	}
	c, isConn := x.Client.(*conn)
	if isConn && x.Mode&command.InScript == 0 && c.subs.count() > 0 && !c.out.RESP3 {
		x.Reply.Array(2)
		x.Reply.BulkString("pong")
		if len(x.Args) == 2 {
			x.Reply.Bulk(x.Args[1])
		} else {
			x.Reply.BulkString("")
		}
		return nil
	}
	if len(x.Args) == 2 {
		x.Reply.Bulk(x.Args[1])
	} else {
		x.Reply.Status("PONG")
	}
	return nil
}

func (s *Server) selectCmd(x *command.Ctx) error {
	n, err := x.Int(1)
	if err != nil {
		return err
	}
	if n < 0 || n >= int64(s.ks.Databases()) {
		return command.ErrDBIndex
	}
	x.Client.Select(x, int(n))
	x.Reply.Status("OK")
	return nil
}

func (s *Server) quitCmd(x *command.Ctx) error {
	x.Reply.Status("OK")
	x.Client.(*conn).flags |= closeAfter
	return nil
}

// resetCmd brings the connection back to how it began.
func (s *Server) resetCmd(x *command.Ctx) error {
	c := x.Client.(*conn)
	s.forget(c)
	c.out.RESP3 = false
	c.flags &^= replyOff | replySkip | replySkipNext | noTouch | noEvict
	c.name = ""
	c.db = s.ks.DB(0)
	s.setUser(c, s.acl.defaultUser, s.acl.defaultUser.noPassword())
	x.Reply.Status("RESET")
	return nil
}

func (s *Server) auth(x *command.Ctx) error {
	if len(x.Args) > 3 {
		return command.ErrSyntax
	}
	c, name, password := x.Client.(*conn), "default", x.Args[len(x.Args)-1]
	if len(x.Args) == 3 {
		name = string(x.Args[1])
	} else if s.acl.defaultUser.has(userNoPass) {
		return command.Error("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?")
	}
	if err := s.authenticate(c, name, password, x.Mode); err != nil {
		return err
	}
	x.Reply.Status("OK")
	return nil
}

const errWrongPass command.Error = "WRONGPASS invalid username-password pair or user is disabled."

// authenticate makes name the client's user if the password is one of the user's.
func (s *Server) authenticate(c *conn, name string, password []byte, mode command.Mode) error {
	u := s.acl.users[name]
	if u == nil || !u.accepts(password) {
		s.acl.log.add(s, c, aclAuth, mode, "AUTH", name)
		return errWrongPass
	}
	s.setUser(c, u, true)
	return nil
}

// hello shakes hands. HELLO [protover [AUTH username password] [SETNAME clientname]]
func (s *Server) hello(x *command.Ctx) error {
	c := x.Client.(*conn)
	proto := int64(x.Reply.Proto())
	if len(x.Args) > 1 {
		n, ok := command.ParseInt(x.Args[1])
		if !ok {
			return command.Error("ERR Protocol version is not an integer or out of range")
		}
		if n != 2 && n != 3 {
			return command.Error("NOPROTO unsupported protocol version")
		}
		proto = n
	}
	var name, password []byte
	var setName *string
	for i := 2; i < len(x.Args); i++ {
		switch {
		case x.Is(i, "auth") && i+2 < len(x.Args):
			name, password = x.Args[i+1], x.Args[i+2]
			i += 2
		case x.Is(i, "setname") && i+1 < len(x.Args):
			text := string(x.Args[i+1])
			if err := checkClientName(text); err != nil {
				return err
			}
			setName = &text
			i++
		default:
			return command.Error("ERR Syntax error in HELLO option '" + string(x.Args[i]) + "'")
		}
	}
	if password != nil {
		if err := s.authenticate(c, string(name), password, x.Mode); err != nil {
			return err
		}
	}
	if !c.authed {
		return command.Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time")
	}
	if setName != nil {
		c.name = *setName
	}
	c.out.RESP3 = proto == 3
	r := x.Reply
	r.Map(7)
	r.BulkString("server")
	r.BulkString("redis")
	r.BulkString("version")
	r.BulkString(redisVersion)
	r.BulkString("proto")
	r.Int(proto)
	r.BulkString("id")
	r.Int(int64(c.id))
	r.BulkString("mode")
	r.BulkString("standalone")
	r.BulkString("role")
	r.BulkString("master")
	r.BulkString("modules")
	r.Array(0)
	return nil
}

// checkClientName refuses what would break CLIENT LIST's format.
func checkClientName(name string) error { return checkAttribute(name, "Client names") }

func checkAttribute(text, what string) error {
	for _, b := range []byte(text) {
		if b < '!' || b > '~' {
			return command.Error("ERR " + what + " cannot contain spaces, newlines or special characters.")
		}
	}
	return nil
}

// help makes a HELP subcommand that replies the container's usage.
func (s *Server) help(name string, g command.Group, since string, lines ...string) command.Spec {
	return command.Spec{Name: "help", Arity: 2, Flags: command.Loading | command.Stale, Group: g, Categories: helpCategories(g), Since: since, Complexity: "O(1)",
		Summary: "Returns helpful text about the different subcommands.", Do: func(x *command.Ctx) error {
			x.Reply.Array(len(lines) + 3)
			x.Reply.Status(strings.ToUpper(name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
			for _, l := range lines {
				x.Reply.Status(l)
			}
			x.Reply.Status("HELP")
			x.Reply.Status("    Prints this help.")
			return nil
		}}
}

// helpCategories: HELP of the connection commands is in their category, others only in that of their flags, as in Redis.
func helpCategories(g command.Group) string {
	if g == command.GroupPubSub {
		return "-group"
	}
	return ""
}
