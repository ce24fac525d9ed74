package scripting

import (
	"strconv"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/engine/double"
	"github.com/evald/evald/scripting/lua"
)

// call is redis.call: it runs a command and throws its error.
func (r *Runtime) call(c *lua.Call) int {
	v := r.invoke(c)
	if r.run.sink.failed {
		c.Throw(v)
	}
	return c.Return1(v)
}

// pcall is redis.pcall: an error is returned as a table.
func (r *Runtime) pcall(c *lua.Call) int { return c.Return1(r.invoke(c)) }

// site is what a call instruction remembers of the command that its constant first argument names.
type site struct {
	name  lua.Value
	spec  *command.Spec
	epoch uint64 // of the table when it was looked up
}

// invoke runs the command that the arguments name and returns its reply as a value; sink.failed tells whether that is an error.
func (r *Runtime) invoke(c *lua.Call) lua.Value {
	u := &r.run
	u.sink.reset(r, u.sink.proto)
	u.argv, u.text = u.argv[:0], u.text[:0]
	if c.N() == 0 {
		return r.fail(textNoArgs)
	}
	for i := 1; i <= c.N(); i++ {
		switch v := c.Arg(i); {
		case v.IsString():
			u.argv = append(u.argv, v.Bytes())
		case v.IsNumber():
			from := len(u.text)
			u.text = double.Append(u.text, v.Number())
			u.argv = append(u.argv, u.text[from:len(u.text):len(u.text)])
		default:
			return r.fail(textArgType)
		}
	}
	d := r.stepping()
	if d != nil {
		d.logCall(u.argv)
	} else {
		u.sink.unused = !c.Wanted()
	}
	spec := r.resolve(c)
	if spec == nil {
		return r.reject(nil, textUnknown)
	}
	ctx := &u.ctx
	ctx.Spec, ctx.Args = spec, u.argv
	if err := r.refuse(ctx); err != "" {
		return r.reject(spec, err)
	}
	if spec.Flags&command.Write != 0 {
		u.wrote = true
	}
	u.calls++
	u.native = c
	if u.explain {
		r.note(spec, u.argv)
	}
	n := r.state.Steps()
	if n-u.steps > longGap {
		r.opt.Env.Mark = 0
	}
	u.steps = n
	before := r.opt.Env.Mark
	if u.profile != nil && before == 0 {
		before = r.opt.Env.Nanotime()
	}
	r.state.Hold()        // a command is not left half way because its reply fills the script's memory
	_ = command.Call(ctx) // its error is the sink's value
	r.state.Release()
	if limit := r.opt.Env.MaxUnit; limit > 0 && spec.Flags&command.Write != 0 && r.opt.KS.UnitExceeds(limit) {
		u.undo = true
		r.state.Stop(errUnit)
	}
	if d != nil {
		d.logReply(u.sink.result, u.sink.failed)
	}
	if u.profile != nil {
		r.profileCall(spec, r.opt.Env.Mark-before)
	}
	if r.opt.Env.Mark-u.sliced > longCalls && r.opt.Env.Mark != 0 {
		mark, v := r.opt.Env.Mark, u.sink.result
		c.EndSlice()
		r.opt.Env.Mark = mark
		return v
	}
	return u.sink.result
}

// longCalls is after how much time, in ns, a call ends the slice: to Lua it is but one step.
const longCalls = 300_000

// longGap is how many steps of Lua since the last call make its end no good as the start of the next: some 5 us.
const longGap = 500

// resolve finds the command, by way of the call site if its first argument is always the same string.
func (r *Runtime) resolve(c *lua.Call) *command.Spec {
	name := c.Arg(1)
	slot := c.SiteCache()
	if slot != nil {
		if s, ok := (*slot).(*site); ok && lua.Same(s.name, name) && s.epoch == r.opt.Env.Table.Epoch() {
			return s.spec
		}
	}
	spec, err := r.opt.Env.Table.Resolve(r.run.argv)
	if err != nil {
		return r.container(r.run.argv)
	}
	if slot != nil && spec.Parent() == nil && len(spec.Sub) == 0 {
		*slot = &site{name, spec, r.opt.Env.Table.Epoch()}
	}
	return spec
}

// container is the command that needs a subcommand, if argv is no more than its name; else nil.
func (r *Runtime) container(argv [][]byte) *command.Spec {
	if len(argv) > 1 {
		return nil
	}
	return r.opt.Env.Table.Lookup(argv[0])
}

// refuse is the ordered list of reasons not to run a command in a script; "" means go on.
func (r *Runtime) refuse(ctx *command.Ctx) string {
	u, env, s := &r.run, r.opt.Env, ctx.Spec
	if command.CheckArity(s, ctx.Args) != nil {
		return textArity
	}
	if s.Flags&command.NoScript != 0 && !r.AnyCommand {
		return textNotAllowed
	}
	if err := ctx.Client.Allowed(ctx); err != nil {
		return aclText(err)
	}
	if s.Flags&(command.Write|command.MayReplicate) != 0 && u.readOnly {
		return textReadOnly
	}
	if s.Flags&command.Write != 0 && !u.wrote {
		// Memory, disk and role are looked at before the first write only: what has begun goes on.
		if env.ReadOnlyReplica {
			return command.ErrReadOnly.Error()
		}
		if env.RefuseWrites != nil {
			return env.RefuseWrites.Error()
		}
	}
	if s.Flags&command.DenyOOM != 0 && !u.wrote && u.flags&flagAllowOOM == 0 && env.OutOfMemory != nil && env.OutOfMemory() {
		return command.ErrOOM.Error()
	}
	return ""
}

// aclText turns a NOPERM error into the text that scripts get.
func aclText(err error) string {
	const code = "NOPERM "
	msg := err.Error()
	if len(msg) > len(code) && msg[:len(code)] == code {
		msg = msg[len(code):]
	}
	return "ERR ACL failure in script: " + msg
}

// fail makes an error in the use of redis.call itself its result.
func (r *Runtime) fail(msg string) lua.Value {
	r.run.sink.failed = true
	if d := r.stepping(); d != nil {
		d.logError(msg)
	}
	return r.errorTable(msg)
}

// reject makes the refusal of a command the result of the call under way, and counts it; spec is nil if there is no such command.
func (r *Runtime) reject(spec *command.Spec, msg string) lua.Value {
	if spec != nil {
		spec.Usage().Rejected++
	}
	if env := r.opt.Env; env.OnError != nil {
		env.OnError(msg)
	}
	r.run.sink.failed = true
	if d := r.stepping(); d != nil {
		d.logError(msg)
	}
	return r.countedError(msg)
}

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
