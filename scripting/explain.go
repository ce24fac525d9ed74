package scripting

import (
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// effect is one write command that a script called.
type effect struct{ args [][]byte }

// note keeps the command that a script is about to call, while SCRIPT EXPLAIN runs it.
func (r *Runtime) note(spec *command.Spec, args [][]byte) {
	if spec.Flags&(command.Write|command.MayReplicate) == 0 {
		return
	}
	e := effect{}
	for _, a := range args {
		e.args = append(e.args, append([]byte(nil), a...))
	}
	r.run.effects = append(r.run.effects, e)
}

// scriptExplain runs a script, undoes everything it did, and replies its result and the write commands it called.
// SCRIPT EXPLAIN script numkeys [key ...] [arg ...]
func (r *Runtime) scriptExplain(c *command.Ctx) error {
	inner := *c
	inner.Args = c.Args[1:]
	if _, err := numkeys(&inner); err != nil {
		return err
	}
	s, err := r.compile("explain", inner.Args[1])
	if err != nil {
		return err
	}
	if err := r.admit(&inner, s.limits.flags, false); err != nil {
		return err
	}
	n, _ := numkeys(&inner)
	c.Reply.Map(2)
	c.Reply.BulkString("result")
	r.begin(&inner, s.sha, s.limits, false, nil, nil)
	r.run.explain, r.run.effects = true, nil
	r.setArgGlobals(inner.Args[3:3+n], inner.Args[3+n:])
	if err := r.finish(r.state.Run(s.proto, r.onResult)); err != nil {
		c.Reply.Error(err.Error())
	}
	c.Reply.BulkString("effects")
	c.Reply.Array(len(r.run.effects))
	for _, e := range r.run.effects {
		c.Reply.Array(len(e.args))
		for _, a := range e.args {
			c.Reply.Bulk(a)
		}
	}
	r.run.explain, r.run.effects = false, nil
	return nil
}

// rollback is redis.rollback(message): it ends the script with an error that nothing catches, and undoes what it did.
func (r *Runtime) rollback(c *lua.Call) int {
	msg := "ERR Script rolled back"
	if c.Has(1) {
		b, ok := c.ToBytes(c.Arg(1))
		if !ok {
			r.throw(c, "ERR redis.rollback() takes a message")
		}
		msg = errorCode(string(b))
	}
	r.run.undo = true
	c.State().Stop(command.Error(msg))
	return 0
}
