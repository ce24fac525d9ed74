package scripting

import (
	"strings"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// customCommand is a command that a library brings: redis.register_command{name=, callback=, arity=, keys=, flags=, summary=, args=}.
// It is a command like any other: COMMAND lists it, ACL rules name it, transactions and scripts call it.
type customCommand struct {
	function
	spec command.Spec
}

// registerCommand is redis.register_command, an extension. It is called while a library is loaded.
func (r *Runtime) registerCommand(c *lua.Call) int {
	if r.loading == nil {
		r.throw(c, "ERR redis.register_command can only be called on FUNCTION LOAD command")
	}
	if c.N() != 1 || !c.Arg(1).IsTable() {
		r.throw(c, "ERR redis.register_command takes one table of named arguments")
	}
	t := c.Arg(1).Table()
	cmd := &customCommand{function: function{lib: r.loading}}
	cmd.spec = command.Spec{Arity: -1, Group: command.GroupScripting, Since: "extension", Complexity: "Depends on the function that is executed.",
		Summary: "A command of the function library " + r.loading.name + "."}
	each(t, func(k, v lua.Value) {
		if !k.IsString() || !r.commandField(c, cmd, k.Str(), v) {
			r.throw(c, "ERR unknown argument given to redis.register_command")
		}
	})
	switch {
	case !validCommandName(cmd.name):
		r.throw(c, "ERR redis.register_command must get a name of letters, digits, '.', '_' and '-' with a '.' in it")
	case cmd.callback.IsNil():
		r.throw(c, "ERR redis.register_command must get a callback argument")
	}
	for _, other := range r.loading.commands {
		if other.name == cmd.name {
			r.throw(c, "ERR Command already exists in the library")
		}
	}
	cmd.finish(r)
	r.loading.commands = append(r.loading.commands, cmd)
	return c.Return0()
}

// finish makes the declaration of what the arguments said.
func (cmd *customCommand) finish(r *Runtime) {
	s := &cmd.spec
	s.Name = cmd.name
	use := command.RW | command.Access | command.Update
	if cmd.flags&flagNoWrites != 0 {
		s.Flags, use = command.ReadOnly, command.RO|command.Access
	} else {
		s.Flags = command.Write
		if cmd.flags&flagAllowOOM == 0 {
			s.Flags |= command.DenyOOM
		}
	}
	for i := range s.Keys {
		s.Keys[i].Use = use
	}
	if s.Syntax == "" {
		s.Syntax = "[arg [arg ...]]"
	}
	s.Do = func(c *command.Ctx) error { return r.callCustom(c, cmd) }
	s.After = r.account
}

func validCommandName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return len(s) <= 64 && strings.Contains(strings.Trim(s, "."), ".")
}

// commandField reads one named argument; false if there is none of that name.
func (r *Runtime) commandField(c *lua.Call, cmd *customCommand, field string, v lua.Value) bool {
	text := func() string {
		b, ok := c.ToBytes(v)
		if !ok {
			r.throw(c, "ERR "+field+" argument given to redis.register_command must be a string")
		}
		return string(b)
	}
	switch field {
	case "name":
		cmd.name = strings.ToLower(text())
	case "callback":
		if !v.IsFunction() {
			r.throw(c, "ERR callback argument given to redis.register_command must be a function")
		}
		cmd.callback = v
	case "arity":
		n := 0
		if v.IsNumber() {
			n = int(v.Number())
		}
		if n == 0 {
			r.throw(c, "ERR arity argument given to redis.register_command must be a number that is not 0")
		}
		cmd.spec.Arity = n
	case "flags":
		r.readFlags(c, &cmd.function, v)
	case "summary":
		cmd.spec.Summary = text()
	case "args":
		cmd.spec.Syntax = text()
	case "keys":
		r.commandKeys(c, cmd, v)
	default:
		return false
	}
	return true
}

// commandKeys reads keys={first=, last=, step=} or keys={numkeys=position}; positions count from 1, as in COMMAND INFO.
func (r *Runtime) commandKeys(c *lua.Call, cmd *customCommand, v lua.Value) {
	if !v.IsTable() {
		r.throw(c, "ERR keys argument given to redis.register_command must be a table")
	}
	n := map[string]int{"last": 0, "step": 1}
	each(v.Table(), func(k, e lua.Value) {
		name := ""
		if k.IsString() {
			name = k.Str()
		}
		if !e.IsNumber() || name != "first" && name != "last" && name != "step" && name != "numkeys" {
			r.throw(c, "ERR keys argument given to redis.register_command has first, last and step, or numkeys")
		}
		n[name] = int(e.Number())
	})
	at, counted := n["numkeys"]
	first, ranged := n["first"]
	switch {
	case counted && !ranged && at >= 1:
		cmd.spec.Keys = []command.KeySpec{command.Counted(at, 0)}
	case ranged && !counted && first >= 1 && n["step"] >= 1:
		last := n["last"]
		switch {
		case last == 0:
			last = first
			fallthrough
		case last >= first:
			last -= first
		case last > 0:
			r.throw(c, "ERR keys argument given to redis.register_command has a last key before the first")
		}
		cmd.spec.Keys = []command.KeySpec{command.From(first, last, n["step"], 0)}
	default:
		r.throw(c, "ERR keys argument given to redis.register_command has first, last and step, or numkeys")
	}
}

// callCustom runs a custom command for a client, or inside the script that called it.
func (r *Runtime) callCustom(c *command.Ctx, cmd *customCommand) error {
	refs, ok := cmd.spec.KeyRefs(r.refs[:0], c.Args)
	r.refs = refs[:0]
	if !ok {
		return command.Error("ERR Invalid arguments specified for command")
	}
	if r.run.active {
		return r.callNested(c, cmd, refs)
	}
	if err := r.admit(c, cmd.flags, false); err != nil {
		return err
	}
	r.clearArgGlobals()
	r.begin(c, cmd.name, scriptLimits{flags: cmd.flags}, false, &cmd.stats, cmd.profile)
	r.run.function = true
	keys, args := r.splitArgs(cmd, c.Args, refs)
	r.keys, r.argv = r.fillArgs(r.keys, keys), r.fillArgs(r.argv, args)
	return r.finish(r.state.CallFunction(cmd.callback, r.onResult, lua.TableValue(r.keys), lua.TableValue(r.argv)))
}

// splitArgs parts the arguments after the name into keys and others; the number of keys is neither.
func (r *Runtime) splitArgs(cmd *customCommand, args [][]byte, refs []command.KeyRef) (keys, others [][]byte) {
	skip := -1
	if k := cmd.spec.Keys; len(k) > 0 && k[0].KeyNum {
		skip = k[0].Index
	}
	next := 0
	for i := 1; i < len(args); i++ {
		switch {
		case next < len(refs) && refs[next].Arg == i:
			keys = append(keys, args[i])
			next++
		case i != skip:
			others = append(others, args[i])
		}
	}
	return keys, others
}

// callNested runs a custom command inside the run of the script that called it: same unit, same budget. The outer call's state is put
// aside, since the callback makes calls of its own.
func (r *Runtime) callNested(c *command.Ctx, cmd *customCommand, refs []command.KeyRef) error {
	u := &r.run
	if u.depth >= maxNested {
		return command.Error("ERR custom commands call each other too deeply")
	}
	keys, args := r.splitArgs(cmd, c.Args, refs)
	ctx, argv, text, native, proto := u.ctx, u.argv, u.text, u.native, u.sink.proto
	u.argv, u.text = nil, nil
	u.depth++
	r.state.Release()
	r.state.KeepAlive() // the callback may keep what it makes
	u.sink.reset(r, 2)
	keyTable, argTable := lua.TableValue(r.fillArgs(nil, keys)), lua.TableValue(r.fillArgs(nil, args))
	body := native.NewFunction(cmd.name, func(c *lua.Call) int { return c.CallMulti(cmd.callback, keyTable, argTable) })
	results := native.CallMulti(r.state.Global("xpcall"), body, r.errorHandler)
	ok, v := native.Pushed(-results).Truthy(), lua.Nil
	if results > 1 {
		v = native.Pushed(1 - results)
	}
	native.Pop(results)
	r.state.Hold()
	u.depth--
	u.ctx, u.argv, u.text, u.native = ctx, argv, text, native
	u.sink.reset(r, proto)
	if !ok {
		return command.Error(oneLine(v.Str()))
	}
	r.reply(&u.sink, v, 0)
	return nil
}

// errorText is the handler under which a nested command runs: it makes an error reply's text of what was thrown.
func (r *Runtime) errorText(c *lua.Call) int { return c.Return1(c.NewText(r.thrownText(c.Arg(1)))) }

// maxNested bounds custom commands that call custom commands.
const maxNested = 32
