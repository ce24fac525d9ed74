package scripting

import (
	"strconv"

	"github.com/evald/evald/engine/double"
	"github.com/evald/evald/scripting/lua"
)

// sink is the command.Reply that redis.call gives a command: it builds Lua values, by the rules of Redis's conversion from RESP2 or,
// after redis.setresp(3), RESP3. Nothing goes through the wire format.
type sink struct {
	r      *Runtime
	proto  int
	result lua.Value
	open   []container
	failed bool // the reply is an error
	unused bool // nobody will look at the reply unless it is an error
	buf    [64]byte
}

// container is an array, map or set that still waits for values.
type container struct {
	t    *lua.Table
	kind uint8
	left int // values to come; -1: until its End
	n    int // values so far
	key  lua.Value
}

const (
	inArray uint8 = iota
	inMap
	inSet
)

func (s *sink) reset(r *Runtime, proto int) {
	s.r, s.proto, s.result, s.open, s.failed, s.unused = r, proto, lua.Nil, s.open[:0], false, false
}

// put delivers a finished value to the innermost container.
func (s *sink) put(v lua.Value) {
	for {
		if len(s.open) == 0 {
			s.result = v
			return
		}
		c := &s.open[len(s.open)-1]
		c.n++
		switch state := s.r.state; c.kind {
		case inArray:
			c.t.SetInt(state, c.n, v)
		case inMap:
			if c.n%2 == 1 {
				c.key = v
			} else if !c.key.IsNil() {
				c.t.Set(state, c.key, v)
			}
		case inSet:
			if !v.IsNil() {
				c.t.Set(state, v, lua.Bool(true))
			}
		}
		if c.left < 0 || c.n < c.left {
			return
		}
		v = s.close()
	}
}

// close takes the innermost container off and returns its value.
func (s *sink) close() lua.Value {
	c := s.open[len(s.open)-1]
	s.open[len(s.open)-1] = container{}
	s.open = s.open[:len(s.open)-1]
	v := lua.TableValue(c.t)
	switch c.kind {
	case inMap:
		return s.wrap(s.r.values.mapField, v)
	case inSet:
		return s.wrap(s.r.values.set, v)
	}
	return v
}

// wrap returns {field = v}.
func (s *sink) wrap(field, v lua.Value) lua.Value {
	t := s.r.state.NewTable(0, 1)
	t.Set(s.r.state, field, v)
	return lua.TableValue(t)
}

func (s *sink) begin(kind uint8, values int) {
	n := max(values, 0)
	c := container{kind: kind, left: values}
	if kind == inArray {
		c.t = s.r.state.NewTable(min(n, 1<<20), 0)
	} else {
		c.t = s.r.state.NewTable(0, 0) // it grows as Redis's does: pairs has the same order
	}
	s.open = append(s.open, c)
	if values == 0 {
		s.put(s.close())
	}
}

func (s *sink) Proto() int          { return s.proto }
func (s *sink) Int(n int64)         { s.put(lua.Number(float64(n))) }
func (s *sink) Bulk(b []byte)       { s.put(s.r.state.NewString(b)) }
func (s *sink) BulkString(b string) { s.put(s.r.state.NewText(b)) }

func (s *sink) Status(b string) {
	switch {
	case s.unused && len(s.open) == 0:
	case b == "OK":
		s.put(s.wrap(s.r.values.ok, s.r.values.okText))
	default:
		s.put(s.wrap(s.r.values.ok, s.r.state.NewText(b)))
	}
}

func (s *sink) Error(msg string) {
	s.failed = len(s.open) == 0
	s.put(s.r.countedError(msg))
}

func (s *sink) Nil() {
	if s.proto >= 3 {
		s.put(lua.Nil)
	} else {
		s.put(lua.Bool(false))
	}
}
func (s *sink) NilArray() { s.Nil() }

func (s *sink) Double(f float64) {
	if s.proto >= 3 {
		s.put(s.wrap(s.r.values.double, lua.Number(f)))
		return
	}
	s.Bulk(double.Append(s.buf[:0], f))
}

// Position gives a script the number that Redis reads back from the text of 17 decimals.
func (s *sink) Position(f float64) {
	b := double.AppendFixed(s.buf[:0], f)
	if s.proto < 3 {
		s.Bulk(b)
		return
	}
	f, _ = strconv.ParseFloat(string(b), 64)
	s.put(s.wrap(s.r.values.double, lua.Number(f)))
}

func (s *sink) Full() bool { return s.r.state.Exhausted() }

func (s *sink) Bool(b bool) {
	switch {
	case s.proto >= 3:
		s.put(lua.Bool(b))
	case b:
		s.Int(1)
	default:
		s.Int(0)
	}
}

func (s *sink) BigNumber(n string) {
	if s.proto >= 3 {
		s.put(s.wrap(s.r.values.bigNumber, s.r.state.NewText(n)))
		return
	}
	s.BulkString(n)
}

func (s *sink) Verbatim(format, text string) {
	if s.proto < 3 {
		s.BulkString(text)
		return
	}
	st := s.r.state
	t := st.NewTable(0, 2)
	t.Set(st, s.r.values.format, st.NewText(format))
	t.Set(st, s.r.values.str, st.NewText(text))
	s.put(s.wrap(s.r.values.verbatim, lua.TableValue(t)))
}

func (s *sink) Array(n int) { s.begin(inArray, n) }
func (s *sink) Push(n int)  { s.begin(inArray, n) }

func (s *sink) Map(n int) {
	if s.proto >= 3 {
		s.begin(inMap, 2*n)
	} else {
		s.begin(inArray, 2*n)
	}
}

func (s *sink) Set(n int) {
	if s.proto >= 3 {
		s.begin(inSet, n)
	} else {
		s.begin(inArray, n)
	}
}

const untilEnd = -1

func (s *sink) DeferArray() int {
	s.begin(inArray, untilEnd)
	return 0
}

func (s *sink) DeferMap() int {
	if s.proto >= 3 {
		s.begin(inMap, untilEnd)
	} else {
		s.begin(inArray, untilEnd)
	}
	return 0
}

func (s *sink) DeferSet() int {
	if s.proto >= 3 {
		s.begin(inSet, untilEnd)
	} else {
		s.begin(inArray, untilEnd)
	}
	return 0
}

func (s *sink) EndArray(_, _ int) { s.put(s.close()) }
func (s *sink) EndMap(_, _ int)   { s.put(s.close()) }
func (s *sink) EndSet(_, _ int)   { s.put(s.close()) }

// countedError is what redis.pcall returns for the error of a command, and what redis.call throws: errorstats has it already.
func (r *Runtime) countedError(msg string) lua.Value {
	t := r.state.NewTable(0, 2)
	t.Set(r.state, r.values.err, r.state.NewText(msg))
	t.Set(r.state, r.values.ignore, lua.Bool(true))
	return lua.TableValue(t)
}

// errorTable is an error of the redis functions themselves: it counts when it becomes a reply.
func (r *Runtime) errorTable(msg string) lua.Value {
	t := r.state.NewTable(0, 1)
	t.Set(r.state, r.values.err, r.state.NewText(msg))
	return lua.TableValue(t)
}
