// The basic functions: assert, error, pairs, pcall and so on, with exactly the members that Redis leaves in.
package lua

import (
	"fmt"
	"math"
	"unsafe"
)

func openBase(s *State) {
	s.Register("", []Function{
		{"assert", baseAssert}, {"collectgarbage", baseCollectGarbage}, {"error", baseError}, {"gcinfo", baseGCInfo},
		{"getfenv", baseGetfenv}, {"getmetatable", baseGetMetatable}, {"load", baseLoad}, {"loadstring", baseLoadString},
		{"next", baseNext}, {"rawequal", baseRawEqual}, {"rawget", baseRawGet}, {"rawset", baseRawSet}, {"select", baseSelect},
		{"setfenv", baseSetfenv}, {"setmetatable", baseSetMetatable}, {"tonumber", baseToNumber}, {"tostring", baseToString},
		{"type", baseType}, {"unpack", baseUnpack}, {"pcall", special}, {"xpcall", special},
	})
	g := s.globals
	g.GetStr("next").native().special = specialNext
	g.GetStr("pcall").native().special = specialPcall
	g.GetStr("xpcall").native().special = specialXpcall
	step := s.NewNative("ipairs_step", ipairsStep)
	s.SetGlobal("ipairs", s.newNative("ipairs", baseIpairs, []Value{step}).value())
	s.SetGlobal("pairs", s.newNative("pairs", basePairs, []Value{g.GetStr("next")}).value())
	s.SetGlobal("newproxy", s.NewNative("newproxy", baseNewProxy))
	s.SetGlobal("_VERSION", s.Intern("Lua 5.1"))
	s.SetGlobal("_G", g.value())
}

// special stands in for the functions that the interpreter carries out itself.
func special(*Call) int { panic("lua: a function of the interpreter was called") }

func baseAssert(c *Call) int {
	if c.CheckAny(1).Truthy() {
		return c.ReturnArgs(1)
	}
	c.Errorf("%s", c.OptString(2, "assertion failed!"))
	return 0
}

func baseCollectGarbage(c *Call) int {
	option := c.OptString(1, "collect")
	arg := c.OptInt32(2, 0)
	switch option {
	case "stop", "restart":
		return c.Return1(Int(0))
	case "collect":
		c.s.recount(0)
		return c.Return1(Int(0))
	case "count":
		return c.Return1(Number(float64(c.s.Memory()) / 1024))
	case "step":
		return c.Return1(Bool(true))
	case "setpause":
		return c.Return1(Int(c.s.setPause(0, arg)))
	case "setstepmul":
		return c.Return1(Int(c.s.setPause(1, arg)))
	}
	c.ArgError(1, formatC("invalid option '%s'", []any{option}))
	return 0
}

// setPause gives collectgarbage something to remember; there is no collector to tune.
func (s *State) setPause(i, v int) int {
	old := s.gcSettings[i]
	s.gcSettings[i] = v
	return old
}

func baseGCInfo(c *Call) int { return c.Return1(Int(int(c.s.Memory() / 1024))) }

func baseError(c *Call) int {
	level := c.OptInt32(2, 1)
	v := c.Arg(1)
	if isText(v) && level > 0 {
		text, _ := c.ToBytes(v)
		v = c.NewText(c.Where(level) + string(text))
	}
	c.Throw(v)
	return 0
}

func baseGetMetatable(c *Call) int {
	v := c.CheckAny(1)
	m := c.s.metatable(v)
	if m == nil {
		return c.Return1(Nil)
	}
	if p := c.s.event(m, eventMetatable); p.n != tagNil {
		return c.Return1(p)
	}
	return c.Return1(m.value())
}

func baseSetMetatable(c *Call) int {
	if k := c.Arg(2).Kind(); c.N() < 2 || k != KindNil && k != KindTable {
		c.CheckTable(1)
		c.ArgError(2, "nil or table expected")
	}
	t := c.CheckTable(1)
	if t.meta != nil && c.s.event(t.meta, eventMetatable).n != tagNil {
		c.Errorf("cannot change a protected metatable")
	}
	t.checkWritable(c.s)
	t.meta = c.Arg(2).Table()
	return c.ReturnFirst()
}

// ReturnFirst makes the first argument the only result.
func (c *Call) ReturnFirst() int {
	c.t.top = c.base + 1
	return 1
}

func baseNext(c *Call) int {
	t := c.CheckTable(1)
	key := c.Arg(2)
	c.t.longKey(key)
	i, ok := t.position(key)
	if !ok {
		c.t.runtimeError("invalid key to 'next'")
	}
	k, v, more := t.entryFrom(c.s, i)
	if !more {
		return c.Return1(Nil)
	}
	return c.Return2(k, v)
}

func basePairs(c *Call) int {
	c.CheckTable(1)
	v := c.Arg(1)
	c.Push(c.Upvalue(1))
	c.Push(v)
	c.Push(Nil)
	return 3
}

func baseIpairs(c *Call) int {
	c.CheckTable(1)
	v := c.Arg(1)
	c.Push(c.Upvalue(1))
	c.Push(v)
	c.Push(Int(0))
	return 3
}

func ipairsStep(c *Call) int {
	i := c.CheckInt32(2) + 1
	t := c.CheckTable(1)
	v := *t.findInt(int64(i))
	if v.n == tagNil {
		return 0
	}
	return c.Return2(Int(i), v)
}

func baseRawEqual(c *Call) int {
	a, b := c.CheckAny(1), c.CheckAny(2)
	return c.Return1(Bool(c.t.equal(a, b)))
}

func baseRawGet(c *Call) int {
	t := c.CheckTable(1)
	key := c.CheckAny(2)
	c.t.longKey(key)
	return c.Return1(t.Get(key))
}

func baseRawSet(c *Call) int {
	t := c.CheckTable(1)
	k, v := c.CheckAny(2), c.CheckAny(3)
	c.t.longKey(k)
	t.Set(c.s, k, v)
	return c.ReturnFirst()
}

func baseSelect(c *Call) int {
	n := c.N()
	if v := c.Arg(1); v.IsString() && len(v.Bytes()) > 0 && v.Bytes()[0] == '#' {
		return c.Return1(Int(n - 1))
	}
	i := c.CheckInt32(1)
	if i < 0 {
		i = n + i
	} else if i > n {
		i = n
	}
	if i < 1 {
		c.ArgError(1, "index out of range")
	}
	return c.ReturnArgs(i + 1)
}

func baseToNumber(c *Call) int {
	base := c.OptInt32(2, 10)
	if base == 10 {
		v := c.CheckAny(1)
		if f, ok := c.t.toNumber(v); ok {
			return c.Return1(Number(f))
		}
		return c.Return1(Nil)
	}
	text := c.CheckBytes(1)
	if base < 2 || base > 36 {
		c.ArgError(2, "base out of range")
	}
	if f, ok := parseUnsigned(text, base, c.s.every); ok {
		return c.Return1(Number(f))
	}
	return c.Return1(Nil)
}

// parseUnsigned is C's strtoul with only white space before and after: 64 bits, the largest number if it does not fit,
// and a minus sign negates modulo 2^64. turn is called for every byte.
func parseUnsigned(b []byte, base int, turn func(i int)) (float64, bool) {
	i := 0
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	negative := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	if base == 16 && i+2 < len(b) && b[i] == '0' && b[i+1]|0x20 == 'x' && isHexDigit(b[i+2]) {
		i += 2
	}
	start := i
	n, overflow := uint64(0), false
	for ; i < len(b) && isAlnum(b[i]); i++ {
		turn(i)
		d := int(b[i]) - '0'
		if d > 9 {
			d = int(b[i]|0x20) - 'a' + 10
		}
		if d >= base {
			break
		}
		if n > (math.MaxUint64-uint64(d))/uint64(base) {
			overflow = true
		}
		n = n*uint64(base) + uint64(d)
	}
	if i == start {
		return 0, false
	}
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	if i < len(b) && b[i] != 0 {
		return 0, false
	}
	switch {
	case overflow:
		n = math.MaxUint64
	case negative:
		n = -n
	}
	return float64(n), true
}

func baseToString(c *Call) int {
	return c.Return1(c.ToStringMeta(c.CheckAny(1)))
}

func baseType(c *Call) int { return c.Return1(c.s.Intern(c.CheckAny(1).TypeName())) }

func baseUnpack(c *Call) int {
	t := c.CheckTable(1)
	i := c.OptInt32(2, 1)
	last := 0
	if c.Has(3) {
		last = c.CheckInt32(3)
	} else {
		last = t.Len()
	}
	if i > last {
		return 0
	}
	n := last - i + 1
	if n <= 0 || n >= math.MaxInt32 || !c.CheckStack(n) {
		c.Errorf("too many results to unpack")
	}
	c.Steps(n >> 3)
	for j := range n {
		c.Push(*t.findInt(int64(i + j)))
	}
	return n
}

func baseLoadString(c *Call) int {
	text := c.CheckString(1)
	return c.load(text, c.OptString(2, text))
}

// load pushes the function compiled from text, or nil and the error.
func (c *Call) load(text, chunk string) int {
	if len(text) > 0 && text[0] == 0x1b {
		// Redis's Lua takes no precompiled code.
		return c.Return2(Nil, c.NewText("loading of precompiled code is not supported"))
	}
	p, err := c.s.compile(text, chunk, c.s.nC)
	if err != nil {
		return c.Return2(Nil, c.NewText(err.Error()))
	}
	c.s.charge(int64(p.Size()))
	f := newClosure(c.s, p, c.t.env)
	return c.Return1(f.value())
}

func baseLoad(c *Call) int {
	chunk := c.OptString(2, "=(load)")
	c.CheckKind(1, KindFunction)
	reader := c.Arg(1)
	var text []byte
	for {
		piece, ok := c.readPiece(reader)
		if !ok {
			return c.Return2(Nil, c.Pushed(-1))
		}
		if piece.n == tagNil {
			break
		}
		b, isString := c.ToBytes(piece)
		if !isString {
			return c.Return2(Nil, c.NewText("reader function must return a string"))
		}
		if len(b) == 0 {
			break
		}
		c.Charge(len(b))
		text = append(text, b...)
		if len(text) > c.s.screen {
			return c.Return2(Nil, c.NewText(fmt.Sprintf("%s", ErrTooLarge)))
		}
	}
	return c.load(string(text), chunk)
}

// readPiece calls the reader of load. Its errors are the errors of load, which are returned.
func (c *Call) readPiece(reader Value) (piece Value, ok bool) {
	t := c.t
	top := t.top
	t.reserve(3)
	t.stack[top] = c.s.globals.GetStr("pcall")
	t.stack[top+1] = reader
	t.top = top + 2
	base, n := c.base, c.n
	t.callValue(top, 2)
	c.base, c.n = base, n
	t.top = top
	ok = t.stack[top].Truthy()
	piece = t.stack[top+1].clean()
	if !ok {
		c.Push(piece)
	}
	return piece, ok
}

func baseNewProxy(c *Call) int {
	s := c.s
	u := &userdata{header: header{kind: tagUserdata}, env: c.t.env}
	s.charge(64)
	s.ids++
	u.id = s.ids
	switch v := c.Arg(1); {
	case v.n <= tagFalse:
	case v.n == tagTrue:
		u.meta = newTable(s, 0, 0)
	default:
		if v.n == tagUserdata {
			u.meta = v.userdata().meta
		}
		if u.meta == nil {
			c.ArgError(1, "boolean or proxy expected")
		}
	}
	return c.Return1(Value{unsafe.Pointer(u), tagUserdata})
}

// environment returns the function that argument 1 of getfenv and setfenv names: a function or a level. It is nil for
// level 0 and for a native.
func (c *Call) environment(optional bool) (f *closure, level int) {
	if v := c.Arg(1); v.IsFunction() {
		if v.n == tagFunction {
			return v.closure(), -1
		}
		return nil, -1
	}
	if optional {
		level = c.OptInt32(1, 1)
	} else {
		level = c.CheckInt32(1)
	}
	if level < 0 {
		c.ArgError(1, "level must be non-negative")
	}
	if !c.t.hasLevel(level) {
		c.ArgError(1, "invalid level")
	}
	i := c.t.frame(level)
	if i < 0 {
		c.Errorf("no function environment for tail call at level %d", level)
	}
	return c.t.ci[i].cl, level
}

func baseGetfenv(c *Call) int {
	if c.Arg(1).IsNumber() && c.Arg(1).Number() == 0 {
		return c.Return1(c.t.env.value())
	}
	f, _ := c.environment(true)
	if f == nil {
		return c.Return1(c.t.env.value())
	}
	return c.Return1(f.env.value())
}

func baseSetfenv(c *Call) int {
	t := c.CheckTable(2)
	f, _ := c.environment(false)
	if v := c.Arg(1); v.IsNumber() && v.Number() == 0 {
		c.t.env = t
		return 0
	}
	if f == nil {
		c.Errorf("'setfenv' cannot change environment of given object")
	}
	f.env = t
	return c.Return1(f.value())
}
