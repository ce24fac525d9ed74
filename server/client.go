package server

import (
	"strings"

	"github.com/evald/evald/engine/command"
)

// client declares CLIENT.
func (s *Server) client() []command.Spec {
	const base = command.NoScript | command.Loading | command.Stale
	const admin = base | command.Admin
	g := command.GroupConnection
	sub := func(name string, arity int, flags command.Flags, since string, do command.Handler, complexity, summary, syntax string) command.Spec {
		return command.Spec{Name: name, Arity: arity, Flags: flags, Group: g, Since: since, Do: do, Complexity: complexity, Summary: summary, Syntax: syntax}
	}
	tip := func(spec command.Spec) command.Spec {
		spec.Tips = []string{"nondeterministic_output"}
		return spec
	}
	return []command.Spec{{Name: "client", Arity: -2, Group: g, Since: "2.4.0", Complexity: "Depends on subcommand.", Summary: "A container for client connection commands.", Sub: []command.Spec{
		sub("caching", 3, base, "6.0.0", s.clientCaching, "O(1)", "Instructs the server whether to track the keys in the next request.", "<YES | NO>"),
		sub("getname", 2, base, "2.6.9", s.clientGetName, "O(1)", "Returns the name of the connection.", ""),
		sub("getredir", 2, base, "6.0.0", s.clientGetRedir, "O(1)", "Returns the client ID to which the connection's tracking notifications are redirected.", ""),
		sub("id", 2, base, "5.0.0", s.clientID, "O(1)", "Returns the unique client ID of the connection.", ""),
		tip(sub("info", 2, base, "6.2.0", s.clientInfo, "O(1)", "Returns information about the connection.", "")),
		sub("kill", -3, admin, "2.4.0", s.clientKill, "O(N) where N is the number of client connections", "Terminates open connections.",
			"<ip:port | <[ID client-id] | [TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB>] | [USER username] | [ADDR ip:port] | [LADDR ip:port] | [SKIPME <YES | NO>] | [MAXAGE maxage] [...]>>"),
		tip(sub("list", -2, admin, "2.4.0", s.clientList, "O(N) where N is the number of client connections", "Lists open connections.",
			"[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID client-id [client-id ...]]")),
		sub("no-evict", 3, admin, "7.0.0", s.clientNoEvict, "O(1)", "Sets the client eviction mode of the connection.", "<ON | OFF>"),
		sub("no-touch", 3, base, "7.2.0", s.clientNoTouch, "O(1)", "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.", "<ON | OFF>"),
		sub("pause", -3, admin, "3.0.0", s.clientPause, "O(1)", "Suspends commands processing.", "timeout [WRITE | ALL]"),
		sub("reply", 3, base, "3.2.0", s.clientReply, "O(1)", "Instructs the server whether to reply to commands.", "<ON | OFF | SKIP>"),
		sub("setinfo", 4, base, "7.2.0", s.clientSetInfo, "O(1)", "Sets information specific to the client or connection.", "<LIB-NAME libname | LIB-VER libver>"),
		sub("setname", 3, base, "2.6.9", s.clientSetName, "O(1)", "Sets the connection name.", "connection-name"),
		sub("tracking", -3, base, "6.0.0", s.clientTracking, "O(1). Some options may introduce additional complexity.", "Controls server-assisted client-side caching for the connection.",
			"<ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]"),
		sub("trackinginfo", 2, base, "6.2.0", s.clientTrackingInfo, "O(1)", "Returns information about server-assisted client-side caching for the connection.", ""),
		sub("unblock", -3, admin, "5.0.0", s.clientUnblock, "O(log N) where N is the number of client connections", "Unblocks a client blocked by a blocking command from a different connection.", "client-id [TIMEOUT | ERROR]"),
		sub("unpause", 2, admin, "6.2.0", s.clientUnpause, "O(N) Where N is the number of paused clients", "Resumes processing commands from paused clients.", ""),
		s.help("client", g, "5.0.0", clientHelp...),
	}}}
}

var clientHelp = strings.Split(`CACHING (YES|NO)
    Enable/disable tracking of the keys for next command in OPTIN/OPTOUT modes.
GETREDIR
    Return the client ID we are redirecting to when tracking is enabled.
GETNAME
    Return the name of the current connection.
ID
    Return the ID of the current connection.
INFO
    Return information about the current client connection.
KILL <ip:port>
    Kill connection made from <ip:port>.
KILL <option> <value> [<option> <value> [...]]
    Kill connections. Options are:
    * ADDR (<ip:port>|<unixsocket>:0)
      Kill connections made from the specified address
    * LADDR (<ip:port>|<unixsocket>:0)
      Kill connections made to specified local address
    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
      Kill connections by type.
    * USER <username>
      Kill connections authenticated by <username>.
    * SKIPME (YES|NO)
      Skip killing current connection (default: yes).
    * ID <client-id>
      Kill connections by client id.
    * MAXAGE <maxage>
      Kill connections older than the specified age.
LIST [options ...]
    Return information about client connections. Options:
    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)
      Return clients of specified type.
UNPAUSE
    Stop the current client pause, resuming traffic.
PAUSE <timeout> [WRITE|ALL]
    Suspend all, or just write, clients for <timeout> milliseconds.
REPLY (ON|OFF|SKIP)
    Control the replies sent to the current connection.
SETNAME <name>
    Assign the name <name> to the current connection.
SETINFO <option> <value>
    Set client meta attr. Options are:
    * LIB-NAME: the client lib name.
    * LIB-VER: the client lib version.
UNBLOCK <clientid> [TIMEOUT|ERROR]
    Unblock the specified blocked client.
TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]
         [OPTIN] [OPTOUT] [NOLOOP]
    Control server assisted client side caching.
TRACKINGINFO
    Report tracking status for the current connection.
NO-EVICT (ON|OFF)
    Protect current client connection from eviction.
NO-TOUCH (ON|OFF)
    Will not touch LRU/LFU stats when this mode is on.`, "\n")

func (s *Server) clientID(x *command.Ctx) error {
	x.Reply.Int(int64(x.Client.ID()))
	return nil
}

func (s *Server) clientInfo(x *command.Ctx) error {
	x.Reply.Verbatim("txt", x.Client.(*conn).describe()+"\n")
	return nil
}

func (s *Server) clientGetName(x *command.Ctx) error {
	if name := x.Client.(*conn).name; name != "" {
		x.Reply.BulkString(name)
	} else {
		x.Reply.Nil()
	}
	return nil
}

func (s *Server) clientSetName(x *command.Ctx) error {
	name := string(x.Args[2])
	if err := checkClientName(name); err != nil {
		return err
	}
	x.Client.(*conn).name = name
	x.Reply.Status("OK")
	return nil
}

func (s *Server) clientSetInfo(x *command.Ctx) error {
	c, value := x.Client.(*conn), string(x.Args[3])
	switch {
	case x.Is(2, "lib-name"):
		if err := checkAttribute(value, "lib-name"); err != nil {
			return err
		}
		c.libName = value
	case x.Is(2, "lib-ver"):
		if err := checkAttribute(value, "lib-ver"); err != nil {
			return err
		}
		c.libVer = value
	default:
		return command.Error("ERR Unrecognized option '" + string(x.Args[2]) + "'")
	}
	x.Reply.Status("OK")
	return nil
}

func parseClass(b []byte) (class int, err error) {
	switch strings.ToLower(string(b)) {
	case "normal":
		return classNormal, nil
	case "slave", "replica":
		return classReplica, nil
	case "pubsub":
		return classPubSub, nil
	case "master":
		return classes, nil // never anyone here
	}
	return 0, command.Error("ERR Unknown client type '" + string(b) + "'")
}

// clientList replies a line per client. CLIENT LIST [TYPE type] [ID id ...]
func (s *Server) clientList(x *command.Ctx) error {
	class := -1
	var list []*conn
	switch {
	case len(x.Args) == 4 && x.Is(2, "type"):
		var err error
		if class, err = parseClass(x.Args[3]); err != nil {
			return err
		}
		list = s.clients
	case len(x.Args) > 3 && x.Is(2, "id"):
		for _, a := range x.Args[3:] {
			id, ok := command.ParseInt(a)
			if !ok {
				return command.Error("ERR Invalid client ID")
			}
			if c := s.byID[uint64(id)]; c != nil {
				list = append(list, c)
			}
		}
	case len(x.Args) == 2:
		list = s.clients
	default:
		return command.ErrSyntax
	}
	var b strings.Builder
	for _, c := range list {
		if class < 0 || c.class() == class {
			b.WriteString(c.describe())
			b.WriteByte('\n')
		}
	}
	x.Reply.Verbatim("txt", b.String())
	return nil
}

// killFilter is what CLIENT KILL selects by.
type killFilter struct {
	id          int64
	addr, laddr string
	user        *user
	class       int
	maxAge      int64
	skipMe      bool
}

// clientKill closes connections. CLIENT KILL addr | filter value ...
func (s *Server) clientKill(x *command.Ctx) error {
	me := x.Client.(*conn)
	if len(x.Args) == 3 {
		for _, c := range s.clients {
			if c.addr == string(x.Args[2]) {
				s.kill(c, me)
				x.Reply.Status("OK")
				return nil
			}
		}
		return command.Error("ERR No such client")
	}
	f, err := s.parseKill(x)
	if err != nil {
		return err
	}
	killed := 0
	for _, c := range append([]*conn(nil), s.clients...) {
		if f.matches(c, me, s.ms) {
			s.kill(c, me)
			killed++
		}
	}
	x.Reply.Int(int64(killed))
	return nil
}

func (s *Server) parseKill(x *command.Ctx) (f killFilter, err error) {
	f = killFilter{class: -1, skipMe: true}
	for i := 2; i < len(x.Args); i += 2 {
		if i+1 == len(x.Args) {
			return f, command.ErrSyntax
		}
		v := x.Args[i+1]
		switch {
		case x.Is(i, "id"):
			var ok bool
			if f.id, ok = command.ParseInt(v); !ok || f.id < 1 {
				return f, command.Error("ERR client-id should be greater than 0")
			}
		case x.Is(i, "maxage"):
			var ok bool
			if f.maxAge, ok = command.ParseInt(v); !ok {
				return f, command.Error("ERR maxage is not an integer or out of range")
			}
			if f.maxAge <= 0 {
				return f, command.Error("ERR maxage should be greater than 0")
			}
		case x.Is(i, "type"):
			if f.class, err = parseClass(v); err != nil {
				return f, err
			}
		case x.Is(i, "addr"):
			f.addr = string(v)
		case x.Is(i, "laddr"):
			f.laddr = string(v)
		case x.Is(i, "user"):
			if f.user = s.acl.users[string(v)]; f.user == nil {
				return f, command.Error("ERR No such user '" + string(v) + "'")
			}
		case x.Is(i, "skipme") && x.Is(i+1, "yes"):
			f.skipMe = true
		case x.Is(i, "skipme") && x.Is(i+1, "no"):
			f.skipMe = false
		default:
			return f, command.ErrSyntax
		}
	}
	return f, nil
}

func (f *killFilter) matches(c, me *conn, now int64) bool {
	return (f.id == 0 || uint64(f.id) == c.id) && (f.addr == "" || f.addr == c.addr) && (f.laddr == "" || f.laddr == c.laddr) &&
		(f.user == nil || f.user == c.user) && (f.class < 0 || f.class == c.class()) && (f.maxAge == 0 || (now-c.created)/1000 >= f.maxAge) &&
		(!f.skipMe || c != me)
}

// kill closes c; the caller itself only after its reply.
func (s *Server) kill(c, me *conn) {
	if c == me {
		c.flags |= closeAfter
	} else {
		s.close(c)
	}
}

func (s *Server) onOff(x *command.Ctx, flag connFlags) error {
	c := x.Client.(*conn)
	switch {
	case x.Is(2, "on"):
		c.flags |= flag
	case x.Is(2, "off"):
		c.flags &^= flag
	default:
		return command.ErrSyntax
	}
	x.Reply.Status("OK")
	return nil
}

func (s *Server) clientNoEvict(x *command.Ctx) error { return s.onOff(x, noEvict) }
func (s *Server) clientNoTouch(x *command.Ctx) error { return s.onOff(x, noTouch) }

func (s *Server) clientPause(x *command.Ctx) error {
	all := true
	if len(x.Args) == 4 {
		switch {
		case x.Is(3, "write"):
			all = false
		case x.Is(3, "all"):
		default:
			return command.Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
		}
	} else if len(x.Args) > 4 {
		return command.ErrSyntax
	}
	n, ok := command.ParseInt(x.Args[2])
	if !ok || n > 1<<62 {
		return command.Error("ERR timeout is not an integer or out of range")
	}
	if n < 0 {
		return command.Error("ERR timeout is negative")
	}
	s.pause(s.ms+n, all)
	x.Reply.Status("OK")
	return nil
}

func (s *Server) clientUnpause(x *command.Ctx) error {
	s.unpause()
	x.Reply.Status("OK")
	return nil
}

// clientReply turns replies off, on, or off for the next command. The command's own reply is dropped with OFF and SKIP.
func (s *Server) clientReply(x *command.Ctx) error {
	c := x.Client.(*conn)
	switch {
	case x.Is(2, "on"):
		c.flags &^= replyOff | replySkip | replySkipNext
		x.Reply.Status("OK")
	case x.Is(2, "off"):
		c.flags |= replyOff
	case x.Is(2, "skip"):
		if c.flags&replyOff == 0 {
			c.flags |= replySkipNext
		}
	default:
		return command.ErrSyntax
	}
	return nil
}

// dropReply takes back what the command wrote from offset from on, if CLIENT REPLY says so. Pushes of subscriptions are kept.
func (s *Server) dropReply(c *conn, from int) {
	spec := c.last
	keep := c.flags&(replyOff|replySkip) == 0 || spec != nil && spec.Flags&command.PubSub != 0 && spec.Parent() == nil && spec.Flags&command.NoScript != 0
	if !keep && len(c.out.Buf) > from {
		c.out.Buf = c.out.Buf[:from]
		for n := len(c.holds); n > 0 && c.holds[n-1].from >= from; n-- {
			c.holds = c.holds[:n-1]
		}
	}
	c.flags &^= replySkip
	if c.flags&replySkipNext != 0 {
		c.flags = c.flags&^replySkipNext | replySkip
	}
}

// clientUnblock ends another client's wait. CLIENT UNBLOCK id [TIMEOUT | ERROR]
func (s *Server) clientUnblock(x *command.Ctx) error {
	fail := false
	if len(x.Args) > 4 {
		return command.ErrSyntax
	}
	if len(x.Args) == 4 {
		switch {
		case x.Is(3, "timeout"):
		case x.Is(3, "error"):
			fail = true
		default:
			return command.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
		}
	}
	id, err := x.Int(2)
	if err != nil {
		return err
	}
	c := s.byID[uint64(id)]
	if c == nil || c.wait == nil {
		x.Reply.Int(0)
		return nil
	}
	if fail {
		s.fail(c.wait, "UNBLOCKED client unblocked via CLIENT UNBLOCK")
	} else {
		s.timeOut(c.wait)
	}
	x.Reply.Int(1)
	return nil
}
