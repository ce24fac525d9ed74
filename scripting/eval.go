package scripting

import (
	"crypto/sha1"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// anyUse is the specification of keys that a script or function is given.
func anyUse(use command.KeyUse) command.KeySpec {
	worst := "RW and UPDATE"
	if use&command.RO != 0 {
		worst = "RO and ACCESS"
	}
	return command.Counted(2, use).Noted("We cannot tell how the keys will be used so we assume the worst, " + worst)
}

// Commands declares the scripting commands of this runtime.
func (r *Runtime) Commands() []command.Spec {
	const flags = command.NoScript | command.SkipMonitor | command.MayReplicate | command.NoMandatoryKeys | command.Stale
	const roFlags = command.NoScript | command.SkipMonitor | command.ReadOnly | command.NoMandatoryKeys | command.Stale
	depends := "Depends on the script that is executed."
	type flagsOf = func(*command.Spec, [][]byte) command.Flags
	eval := func(name, since, summary, syntax string, flags command.Flags, of flagsOf, use command.KeyUse, do command.Handler) command.Spec {
		keys := anyUse(use)
		if syntax == "sha1" {
			keys.Notes = ""
		}
		return command.Spec{Name: name, Arity: -3, Flags: flags, Keys: []command.KeySpec{keys}, Group: command.GroupScripting, Since: since,
			Complexity: depends, Summary: summary, Syntax: syntax + " numkeys [key [key ...]] [arg [arg ...]]", Do: do, FlagsOf: of, After: r.account}
	}
	rw, ro := command.RW|command.Access|command.Update, command.RO|command.Access
	return append([]command.Spec{
		eval("eval", "2.6.0", "Executes a server-side Lua script.", "script", flags, r.evalFlags, rw, func(c *command.Ctx) error { return r.eval(c, false) }),
		eval("eval_ro", "7.0.0", "Executes a read-only server-side Lua script.", "script", roFlags, r.evalFlags, ro, func(c *command.Ctx) error { return r.eval(c, true) }),
		eval("evalsha", "2.6.0", "Executes a server-side Lua script by SHA1 digest.", "sha1", flags, r.shaFlags, rw, func(c *command.Ctx) error { return r.evalsha(c, false) }),
		eval("evalsha_ro", "7.0.0", "Executes a read-only server-side Lua script by SHA1 digest.", "sha1", roFlags, r.shaFlags, ro, func(c *command.Ctx) error { return r.evalsha(c, true) }),
		{Name: "script", Arity: -2, Group: command.GroupScripting, Since: "2.6.0", Complexity: "Depends on subcommand.",
			Summary: "A container for Lua scripts management commands.", Sub: r.scriptSubcommands()},
	}, r.functionCommands()...)
}

// eval runs a script from its source. EVAL script numkeys [key ...] [arg ...]
func (r *Runtime) eval(c *command.Ctx, readOnly bool) error {
	if r.Debugging(c.Client.ID()) {
		return r.debugEval(c, readOnly)
	}
	if _, err := numkeys(c); err != nil {
		return err
	}
	var sha [2 * sha1.Size]byte
	shaOf(&sha, c.Args[1])
	s := r.scripts.get(sha[:])
	if s == nil {
		var err error
		if s, err = r.compile(string(sha[:]), c.Args[1]); err != nil {
			return err
		}
		r.scripts.add(s, true)
	}
	return r.runScript(c, s, readOnly)
}

// evalsha runs a cached script. EVALSHA sha1 numkeys [key ...] [arg ...]
func (r *Runtime) evalsha(c *command.Ctx, readOnly bool) error {
	if r.Debugging(c.Client.ID()) {
		return errDebugSHA
	}
	if len(c.Args[1]) != 2*sha1.Size {
		return command.ErrNoScript
	}
	if _, err := numkeys(c); err != nil {
		return err
	}
	s := r.script(c.Args[1])
	if s == nil {
		return command.ErrNoScript
	}
	return r.runScript(c, s, readOnly)
}

// numkeys returns the number of keys, argument 2.
func numkeys(c *command.Ctx) (int, error) {
	n, err := c.Int(2)
	switch {
	case err != nil:
		return 0, err
	case n > int64(len(c.Args)-3):
		return 0, errNumkeysRange
	case n < 0:
		return 0, errNumkeysNegative
	}
	return int(n), nil
}

// runScript runs a compiled script for the call c and writes its reply.
func (r *Runtime) runScript(c *command.Ctx, s *script, readOnly bool) error {
	if err := r.admit(c, s.limits.flags, readOnly); err != nil {
		return err
	}
	n, _ := numkeys(c)
	r.begin(c, s.sha, s.limits, readOnly, &s.stats, s.profile)
	r.setArgGlobals(c.Args[3:3+n], c.Args[3+n:])
	r.hook(s.proto)
	return r.finish(r.state.Run(s.proto, r.onResult))
}

// deliver replies the first result of a script to the caller.
func (r *Runtime) deliver(c *lua.Call) {
	if d := r.debug.session; d != nil {
		d.end()
	}
	r.reply(r.run.out, c.Arg(1), 0)
}

// admit is the list of refusals before a script with a shebang starts; one without is judged call by call. Most come from command.Check,
// with the texts of commands: here are those of a transaction that has loaded the script itself, as in Redis.
func (r *Runtime) admit(c *command.Ctx, flags scriptFlags, readOnly bool) error {
	if flags&flagCompat != 0 {
		return nil
	}
	env := r.opt.Env
	if flags&flagNoWrites == 0 {
		if readOnly {
			return errReadOnlyFlags
		}
		if env.ReadOnlyReplica {
			return errReplicaScript
		}
		if env.RefuseWrites != nil && env.RefuseWrites != command.ErrNoReplicas {
			return errDiskScript
		}
		if env.RefuseWrites != nil {
			return env.RefuseWrites
		}
		if flags&flagAllowOOM == 0 && env.OutOfMemory != nil && env.OutOfMemory() {
			return command.ErrOOM
		}
	}
	return nil
}

// setArgGlobals makes the globals KEYS and ARGV tables of the arguments.
func (r *Runtime) setArgGlobals(keys, argv [][]byte) {
	oldKeys, oldArgv := r.keys, r.argv
	r.keys, r.argv = r.fillArgs(oldKeys, keys), r.fillArgs(oldArgv, argv)
	if r.argsGlobal && r.keys == oldKeys && r.argv == oldArgv {
		return // the globals are these tables already
	}
	r.argsGlobal = true
	r.state.SetGlobal("KEYS", lua.TableValue(r.keys))
	r.state.SetGlobal("ARGV", lua.TableValue(r.argv))
}

// fillArgs returns a table of the arguments: the one of the last run if it fits.
func (r *Runtime) fillArgs(old *lua.Table, args [][]byte) *lua.Table {
	r.state.Hold() // arguments beyond the limit stop the run when it has begun, not here
	t := r.state.ArgTable(old, len(args))
	for i, a := range args {
		t.SetInt(r.state, i+1, r.state.NewString(a))
	}
	r.state.Lift()
	return t
}
