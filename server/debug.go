package server

import (
	"strconv"
	"strings"
	"time"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/engine/glob"
	"github.com/evald/evald/server/resp"
)

// DEBUG: the subcommands that tests of clients and of Redis use, behind enable-debug-command.

const debugHelp = `CHANGE-REPL-ID
    Change the replication IDs of the instance: does nothing here.
CLOCK [<unix-microseconds> | REAL]
    Show or set the server's clock, for tests; REAL gives the system's back.
DIGEST
    Output a hex signature representing the current DB content.
DIGEST-VALUE <key> [<key> ...]
    Output a hex signature of the values of all the specified keys.
ERROR <string>
    Return a Redis protocol error with <string> as message. Useful for clients
    unit tests to simulate Redis errors.
FLUSHALL
    Remove every key, as FLUSHALL.
HTSTATS <dbid>
    Return how many keys a database has, and how many of them expire.
HTSTATS-KEY <key>
    Return how many elements the hash table stored at <key> has.
JMAP
    Does nothing.
LISTPACK <key>
    Check that the value of <key> is a listpack.
LOG <message>
    Write <message> to the server log.
OBJECT <key>
    Show low level info about ` + "`key`" + ` and associated value.
PANIC
    Crash the server simulating a panic.
PAUSE-CRON <0|1>
    Stop periodic cron job processing: does nothing here.
POPULATE <count> [<prefix>] [<size>]
    Create <count> string keys named key:<num>. If <prefix> is specified then
    it is used instead of the 'key' prefix.
PROTOCOL <type>
    Reply with a test value of the specified type. <type> can be: string,
    integer, double, bignum, null, array, set, map, attrib, push, verbatim,
    true, false.
QUICKLIST-PACKED-THRESHOLD <size>
    Does nothing here.
QUICKLIST <key> [<0|1>]
    Check that the value of <key> is a quicklist.
RELOAD [option ...]
    Encode all data as the store keeps it, load it again and compare.
REPLYBUFFER PEAK-RESET-TIME|RESIZING <value>
    Does nothing here.
SDSLEN <key>
    Show the lengths of <key> and of its string value.
SET-ACTIVE-EXPIRE <0|1>
    Setting it to 0 disables expiring keys in background when they are not
    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the
    default.
SET-DISABLE-DENY-SCRIPTS <0|1>
    Let scripts call the commands that are denied to them, or not.
SLEEP <seconds>
    Stop the server for <seconds>. Decimals allowed.
STRINGMATCH-LEN <pattern> <string>
    Match a string with a pattern.`

func (s *Server) debugSpec() command.Spec {
	return command.Spec{Name: "debug", Arity: -2, Flags: command.Admin | command.NoScript | command.Loading | command.Stale | command.Protected,
		Group: command.GroupServer, Since: "1.0.0", Complexity: "Depends on subcommand.", Summary: "A container for debugging commands.",
		Syntax: "subcommand [arg [arg ...]]", Do: s.debug}
}

const errDebugOff command.Error = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, " +
	"otherwise you need to set this option in the configuration file, and then restart the server."

func (s *Server) debug(x *command.Ctx) error {
	if !s.allowsProtected(x.Client, s.config.enableDebug) {
		return errDebugOff
	}
	n, name := len(x.Args), strings.ToLower(string(x.Args[1]))
	r := x.Reply
	switch {
	case name == "help":
		return s.help("debug", command.GroupServer, "1.0.0", strings.Split(debugHelp, "\n")...).Do(x)
	case name == "change-repl-id" && n == 2, name == "jmap" && n == 2, name == "pause-cron" && n == 3,
		name == "replybuffer" && n == 4 && (x.Is(2, "peak-reset-time") || x.Is(2, "resizing")), name == "loadaof" && n == 2,
		name == "set-skip-checksum-validation" && n == 3, name == "config-rewrite-force-all" && n == 2:
		r.Status("OK")
	case name == "clock":
		return s.debugClock(x)
	case name == "error" && n == 3:
		r.Error(string(x.Args[2]))
	case name == "flushall" && n == 2:
		x.KS.FlushAll()
		r.Status("OK")
	case name == "log" && n == 3:
		s.opts.Log.Printf("DEBUG LOG: %s", x.Args[2])
		r.Status("OK")
	case name == "panic" && n == 2:
		panic("DEBUG PANIC was called")
	case name == "populate" && n >= 3 && n <= 5:
		return debugPopulate(x)
	case name == "protocol" && n == 3:
		return debugProtocol(x)
	case name == "reload" && s.reloadsOver(x):
		return command.Error("ERR Error trying to load the RDB dump")
	case name == "quicklist-packed-threshold" && n == 3:
		if size, err := parseMemory(string(x.Args[2])); err != nil || size > 1<<32-1<<20 {
			return command.Error("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
		}
		r.Status("OK")
	case name == "set-disable-deny-scripts" && n == 3:
		s.scripts.AnyCommand = string(x.Args[2]) != "0"
		r.Status("OK")
	case name == "sleep" && n == 3:
		seconds, err := x.Float(2)
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(seconds * float64(time.Second)))
		r.Status("OK")
	case name == "stringmatch-len" && n == 4:
		r.Bool(glob.Match(x.Args[2], x.Args[3]))
	default:
		return command.Debug(x)
	}
	return nil
}

// debugClock sets the clock from which turns take their time; it takes effect with the next turn. DEBUG CLOCK [us | REAL]
func (s *Server) debugClock(x *command.Ctx) error {
	switch {
	case len(x.Args) == 2:
		x.Reply.Int(x.KS.NowMicros())
		return nil
	case len(x.Args) > 3:
		return command.ErrSyntax
	case x.Is(2, "real"):
		s.clock = s.opts.Clock
	default:
		us, err := x.Int(2)
		if err != nil {
			return err
		}
		if us < x.KS.NowMicros() {
			return command.Error("ERR time cannot run backwards")
		}
		s.clock = func() int64 { return us }
	}
	x.Reply.Status("OK")
	return nil
}

// reloadsOver tells whether DEBUG RELOAD would load over what is there: with NOFLUSH and without MERGE. Redis fails at a library that is
// there, and ends at such a key.
func (s *Server) reloadsOver(x *command.Ctx) bool {
	noflush := false
	for i := 2; i < len(x.Args); i++ {
		if x.Is(i, "merge") {
			return false
		}
		noflush = noflush || x.Is(i, "noflush")
	}
	if !noflush {
		return false
	}
	keys := s.scripts.Info().Libraries
	for i := range x.KS.Databases() {
		keys += x.KS.DB(i).Len()
	}
	return keys > 0
}

func debugPopulate(x *command.Ctx) error {
	count, err := x.Int(2)
	if err != nil {
		return err
	}
	prefix, size := "key", int64(0)
	if len(x.Args) > 3 {
		prefix = string(x.Args[3])
	}
	if len(x.Args) > 4 {
		if size, err = x.Int(4); err != nil {
			return err
		}
	}
	if count < 0 || size < 0 || size > int64(x.Env.MaxBulk) {
		return command.ErrOutOfRange
	}
	var key, val []byte
	for i := range count {
		key = strconv.AppendInt(append(append(key[:0], prefix...), ':'), i, 10)
		if x.DB.Has(key) {
			continue
		}
		val = strconv.AppendInt(append(val[:0], "value:"...), i, 10)
		if size > 0 {
			for int64(len(val)) < size {
				val = append(val, 0)
			}
			val = val[:size]
		}
		x.DB.SetString(key, val, engine.NoTTL)
	}
	x.Reply.Status("OK")
	return nil
}

// debugProtocol replies a sample of each reply type.
func debugProtocol(x *command.Ctx) error {
	r := x.Reply
	switch strings.ToLower(string(x.Args[2])) {
	case "string":
		r.BulkString("Hello World")
	case "integer":
		r.Int(12345)
	case "double":
		r.Double(3.141)
	case "null":
		r.Nil()
	case "array":
		r.Array(3)
		for i := range 3 {
			r.Int(int64(i))
		}
	case "set":
		r.Set(3)
		for i := range 3 {
			r.Int(int64(i))
		}
	case "map":
		r.Map(3)
		for i := range 3 {
			r.Int(int64(i))
			r.Bool(i == 1)
		}
	case "attrib":
		if w, ok := r.(*resp.Writer); ok && w.RESP3 {
			w.Buf = append(w.Buf, "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"...)
		}
		r.BulkString("Some real reply following the attribute")
	case "push":
		if r.Proto() < 3 {
			return command.Error("ERR RESP2 is not supported by this command")
		}
		r.Push(2)
		r.BulkString("server-cpu-usage")
		r.Int(42)
		r.BulkString("Some real reply following the push reply")
	case "verbatim":
		r.Verbatim("txt", "This is a verbatim\nstring")
	case "true":
		r.Bool(true)
	case "false":
		r.Bool(false)
	case "bignum":
		r.BigNumber("1234567999999999999999999999999999999")
	default:
		return command.Error("ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")
	}
	return nil
}
