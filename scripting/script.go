package scripting

import (
	"crypto/sha1"

	"github.com/evald/evald/engine/command"
)

func (r *Runtime) scriptSubcommands() []command.Spec {
	sub := func(name string, arity int, flags command.Flags, since, complexity, summary, syntax string, do command.Handler) command.Spec {
		return command.Spec{Name: name, Arity: arity, Flags: flags, Group: command.GroupScripting, Since: since, Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	exists := sub("exists", -3, command.NoScript, "2.6.0", "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
		"Determines whether server-side Lua scripts exist in the script cache.", "sha1 [sha1 ...]", r.scriptExists)
	exists.Tips = []string{"request_policy:all_shards", "response_policy:agg_logical_and"}
	load := sub("load", 3, command.NoScript|command.Stale, "2.6.0", "O(N) with N being the length in bytes of the script body.", "Loads a server-side Lua script to the script cache.", "script", r.scriptLoad)
	flush := sub("flush", -2, command.NoScript, "2.6.0", "O(N) with N being the number of scripts in cache", "Removes all server-side Lua scripts from the script cache.", "[ASYNC | SYNC]", r.scriptFlush)
	kill := sub("kill", -2, command.NoScript|command.AllowBusy, "2.6.0", "O(1)", "Terminates a server-side Lua script during execution.", "[FORCE]", r.scriptKill)
	for _, s := range []*command.Spec{&load, &flush} {
		s.Tips = []string{"request_policy:all_nodes", "response_policy:all_succeeded"}
	}
	kill.Tips = []string{"request_policy:all_shards", "response_policy:one_succeeded"}
	return []command.Spec{
		sub("debug", 3, command.NoScript, "3.2.0", "O(1)", "Sets the debug mode of server-side Lua scripts.", "<YES | SYNC | NO>", r.scriptDebug),
		exists, flush,
		sub("help", 2, command.Loading|command.Stale, "5.0.0", "O(1)", "Returns helpful text about the different subcommands.", "", scriptHelp),
		kill, load,
		sub("explain", -4, command.NoScript|command.Write, "extension", "Depends on the script that is executed.", "Runs a script, undoes what it did, and replies its result and the write commands it called.", "script numkeys [key [key ...]] [arg [arg ...]]", r.scriptExplain),
		sub("list", 2, command.NoScript, "extension", "O(N) with N being the number of cached scripts", "Lists the cached scripts.", "", r.scriptList),
		sub("profile", 4, command.NoScript, "extension", "O(1)", "Switches profiling of a script or function, or replies its profile by line.", "sha1 <ON | OFF | REPORT>", r.scriptProfile),
		sub("stats", -2, command.NoScript, "extension", "O(N) with N being the number of scripts", "Returns counters and run times of a script or function, or of all.", "[sha1] [RESET]", r.scriptStats),
		sub("show", 3, command.NoScript, "8.0.0", "O(1)", "Show server-side Lua script in the script cache.", "sha1", r.scriptShow),
	}
}

// scriptLoad compiles and keeps a script; it survives a restart.
func (r *Runtime) scriptLoad(c *command.Ctx) error {
	var sha [2 * sha1.Size]byte
	shaOf(&sha, c.Args[2])
	s := r.scripts.get(sha[:])
	if s == nil {
		var err error
		if s, err = r.compile(string(sha[:]), c.Args[2]); err != nil {
			return err
		}
		r.scripts.add(s, false)
		r.touchScript(s)
	} else if r.scripts.pin(s) {
		r.touchScript(s)
	}
	c.KS.ReadAll()
	c.Reply.Bulk(sha[:])
	return nil
}

func (r *Runtime) scriptExists(c *command.Ctx) error {
	c.Reply.Array(len(c.Args) - 2)
	for _, sha := range c.Args[2:] {
		if r.script(sha) != nil {
			c.Reply.Int(1)
		} else {
			c.Reply.Int(0)
		}
	}
	return nil
}

func (r *Runtime) scriptFlush(c *command.Ctx) error {
	if len(c.Args) > 3 || len(c.Args) == 3 && !c.Is(2, "sync") && !c.Is(2, "async") {
		return errFlushMode
	}
	r.flushScripts()
	c.Reply.Status("OK")
	return nil
}

func (r *Runtime) scriptShow(c *command.Ctx) error {
	s := r.script(c.Args[2])
	if s == nil {
		return command.ErrNoScript
	}
	c.Reply.BulkString(s.source)
	return nil
}

// scriptKill stops the running script. FORCE, an extension, stops one that has written too, and undoes what it did.
// SCRIPT KILL [FORCE]
func (r *Runtime) scriptKill(c *command.Ctx) error {
	force := len(c.Args) == 3 && c.Is(2, "force")
	if len(c.Args) > 2 && !force {
		return command.WrongArity(c.Spec.FullName())
	}
	if err := r.kill(false, force); err != nil {
		return err
	}
	c.Reply.Status("OK")
	return nil
}

func scriptHelp(c *command.Ctx) error {
	command.Help(c, "SCRIPT",
		"DEBUG (YES|SYNC|NO)", "    Set the debug mode for subsequent scripts executed.",
		"EXISTS <sha1> [<sha1> ...]", "    Return information about the existence of the scripts in the script cache.",
		"FLUSH [ASYNC|SYNC]", "    Flush the Lua scripts cache. Very dangerous on replicas.",
		"    When called without the optional mode argument, the behavior is determined by the",
		"    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
		"    * ASYNC: Asynchronously flush the scripts cache.", "    * SYNC: Synchronously flush the scripts cache.",
		"KILL", "    Kill the currently executing Lua script.",
		"LOAD <script>", "    Load a script into the scripts cache without executing it.")
	return nil
}
