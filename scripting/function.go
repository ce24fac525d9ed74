package scripting

import (
	"errors"
	"strings"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/engine/glob"
	"github.com/evald/evald/engine/rdb"
	"github.com/evald/evald/scripting/lua"
)

func (r *Runtime) functionCommands() []command.Spec {
	// What a cluster's client does with a subcommand.
	tips := map[string][]string{"kill": {"request_policy:all_shards", "response_policy:one_succeeded"}, "list": {"nondeterministic_output_order"},
		"stats": {"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}}
	for _, name := range []string{"delete", "flush", "load", "restore"} {
		tips[name] = []string{"request_policy:all_shards", "response_policy:all_succeeded"}
	}
	sub := func(name string, arity int, flags command.Flags, complexity, summary, syntax string, do command.Handler) command.Spec {
		return command.Spec{Name: name, Arity: arity, Flags: flags | command.NoScript, Group: command.GroupScripting, Since: "7.0.0",
			Complexity: complexity, Summary: summary, Syntax: syntax, Tips: tips[name], Do: do}
	}
	call := func(name, summary string, flags command.Flags, use command.KeyUse, readOnly bool) command.Spec {
		return command.Spec{Name: name, Arity: -3, Flags: flags | command.NoScript | command.SkipMonitor | command.NoMandatoryKeys | command.Stale,
			Keys: []command.KeySpec{anyUse(use)}, Group: command.GroupScripting, Since: "7.0.0", Complexity: "Depends on the function that is executed.",
			Summary: summary, Syntax: "function numkeys [key [key ...]] [arg [arg ...]]", Do: func(c *command.Ctx) error { return r.fcall(c, readOnly) }, FlagsOf: r.functionFlags, After: r.account}
	}
	few := "O(1)"
	return []command.Spec{
		call("fcall", "Invokes a function.", command.MayReplicate, command.RW|command.Access|command.Update, false),
		call("fcall_ro", "Invokes a read-only function.", command.ReadOnly, command.RO|command.Access, true),
		{Name: "function", Arity: -2, Group: command.GroupScripting, Since: "7.0.0", Complexity: "Depends on subcommand.",
			Summary: "A container for function commands.", Sub: []command.Spec{
				sub("delete", 3, command.Write, few, "Deletes a library and its functions.", "library-name", r.functionDelete),
				sub("dump", 2, 0, "O(N) where N is the number of functions", "Dumps all libraries into a serialized binary payload.", "", r.functionDump),
				sub("flush", -2, command.Write, "O(N) where N is the number of functions deleted", "Deletes all libraries and functions.", "[ASYNC | SYNC]", r.functionFlush),
				{Name: "help", Arity: 2, Flags: command.Loading | command.Stale, Group: command.GroupScripting, Since: "7.0.0", Complexity: few,
					Summary: "Returns helpful text about the different subcommands.", Do: functionHelp},
				sub("kill", 2, command.AllowBusy, few, "Terminates a function during execution.", "", r.functionKill),
				sub("list", -2, 0, "O(N) where N is the number of functions", "Returns information about all libraries.", "[LIBRARYNAME library-name-pattern] [WITHCODE]", r.functionList),
				sub("load", -3, command.Write|command.DenyOOM, "O(1) (considering compilation time is redundant)", "Creates a library.", "[REPLACE] function-code", r.functionLoad),
				sub("restore", -3, command.Write|command.DenyOOM, "O(N) where N is the number of functions on the payload", "Restores all libraries from a payload.", "serialized-value [FLUSH | APPEND | REPLACE]", r.functionRestore),
				sub("stats", 2, command.AllowBusy, few, "Returns information about a function during execution.", "", r.functionStats),
			}},
	}
}

// fcall runs a function. FCALL function numkeys [key ...] [arg ...]
func (r *Runtime) fcall(c *command.Ctx, readOnly bool) error {
	if r.Debugging(c.Client.ID()) {
		return r.debugCall(c, readOnly)
	}
	return r.runFunction(c, readOnly)
}

// runFunction is FCALL, in the debugger or not.
func (r *Runtime) runFunction(c *command.Ctx, readOnly bool) error {
	c.KS.ReadAll()
	f := r.function(c.Args[1])
	if f == nil {
		return command.Error("ERR Function not found")
	}
	n, ok := command.ParseInt(c.Args[2])
	switch {
	case !ok:
		return command.Error("ERR Bad number of keys provided")
	case n > int64(len(c.Args)-3):
		return errNumkeysRange
	case n < 0:
		return errNumkeysNegative
	}
	if err := r.admit(c, f.flags, readOnly); err != nil {
		return err
	}
	r.clearArgGlobals()
	r.begin(c, f.name, scriptLimits{flags: f.flags}, readOnly, &f.stats, f.profile)
	r.run.function = true
	r.keys = r.fillArgs(r.keys, c.Args[3:3+n])
	r.argv = r.fillArgs(r.argv, c.Args[3+n:])
	r.hook(f.lib.proto)
	return r.finish(r.state.CallFunction(f.callback, r.onResult, lua.TableValue(r.keys), lua.TableValue(r.argv)))
}

// clearArgGlobals removes KEYS and ARGV: functions get their arguments as arguments.
func (r *Runtime) clearArgGlobals() {
	if r.argsGlobal {
		r.argsGlobal = false
		r.state.SetGlobal("KEYS", lua.Nil)
		r.state.SetGlobal("ARGV", lua.Nil)
	}
}

// function finds a function by its name in any case. It does not allocate for names of usual length.
func (r *Runtime) function(name []byte) *function {
	var buf [64]byte
	low := buf[:0]
	for _, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		low = append(low, b)
	}
	if f := r.libs.functions[string(low)]; f != nil || len(r.bundle.index) == 0 {
		return f
	}
	return r.bundledFunction(string(low))
}

// setLibraries makes libs the loaded libraries and records the rows of the named ones.
func (r *Runtime) setLibraries(libs *libraries, changed ...string) {
	old := r.libs
	r.useLibraries(libs)
	r.opt.KS.Stats().Dirty++
	for i, name := range changed {
		var undo func()
		if i == 0 {
			undo = func() { r.useLibraries(old) }
		}
		r.opt.KS.TouchRow(append([]byte{libraryRows}, name...), undo)
	}
}

// functionLoad loads a library. FUNCTION LOAD [REPLACE] code
func (r *Runtime) functionLoad(c *command.Ctx) error {
	replace := false
	for i := 2; i < len(c.Args)-1; i++ {
		if !c.Is(i, "replace") {
			return command.Error("ERR Unknown option given: " + string(c.Args[i]))
		}
		replace = true
	}
	libs, lib, err := r.addLibrary(r.libs, string(c.Args[len(c.Args)-1]), replace, true)
	if err != nil {
		return err
	}
	r.setLibraries(libs, lib.name)
	c.Reply.BulkString(lib.name)
	return nil
}

func (r *Runtime) functionDelete(c *command.Ctx) error {
	name := string(c.Args[2])
	if r.libs.byName[name] == nil {
		return command.Error("ERR Library not found")
	}
	if by := r.libs.dependents(name); len(by) > 0 {
		return errNeeded(name, by)
	}
	r.setLibraries(r.libs.without(name), name)
	c.Reply.Status("OK")
	return nil
}

func (r *Runtime) functionFlush(c *command.Ctx) error {
	if len(c.Args) > 3 {
		return badSubcommand(c)
	}
	if len(c.Args) == 3 && !c.Is(2, "sync") && !c.Is(2, "async") {
		return command.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option")
	}
	r.setLibraries(newLibraries(), r.libs.order...)
	c.Reply.Status("OK")
	return nil
}

func badSubcommand(c *command.Ctx) error {
	return command.Error("ERR unknown subcommand or wrong number of arguments for '" + string(c.Args[1]) + "'. Try FUNCTION HELP.")
}

func (r *Runtime) functionDump(c *command.Ctx) error {
	var w rdb.Writer
	c.Reply.Bulk(w.Functions(func(yield func([]byte) bool) {
		for _, name := range r.libs.order {
			if !yield([]byte(r.libs.byName[name].source)) {
				return
			}
		}
	}))
	return nil
}

// functionRestore loads the libraries of a dump, all or none. FUNCTION RESTORE payload [FLUSH | APPEND | REPLACE]
func (r *Runtime) functionRestore(c *command.Ctx) error {
	if len(c.Args) > 4 {
		return badSubcommand(c)
	}
	flush, replace := false, false
	if len(c.Args) == 4 {
		switch {
		case c.Is(3, "flush"):
			flush = true
		case c.Is(3, "replace"):
			replace = true
		case !c.Is(3, "append"):
			return command.Error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.")
		}
	}
	codes, err := rdb.DecodeFunctions(c.Args[2])
	switch {
	case errors.Is(err, rdb.ErrFooter):
		return command.Error("ERR DUMP payload version or checksum are wrong")
	case err != nil:
		return command.Error("ERR failed loading functions")
	}
	libs, changed := r.libs, []string(nil)
	var taken errLibraryExists
	if flush {
		changed = append(changed, libs.order...)
		libs = newLibraries()
	}
	for _, code := range codes {
		var lib *library
		if libs, lib, err = r.addLibrary(libs, string(code), replace, true); errors.As(err, &taken) {
			return command.Error("ERR Library " + string(taken) + " already exists") // sic: without the quotes of FUNCTION LOAD
		} else if err != nil {
			return err
		}
		changed = append(changed, lib.name)
	}
	r.setLibraries(libs, changed...)
	c.Reply.Status("OK")
	return nil
}

// functionList describes libraries. FUNCTION LIST [LIBRARYNAME pattern] [WITHCODE]
func (r *Runtime) functionList(c *command.Ctx) error {
	var pattern []byte
	withCode := false
	for i := 2; i < len(c.Args); i++ {
		switch {
		case !withCode && c.Is(i, "withcode"):
			withCode = true
		case pattern == nil && c.Is(i, "libraryname"):
			if i+1 >= len(c.Args) {
				return command.Error("ERR library name argument was not given")
			}
			i++
			pattern = c.Args[i]
		default:
			return command.Error("ERR Unknown argument " + string(c.Args[i]))
		}
	}
	c.KS.ReadAll()
	mark, n := c.Reply.DeferArray(), 0
	for _, name := range r.libs.order {
		if pattern != nil && !glob.MatchFold(pattern, []byte(name)) {
			continue
		}
		replyLibrary(c.Reply, r.libs.byName[name], withCode)
		n++
	}
	c.Reply.EndArray(mark, n)
	return nil
}

func replyLibrary(out command.Reply, lib *library, withCode bool) {
	fields := 3
	if withCode {
		fields = 4
	}
	out.Map(fields)
	out.BulkString("library_name")
	out.BulkString(lib.name)
	out.BulkString("engine")
	out.BulkString("LUA")
	out.BulkString("functions")
	out.Array(len(lib.functions))
	for _, f := range lib.functions {
		out.Map(3)
		out.BulkString("name")
		out.BulkString(f.name)
		out.BulkString("description")
		if f.description == "" {
			out.Nil()
		} else {
			out.BulkString(f.description)
		}
		out.BulkString("flags")
		out.Set(len(f.flagNames))
		for _, flag := range f.flagNames {
			out.Status(flag)
		}
	}
	if withCode {
		out.BulkString("library_code")
		out.BulkString(lib.source)
	}
}

// functionStats tells of the running function and the number of libraries.
func (r *Runtime) functionStats(c *command.Ctx) error {
	if r.run.active && !r.run.function {
		return errBusyScript
	}
	c.Reply.Map(2)
	c.Reply.BulkString("running_script")
	if !r.run.active {
		c.Reply.Nil()
	} else {
		c.Reply.Map(3)
		c.Reply.BulkString("name")
		c.Reply.BulkString(r.run.name)
		c.Reply.BulkString("command")
		c.Reply.Array(len(r.run.args))
		for _, a := range r.run.args {
			c.Reply.Bulk(a)
		}
		c.Reply.BulkString("duration_ms")
		c.Reply.Int((r.opt.Env.Nanotime() - r.run.started) / 1e6)
	}
	c.Reply.BulkString("engines")
	c.Reply.Map(1)
	c.Reply.BulkString("LUA")
	c.Reply.Map(2)
	c.Reply.BulkString("libraries_count")
	c.Reply.Int(int64(len(r.libs.order)))
	c.Reply.BulkString("functions_count")
	c.Reply.Int(int64(len(r.libs.functions)))
	return nil
}

func (r *Runtime) functionKill(c *command.Ctx) error {
	if err := r.kill(true, false); err != nil {
		return err
	}
	c.Reply.Status("OK")
	return nil
}

func functionHelp(c *command.Ctx) error {
	lines := strings.Split(strings.TrimSpace(functionHelpText), "\n")
	c.Reply.Array(len(lines))
	for _, l := range lines {
		c.Reply.Status(l)
	}
	return nil
}

// functionHelpText is Redis 7's, which names its arguments in capitals.
const functionHelpText = `
FUNCTION <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
LOAD [REPLACE] <FUNCTION CODE>
    Create a new library with the given library name and code.
DELETE <LIBRARY NAME>
    Delete the given library.
LIST [LIBRARYNAME PATTERN] [WITHCODE]
    Return general information on all the libraries:
    * Library name
    * The engine used to run the Library
    * Library description
    * Functions list
    * Library code (if WITHCODE is given)
    It also possible to get only function that matches a pattern using LIBRARYNAME argument.
STATS
    Return information about the current function running:
    * Function name
    * Command used to run the function
    * Duration in MS that the function is running
    If no function is running, return nil
    In addition, returns a list of available engines.
KILL
    Kill the current running function.
FLUSH [ASYNC|SYNC]
    Delete all the libraries.
    When called without the optional mode argument, the behavior is determined by the
    lazyfree-lazy-user-flush configuration directive. Valid modes are:
    * ASYNC: Asynchronously flush the libraries.
    * SYNC: Synchronously flush the libraries.
DUMP
    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command
RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]
    Restore the libraries represented by the given payload, it is possible to give a restore policy to
    control how to handle existing libraries (default APPEND):
    * FLUSH: delete all existing libraries.
    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.
    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old
      libraries with the new libraries (notice that even on this option there is a chance of failure
      in case of functions name collision with another library).
HELP
    Prints this help.
`
