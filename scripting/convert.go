package scripting

import (
	"math"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// maxReplyDepth is how deep tables may nest in a reply: Redis runs out of Lua stack there.
const maxReplyDepth = 7000

// reply writes the value that a script returned as the reply to its caller, by Redis's rules.
func (r *Runtime) reply(out command.Reply, v lua.Value, depth int) {
	switch {
	case v.IsString():
		out.Bulk(v.Bytes())
	case v.IsNumber():
		out.Int(truncate(v.Number()))
	case v.IsBool():
		r.replyBool(out, v.Truthy())
	case v.IsTable():
		if depth >= maxReplyDepth {
			out.Error(textStackLimit)
			return
		}
		r.replyTable(out, v.Table(), depth)
	default:
		out.Nil()
	}
}

// truncate converts as C does on x86: what does not fit, NaN too, is the smallest integer.
func truncate(f float64) int64 {
	if f >= -1<<63 && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}

// replyBool replies a boolean as such only to a script that chose RESP3; else true is 1 and false null.
func (r *Runtime) replyBool(out command.Reply, b bool) {
	switch {
	case r.run.sink.proto >= 3:
		out.Bool(b)
	case b:
		out.Int(1)
	default:
		out.Nil()
	}
}

// replyTable replies a table by the first of the special fields that it has, or else as the array up to its first nil. Fields are
// read without metamethods.
func (r *Runtime) replyTable(out command.Reply, t *lua.Table, depth int) {
	n := &r.values
	if v := t.Get(n.err); v.IsString() {
		text := oneLine(v.Str())
		r.countError(text, t.Get(n.ignore).Truthy())
		out.Error(text)
		return
	}
	if v := t.Get(n.ok); v.IsString() {
		out.Status(oneLine(v.Str()))
		return
	}
	if v := t.Get(n.double); v.IsNumber() {
		out.Double(v.Number())
		return
	}
	if v := t.Get(n.bigNumber); v.IsString() {
		out.BigNumber(oneLine(v.Str()))
		return
	}
	if v := t.Get(n.verbatim); v.IsTable() {
		if f, s := v.Table().Get(n.format), v.Table().Get(n.str); f.IsString() && s.IsString() {
			out.Verbatim(f.Str(), s.Str())
			return
		}
	}
	if v := t.Get(n.mapField); v.IsTable() {
		mark, count := out.DeferMap(), 0
		each(v.Table(), func(k, e lua.Value) {
			r.reply(out, k, depth+1)
			r.reply(out, e, depth+1)
			count++
		})
		out.EndMap(mark, count)
		return
	}
	if v := t.Get(n.set); v.IsTable() {
		mark, count := out.DeferSet(), 0
		each(v.Table(), func(k, _ lua.Value) {
			r.reply(out, k, depth+1)
			count++
		})
		out.EndSet(mark, count)
		return
	}
	mark, count := out.DeferArray(), 0
	for {
		v := t.GetInt(count + 1)
		if v.IsNil() {
			break
		}
		r.reply(out, v, depth+1)
		count++
	}
	out.EndArray(mark, count)
}

// countError counts an error that a script returned: as a failure of the call that ran the script, and by its code unless the command
// that gave the error has done so.
func (r *Runtime) countError(text string, counted bool) {
	r.run.caller.Spec.Usage().Failed++
	if env := r.opt.Env; !counted && env.OnError != nil {
		env.OnError(text)
	}
}

// each calls f for every pair of a table.
func each(t *lua.Table, f func(k, v lua.Value)) {
	k := lua.Nil
	for {
		key, v, more, _ := t.Next(k)
		if !more {
			return
		}
		f(key, v)
		k = key
	}
}
