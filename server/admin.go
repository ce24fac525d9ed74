package server

import (
	"path/filepath"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
)

// administration declares the commands about the server as a whole, but for CONFIG.
func (s *Server) administration() []command.Spec {
	const admin = command.Admin | command.NoScript
	const read = command.Loading | command.Stale
	g := command.GroupServer
	return []command.Spec{
		s.aclSpec(),
		s.debugSpec(),
		{Name: "backup", Arity: 2, Flags: admin | command.NoAsyncLoading | command.NoMulti | command.Internal, Group: g, Since: "extension", Do: s.backup, Complexity: "O(N) where N is the number of files of the store",
			Summary: "Writes a copy of the store, a data directory of its own, into a new directory.", Syntax: "directory"},
		{Name: "bgrewriteaof", Arity: 1, Flags: admin | command.NoAsyncLoading, Group: g, Since: "1.0.0", Do: s.bgrewriteaof, Complexity: "O(1)",
			Summary: "Asynchronously rewrites the append-only file to disk."},
		{Name: "bgsave", Arity: -1, Flags: admin | command.NoAsyncLoading, Group: g, Since: "1.0.0", Do: s.bgsave, Complexity: "O(1)",
			Summary: "Asynchronously saves the database(s) to disk.", Syntax: "[SCHEDULE]"},
		{Name: "info", Arity: -1, Flags: read, Group: g, Categories: "dangerous", Since: "1.0.0", Do: s.info, Tips: []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}, Complexity: "O(1)",
			Summary: "Returns information and statistics about the server.", Syntax: "[section [section ...]]"},
		{Name: "lastsave", Arity: 1, Flags: read | command.Fast, Group: g, Categories: "admin dangerous", Since: "1.0.0", Do: s.lastsave, Complexity: "O(1)",
			Summary: "Returns the Unix timestamp of the last successful save to disk.", Tips: []string{"nondeterministic_output"}},
		s.latencySpec(),
		{Name: "lolwut", Arity: -1, Flags: command.ReadOnly | command.Fast, Group: g, Since: "5.0.0", Do: s.lolwut, Complexity: "O(1)", Summary: "Displays computer art and the server's version.", Syntax: "[VERSION version]"},
		{Name: "module", Arity: -2, Group: g, Since: "4.0.0", Complexity: "Depends on subcommand.", Summary: "A container for module commands.", Sub: []command.Spec{
			{Name: "list", Arity: 2, Flags: admin, Group: g, Since: "4.0.0", Complexity: "O(N) where N is the number of loaded modules.", Summary: "Returns all loaded modules.", Tips: []string{"nondeterministic_output_order"},
				Do: func(x *command.Ctx) error { x.Reply.Array(0); return nil }},
			s.help("module", g, "5.0.0", "LIST", "    Return a list of loaded modules."),
		}},
		{Name: "monitor", Arity: 1, Flags: admin | read, Group: g, Since: "1.0.0", Do: s.monitor, Complexity: "O(1)", Summary: "Listens for all requests received by the server in real-time."},
		{Name: "replicaof", Arity: 3, Flags: admin | command.Stale | command.NoAsyncLoading, Group: g, Since: "5.0.0", Do: s.replicaof, Complexity: "O(1)", Summary: "Configures a server as replica of another, or promotes it to a master.", Syntax: "<host port | NO ONE>"},
		{Name: "role", Arity: 1, Flags: command.NoScript | read | command.Fast, Group: g, Categories: "admin dangerous", Since: "2.8.12", Do: s.role, Complexity: "O(1)", Summary: "Returns the replication role."},
		{Name: "save", Arity: 1, Flags: admin | command.NoAsyncLoading | command.NoMulti, Group: g, Since: "1.0.0", Do: s.save, Complexity: "O(1)", Summary: "Synchronously saves the database(s) to disk."},
		{Name: "shutdown", Arity: -1, Flags: admin | read | command.NoMulti | command.AllowBusy, Group: g, Since: "1.0.0", Do: s.shutdownCmd, Complexity: "O(1)",
			Summary: "Synchronously saves the database(s) to disk and shuts down the Redis server.", Syntax: "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]"},
		{Name: "slaveof", Arity: 3, Flags: admin | command.Stale | command.NoAsyncLoading, Group: g, Since: "1.0.0", Do: s.replicaof, Complexity: "O(1)", Summary: "Sets a Redis server as a replica of another, or promotes it to being a master.", Syntax: "<host port | NO ONE>"},
		s.slowlogSpec(),
		{Name: "time", Arity: 1, Flags: read | command.Fast, Group: g, Since: "2.6.0", Do: timeCmd, Complexity: "O(1)", Summary: "Returns the server time.", Tips: []string{"nondeterministic_output"}},
		{Name: "wait", Arity: 3, Group: command.GroupGeneric, Categories: "-group connection", Since: "3.0.0", Do: s.waitCmd, Complexity: "O(1)",
			Summary: "Blocks until the asynchronous replication of all preceding write commands sent by the connection is completed.", Syntax: "numreplicas timeout", Tips: []string{"request_policy:all_shards", "response_policy:agg_min"}},
		{Name: "waitaof", Arity: 4, Group: command.GroupGeneric, Categories: "-group connection", Since: "7.2.0", Do: s.waitaof, Complexity: "O(1)",
			Summary: "Blocks until all of the preceding write commands sent by the connection are written to the append-only file of the master and/or replicas.", Syntax: "numlocal numreplicas timeout", Tips: []string{"request_policy:all_shards", "response_policy:agg_min"}},
	}
}

func timeCmd(x *command.Ctx) error {
	us := x.KS.NowMicros()
	var sec, frac [20]byte
	x.Reply.Array(2)
	x.Reply.Bulk(strconv.AppendInt(sec[:0], us/1e6, 10))
	x.Reply.Bulk(strconv.AppendInt(frac[:0], us%1e6, 10))
	return nil
}

// backup copies the store into a new directory on the server's machine. A path from elsewhere than this machine must be relative: it
// is then taken within the data directory. BACKUP directory
func (s *Server) backup(x *command.Ctx) error {
	dir := string(x.Args[1])
	c, ok := x.Client.(*conn)
	switch {
	case s.store == nil:
		return command.Error("ERR nothing is durable here: appendonly is no")
	case dir == "" || strings.Contains(dir, "\x00"):
		return command.ErrSyntax
	case filepath.IsAbs(dir) && (!ok || c.remote != nil && !c.remote.IsLoopback()):
		return command.Error("ERR an absolute path is taken from clients on this machine only")
	case !filepath.IsAbs(dir) && !filepath.IsLocal(dir):
		return command.Error("ERR the path leaves the data directory")
	case !filepath.IsAbs(dir):
		dir = filepath.Join(s.config.dir, dir)
	}
	s.commitUnit()
	if err := s.store.Checkpoint(dir); err != nil {
		return command.Error("ERR " + err.Error())
	}
	x.Reply.Status("OK")
	return nil
}

func (s *Server) bgrewriteaof(x *command.Ctx) error {
	x.Reply.Status("Background append only file rewriting started")
	return nil
}

func (s *Server) lastsave(x *command.Ctx) error {
	x.Reply.Int(s.stats.lastSave)
	return nil
}

func (s *Server) role(x *command.Ctx) error {
	x.Reply.Array(3)
	x.Reply.BulkString("master")
	x.Reply.Int(0)
	x.Reply.Array(0)
	return nil
}

func (s *Server) replicaof(x *command.Ctx) error {
	if x.Is(1, "no") && x.Is(2, "one") {
		x.Reply.Status("OK")
		return nil
	}
	if n, ok := command.ParseInt(x.Args[2]); !ok || n < 0 || n > 65535 {
		return command.Error("ERR Invalid master port")
	}
	return command.Error("ERR replication is not supported by this server")
}

// waitCmd answers at once: there are no replicas.
func (s *Server) waitCmd(x *command.Ctx) error {
	if _, err := x.Int(1); err != nil {
		return err
	}
	if err := checkTimeout(x, 2); err != nil {
		return err
	}
	x.Reply.Int(0)
	return nil
}

// waitaof counts this server's disk; the reply itself waits for it.
func (s *Server) waitaof(x *command.Ctx) error {
	local, err := x.Int(1)
	if err != nil {
		return err
	}
	if local < 0 || local > 1 {
		return command.Error("ERR value is out of range, value must between 0 and 1")
	}
	if n, ok := command.ParseInt(x.Args[2]); !ok || n < 0 {
		return command.ErrPositive
	}
	if err := checkTimeout(x, 3); err != nil {
		return err
	}
	if local > 0 && s.store == nil {
		return command.Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
	}
	x.KS.ReadAll()
	x.Reply.Array(2)
	x.Reply.Int(local)
	x.Reply.Int(0)
	return nil
}

func checkTimeout(x *command.Ctx, i int) error {
	n, ok := command.ParseInt(x.Args[i])
	if !ok {
		return command.Error("ERR timeout is not an integer or out of range")
	}
	if n < 0 {
		return command.Error("ERR timeout is negative")
	}
	return nil
}

func (s *Server) lolwut(x *command.Ctx) error {
	for i := 2; i < len(x.Args); i++ {
		if _, err := x.Int(i); err != nil {
			return err
		}
	}
	const width, height = 40, 10
	var b strings.Builder
	for range height {
		for range width {
			b.WriteByte(" .:-=+*#"[s.ks.Random()&7])
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nRedis ver. " + redisVersion + "\n")
	x.Reply.Verbatim("txt", b.String())
	return nil
}
