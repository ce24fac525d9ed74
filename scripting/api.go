package scripting

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/evald/evald/scripting/lua"
)

// openRedis makes the global tables redis and server, which are the same.
func (r *Runtime) openRedis() {
	s := r.state
	t := s.Register("redis", []lua.Function{
		{Name: "call", Fn: r.call},
		{Name: "pcall", Fn: r.pcall},
		{Name: "error_reply", Fn: r.errorReply},
		{Name: "status_reply", Fn: r.statusReply},
		{Name: "sha1hex", Fn: r.sha1hex},
		{Name: "log", Fn: r.log},
		{Name: "setresp", Fn: r.setresp},
		{Name: "set_repl", Fn: r.setRepl},
		{Name: "replicate_commands", Fn: func(c *lua.Call) int { return c.Return1(lua.Bool(true)) }},
		{Name: "acl_check_cmd", Fn: r.aclCheckCmd},
		{Name: "require", Fn: r.require},
		{Name: "rollback", Fn: r.rollback},
		{Name: "breakpoint", Fn: r.breakpoint},
		{Name: "debug", Fn: r.debugLog},
	})
	r.callFunction = t.GetStr("call")
	for i, name := range logLevels {
		s.SetField(t, name, lua.Int(i))
	}
	for name, n := range map[string]int{"REPL_NONE": 0, "REPL_AOF": 1, "REPL_SLAVE": 2, "REPL_REPLICA": 2, "REPL_ALL": 3} {
		s.SetField(t, name, lua.Int(n))
	}
	r.setVersions(t)
	s.Protect(t)
	s.SetGlobal("server", lua.TableValue(t))
}

var logLevels = [...]string{"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"}

func (r *Runtime) setVersions(t *lua.Table) {
	var major, minor, patch int
	fmt.Sscanf(r.opt.Version, "%d.%d.%d", &major, &minor, &patch)
	r.state.SetField(t, "REDIS_VERSION", r.state.Intern(r.opt.Version))
	r.state.SetField(t, "REDIS_VERSION_NUM", lua.Int(major<<16|minor<<8|patch))
}

// throw raises an error that Redis raises as a table, without the position in its text.
func (r *Runtime) throw(c *lua.Call, msg string) {
	if d := r.stepping(); d != nil {
		d.logError(msg)
	}
	c.Throw(r.errorTable(msg))
}

// singleField returns {field = string argument}, or an error table if there is not just one string.
func (r *Runtime) singleField(c *lua.Call, field lua.Value, text func(string) string) int {
	if c.N() != 1 || !c.Arg(1).IsString() {
		if d := r.stepping(); d != nil {
			d.logError(textWrongArgs)
		}
		return c.Return1(r.errorTable(textWrongArgs))
	}
	t := c.NewTable(0, 1)
	t.Set(r.state, field, c.NewText(text(c.Arg(1).Str())))
	return c.Return1(lua.TableValue(t))
}

func (r *Runtime) statusReply(c *lua.Call) int {
	return r.singleField(c, r.values.ok, func(s string) string { return s })
}

// errorReply returns {err = message}: a leading '-' is optional, and a message of one word gets the code ERR.
func (r *Runtime) errorReply(c *lua.Call) int {
	if d := r.stepping(); d != nil && c.N() == 1 && c.Arg(1).IsString() {
		d.log("<error> -" + strings.TrimPrefix(c.Arg(1).Str(), "-"))
	}
	return r.singleField(c, r.values.err, errorCode)
}

// errorCode gives a message its code: its first word, or ERR if it is one word.
func errorCode(s string) string {
	s = strings.TrimPrefix(s, "-")
	if !strings.Contains(s, " ") {
		return "ERR " + s
	}
	return s
}

// hashPiece is how much of a long string sha1hex reads before others have their say.
const hashPiece = 64 << 10

func (r *Runtime) sha1hex(c *lua.Call) int {
	if c.N() != 1 {
		r.throw(c, "ERR wrong number of arguments")
	}
	b, _ := c.ToBytes(c.Arg(1))
	var text [2 * sha1.Size]byte
	if len(b) <= hashPiece {
		c.Steps(len(b) / 16)
		shaOf(&text, b)
		return c.Return1(c.NewString(text[:]))
	}
	h := sha1.New()
	for len(b) > 0 {
		piece := b[:min(hashPiece, len(b))]
		h.Write(piece)
		c.Steps(len(piece) / 16)
		b = b[len(piece):]
	}
	hex.Encode(text[:], h.Sum(nil))
	return c.Return1(c.NewString(text[:]))
}

func (r *Runtime) log(c *lua.Call) int {
	if c.N() < 2 {
		r.throw(c, "ERR redis.log() requires two arguments or more.")
	}
	if !c.Arg(1).IsNumber() {
		r.throw(c, "ERR First argument must be a number (log level).")
	}
	level := c.Arg(1).Number()
	if level < 0 || level > 3 {
		r.throw(c, "ERR Invalid debug level.")
	}
	var msg strings.Builder
	for i := 2; i <= c.N(); i++ {
		b, ok := c.ToBytes(c.Arg(i))
		if !ok {
			continue
		}
		if i > 2 {
			msg.WriteByte(' ')
		}
		msg.Write(b)
	}
	if r.opt.Log != nil {
		r.opt.Log(int(level), msg.String())
	}
	return c.Return0()
}

func (r *Runtime) setresp(c *lua.Call) int {
	if c.N() != 1 {
		r.throw(c, "ERR redis.setresp() requires one argument.")
	}
	n, _ := c.ToNumber(c.Arg(1))
	if n != 2 && n != 3 {
		r.throw(c, "ERR RESP version must be 2 or 3.")
	}
	r.run.sink.proto = int(n)
	return c.Return0()
}

// setRepl checks its argument. What a script writes is always made durable: there is no half of it to leave out.
func (r *Runtime) setRepl(c *lua.Call) int {
	if c.N() != 1 {
		r.throw(c, "ERR redis.set_repl() requires two arguments.")
	}
	if n, _ := c.ToNumber(c.Arg(1)); n < 0 || n > 3 {
		r.throw(c, "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
	}
	return c.Return0()
}

func (r *Runtime) aclCheckCmd(c *lua.Call) int {
	if c.N() == 0 {
		r.throw(c, textNoArgs)
	}
	ctx := r.run.ctx
	ctx.Args = make([][]byte, 0, c.N())
	for i := 1; i <= c.N(); i++ {
		b, ok := c.ToBytes(c.Arg(i))
		if !ok {
			r.throw(c, textArgType)
		}
		ctx.Args = append(ctx.Args, b)
	}
	spec, err := r.opt.Env.Table.Resolve(ctx.Args)
	if err != nil {
		spec = r.container(ctx.Args)
	}
	if spec == nil {
		r.throw(c, "ERR Invalid command passed to redis.acl_check_cmd()")
	}
	ctx.Spec = spec
	return c.Return1(lua.Bool(ctx.Client.Allowed(&ctx) == nil))
}
