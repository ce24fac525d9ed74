// The interface of functions written in Go: arguments, results, checks with PUC Lua's error texts, calls back into Lua.
package lua

import "unsafe"

// Native is a Lua function written in Go. It reads its arguments from c, pushes its results in order and returns how
// many of the values pushed last are results. An error is raised by a panic inside the methods of Call, so a Native
// never sees one. c and everything read from it are valid until the Native returns.
type Native func(c *Call) int

// native is the object behind a function value written in Go.
type native struct {
	header
	special uint8 // one of special..., for the functions that the interpreter loop carries out itself
	id      uint32
	name    string
	fn      Native
	env     *Table
	up      []Value
}

const nativeSize = int64(unsafe.Sizeof(native{}))

func (n *native) value() Value { return Value{unsafe.Pointer(n), tagNative} }

// Call is one call of a Native: the window of registers with its arguments and, above them, what it pushes.
type Call struct {
	s    *State
	t    *Thread
	base int // index in the stack of the first argument
	n    int
}

// State returns the state that runs the call.
func (c *Call) State() *State { return c.s }

// N returns the number of arguments.
func (c *Call) N() int { return c.n }

// Arg returns argument i, counted from 1; nil if there are fewer.
func (c *Call) Arg(i int) Value {
	if i > c.n {
		return Nil
	}
	return c.t.stack[c.base+i-1].clean()
}

// Wanted tells whether the caller uses a result: a call that is a statement of its own does not.
func (c *Call) Wanted() bool { return c.t.ci[c.t.depth].results != 0 }

// Has reports whether argument i is there and not nil.
func (c *Call) Has(i int) bool { return i <= c.n && c.t.stack[c.base+i-1].n != tagNil }

// Upvalue returns value i, counted from 1, that the function was created with.
func (c *Call) Upvalue(i int) Value { return c.self().up[i-1] }

// SetUpvalue changes value i, counted from 1, that the function was created with.
func (c *Call) SetUpvalue(i int, v Value) { c.self().up[i-1] = v.clean() }

func (c *Call) self() *native { return c.t.stack[c.base-1].native() }

// Push adds v to the values pushed.
func (c *Call) Push(v Value) {
	t := c.t
	if t.top >= len(t.stack) {
		t.grow(1)
	}
	t.stack[t.top] = v
	t.top++
}

// Return0, Return1 and Return2 push that many results and return their number.
func (c *Call) Return0() int { return 0 }

// Return1 pushes one result.
func (c *Call) Return1(v Value) int {
	c.Push(v)
	return 1
}

// Return2 pushes two results.
func (c *Call) Return2(v, w Value) int {
	c.Push(v)
	c.Push(w)
	return 2
}

// ReturnArgs makes the arguments from i on the results.
func (c *Call) ReturnArgs(i int) int {
	c.t.top = c.base + c.n
	return max(c.n-i+1, 0)
}

// maxNativeStack is how many values a native may have in its window (LUAI_MAXCSTACK).
const maxNativeStack = 8000

// CheckStack reports whether n more values may be pushed, as lua_checkstack does.
func (c *Call) CheckStack(n int) bool {
	used := c.t.top - c.base
	if n < 0 || n > maxNativeStack || used+n > maxNativeStack {
		return false
	}
	c.t.reserve(n)
	return true
}

// typeName returns the type of argument i as error texts give it.
func (c *Call) typeName(i int) string {
	if i > c.n {
		return "no value"
	}
	return c.t.stack[c.base+i-1].TypeName()
}

// ArgError raises "bad argument #i to 'name' (msg)".
func (c *Call) ArgError(i int, msg string) {
	kind, name := c.t.callerName()
	if kind == "" {
		c.Errorf("bad argument #%d to '?' (%s)", i, msg)
	}
	if kind == "method" {
		i--
		if i == 0 {
			c.Errorf("calling '%s' on bad self (%s)", name, msg)
		}
	}
	c.Errorf("bad argument #%d to '%s' (%s)", i, name, msg)
}

// TypeError raises "bad argument #i to 'name' (expected expected, got type)".
func (c *Call) TypeError(i int, expected string) {
	c.ArgError(i, expected+" expected, got "+c.typeName(i))
}

// Errorf raises the text with the position of the Lua code that called the native in front (luaL_error).
func (c *Call) Errorf(format string, args ...any) {
	c.Throw(c.NewText(c.t.where(1) + formatC(format, args)))
}

// Throw raises v as it is.
func (c *Call) Throw(v Value) { c.t.throw(v) }

// Where returns "chunk:line: " of the function at that level (1 is the caller of the native), or "".
func (c *Call) Where(level int) string { return c.t.where(level) }

// CheckAny raises an error unless there is an argument i, even nil.
func (c *Call) CheckAny(i int) Value {
	if i > c.n {
		c.ArgError(i, "value expected")
	}
	return c.Arg(i)
}

// CheckNumber returns argument i, a number or a string that reads as one.
func (c *Call) CheckNumber(i int) float64 {
	if i <= c.n {
		v := c.t.stack[c.base+i-1]
		if v.n > maxTag {
			return v.Number()
		}
		if f, ok := c.t.toNumber(v); ok {
			return f
		}
	}
	c.TypeError(i, "number")
	return 0
}

// CheckInt returns argument i cut to an integer (luaL_checkinteger: 64 bits, what does not fit is math.MinInt64).
func (c *Call) CheckInt(i int) int { return int(toInteger(c.CheckNumber(i))) }

// CheckInt32 returns argument i as C's int (luaL_checkint: the low 32 bits of CheckInt).
func (c *Call) CheckInt32(i int) int { return int(int32(toInteger(c.CheckNumber(i)))) }

// OptNumber is CheckNumber, or d if the argument is absent or nil.
func (c *Call) OptNumber(i int, d float64) float64 {
	if !c.Has(i) {
		return d
	}
	return c.CheckNumber(i)
}

// OptInt is CheckInt, or d if the argument is absent or nil.
func (c *Call) OptInt(i, d int) int {
	if !c.Has(i) {
		return d
	}
	return c.CheckInt(i)
}

// OptInt32 is CheckInt32, or d if the argument is absent or nil.
func (c *Call) OptInt32(i, d int) int {
	if !c.Has(i) {
		return d
	}
	return c.CheckInt32(i)
}

// CheckStringValue returns argument i, a string; a number is replaced by its text in the arguments.
func (c *Call) CheckStringValue(i int) Value {
	if i <= c.n {
		slot := &c.t.stack[c.base+i-1]
		if slot.n == tagString {
			return *slot
		}
		if slot.n > maxTag {
			v := c.s.numberText(slot.Number())
			c.t.stack[c.base+i-1] = v
			return v
		}
	}
	c.TypeError(i, "string")
	return Nil
}

// CheckBytes returns the bytes of argument i, a string or a number. They must not be changed.
func (c *Call) CheckBytes(i int) []byte { return c.CheckStringValue(i).Bytes() }

// CheckString returns the text of argument i, a string or a number, without copying it.
func (c *Call) CheckString(i int) string { return c.CheckStringValue(i).Str() }

// OptString is CheckString, or d if the argument is absent or nil.
func (c *Call) OptString(i int, d string) string {
	if !c.Has(i) {
		return d
	}
	return c.CheckString(i)
}

// CheckTable returns argument i, a table.
func (c *Call) CheckTable(i int) *Table {
	if i <= c.n {
		if v := c.t.stack[c.base+i-1]; v.n == tagTable {
			return v.table()
		}
	}
	c.TypeError(i, "table")
	return nil
}

// CheckKind raises an error unless argument i is of that kind.
func (c *Call) CheckKind(i int, k Kind) Value {
	if i > c.n || c.t.stack[c.base+i-1].Kind() != k {
		c.TypeError(i, k.String())
	}
	return c.Arg(i)
}

// ToBytes returns the bytes of a string, or of the text of a number; ok is false for other types.
func (c *Call) ToBytes(v Value) (b []byte, ok bool) {
	if v.n == tagString {
		return v.Bytes(), true
	}
	if v.n > maxTag {
		return formatNumber(nil, v.Number()), true
	}
	return nil, false
}

// ToNumber converts as arithmetic does: a number, or a string that reads as one.
func (c *Call) ToNumber(v Value) (float64, bool) { return c.t.toNumber(v) }

// NewString returns a copy of b as a string value, charged to the byte budget.
func (c *Call) NewString(b []byte) Value { return c.s.NewString(b) }

// NewText is NewString for text.
func (c *Call) NewText(b string) Value { return c.s.NewText(b) }

// AllocString returns a string of n bytes of any value and those bytes, to be filled before anything else sees the value.
// The n bytes are charged before they are allocated.
func (c *Call) AllocString(n int) (Value, []byte) {
	s := c.s.makeString(n)
	return s.value(), s.bytes()
}

// NewTable returns an empty table with room for narr elements and nhash keys, charged to the byte budget.
func (c *Call) NewTable(narr, nhash int) *Table { return newTable(c.s, narr, nhash) }

// TableValue returns t as a value.
func TableValue(t *Table) Value { return t.value() }

// NewFunction returns a function value with upvalues, charged to the byte budget.
func (c *Call) NewFunction(name string, fn Native, upvalues ...Value) Value {
	c.s.charge(nativeSize + int64(len(upvalues))*int64(valueSize))
	return c.s.newNative(name, fn, append([]Value(nil), upvalues...)).value()
}

// Steps draws n steps from the step budget; every loop of a native whose length a script decides must call it.
func (c *Call) Steps(n int) {
	c.s.steps -= int64(n)
	if c.s.steps <= 0 {
		c.s.sliceUsed()
	}
}

// EndSlice ends the slice before its steps are used up: what the native did took long by the host's clock.
func (c *Call) EndSlice() { c.s.pause() }

// Charge draws n bytes from the byte budget before they are allocated. Memory that only the native holds, such as a
// buffer, is given back with a negative n.
func (c *Call) Charge(n int) { c.s.charge(int64(n)) }

// TakeBuffer returns an empty scratch buffer, which GiveBuffer hands back. A native that is left by an error need not
// give it back. The growth of the buffer is not charged: a native charges what it makes of it.
func (c *Call) TakeBuffer() []byte {
	b := c.s.buffer
	c.s.buffer = nil
	return b[:0]
}

// GiveBuffer hands back a buffer of TakeBuffer, grown or not.
func (c *Call) GiveBuffer(b []byte) {
	if cap(b) <= maxKeptBuffer {
		c.s.buffer = b
	}
}

const maxKeptBuffer = 1 << 20

// Call1 calls fn and returns its first result, nil if it has none.
func (c *Call) Call1(fn Value, args ...Value) Value {
	t := c.t
	top := t.top
	c.pushCall(fn, args)
	base, n := c.base, c.n
	t.callValue(top, 1)
	c.base, c.n = base, n
	t.top = top
	return t.stack[top].clean()
}

// Call2 is Call1 for two arguments without a slice, for comparators.
func (c *Call) Call2(fn, a, b Value) Value {
	t := c.t
	top := t.top
	t.reserve(3)
	t.stack[top], t.stack[top+1], t.stack[top+2] = fn, a, b
	t.top = top + 3
	base, n := c.base, c.n
	t.callValue(top, 1)
	c.base, c.n = base, n
	t.top = top
	return t.stack[top].clean()
}

// CallMulti calls fn, pushes all its results and returns their number.
func (c *Call) CallMulti(fn Value, args ...Value) int {
	t := c.t
	top := t.top
	c.pushCall(fn, args)
	base, n := c.base, c.n
	t.callValue(top, multipleResults)
	c.base, c.n = base, n
	return t.top - top
}

// Pushed returns the value pushed last for i = -1, the one before for i = -2, and so on.
func (c *Call) Pushed(i int) Value { return c.t.stack[c.t.top+i].clean() }

// Pop drops the n values pushed last.
func (c *Call) Pop(n int) { c.t.top -= n }

func (c *Call) pushCall(fn Value, args []Value) {
	t := c.t
	t.reserve(len(args) + 1)
	t.stack[t.top] = fn
	copy(t.stack[t.top+1:], args)
	t.top += len(args) + 1
}

// Index returns t[key] with metamethods.
func (c *Call) Index(v, key Value) Value {
	base, n := c.base, c.n
	r := c.t.index(v, key)
	c.base, c.n = base, n
	return r.clean()
}

// Less is Lua's a < b, with metamethods and errors.
func (c *Call) Less(a, b Value) bool {
	if a.n > maxTag && b.n > maxTag {
		return a.Number() < b.Number()
	}
	base, n := c.base, c.n
	r := c.t.lessThan(a, b)
	c.base, c.n = base, n
	return r
}

// ToStringMeta is tostring(v): __tostring, or the text of the value.
func (c *Call) ToStringMeta(v Value) Value {
	base, n := c.base, c.n
	r := c.t.tostring(v)
	c.base, c.n = base, n
	return r
}

// SiteCache returns a slot that belongs to the call instruction which is calling the native, for what the host wants to
// remember about it, such as what a constant first argument means; check with Same that the argument still is that
// constant. It is nil if the caller is not Lua code.
func (c *Call) SiteCache() *any { return c.t.siteCache() }

// Line returns the line of the Lua code that called the native, 0 if there is none.
func (c *Call) Line() int { return max(c.t.lineAt(1), 0) }
