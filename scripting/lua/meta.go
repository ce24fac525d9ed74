// Metatable events: what the instructions do when their operands are not the plain case.
package lua

import "math"

// The events of metatables, and the other names that the core looks up. The first eight are cached as absent in
// Table.absent.
const (
	eventIndex = iota
	eventNewIndex
	eventEq
	eventCall
	eventLen
	eventConcat
	eventLt
	eventLe
	eventAdd
	eventSub
	eventMul
	eventDiv
	eventMod
	eventPow
	eventUnm
	eventToString
	eventMetatable
	eventMode
	eventErr
	eventCount
)

var eventNames = [eventCount]string{
	"__index", "__newindex", "__eq", "__call", "__len", "__concat", "__lt", "__le", "__add", "__sub", "__mul", "__div", "__mod", "__pow",
	"__unm", "__tostring", "__metatable", "__mode", "err",
}

// maxMetaLoop bounds chains of __index and __newindex (MAXTAGLOOP).
const maxMetaLoop = 100

// event returns the metamethod in the metatable m, which may be nil.
func (s *State) event(m *Table, e int) Value {
	if m == nil {
		return Nil
	}
	if e < 8 {
		if m.absent&(1<<e) != 0 {
			return Nil
		}
		v := *m.findString(s.events[e])
		if v.n == tagNil {
			m.absent |= 1 << e
		}
		return v
	}
	return *m.findString(s.events[e])
}

// metatable returns the metatable of v, nil if it has none.
func (s *State) metatable(v Value) *Table {
	switch v.n {
	case tagTable:
		return v.table().meta
	case tagString:
		return s.stringMeta
	case tagUserdata:
		return v.userdata().meta
	}
	return nil
}

func (s *State) metamethod(v Value, e int) Value { return s.event(s.metatable(v), e) }

// index returns v[key] with metamethods. The running frame's top must be above everything in use.
func (t *Thread) index(v, key Value) Value { return t.indexSlot(v, key, -1) }

// indexSlot is index for a value in the register at stack index slot, which error texts then name.
func (t *Thread) indexSlot(v, key Value, slot int) Value {
	s := t.s
	for range maxMetaLoop {
		var h Value
		if v.n == tagTable {
			o := v.table()
			t.longKey(key)
			r := *o.find(key)
			if r.n != tagNil || o.meta == nil {
				return r
			}
			if h = s.event(o.meta, eventIndex); h.n == tagNil {
				return Nil
			}
		} else if h = s.metamethod(v, eventIndex); h.n == tagNil {
			t.typeError(v, slot, "index")
		}
		if h.IsFunction() {
			return t.call2(h, v, key)
		}
		v, slot = h, -1
	}
	t.runtimeError("loop in gettable")
	return Nil
}

// setIndex makes v[key] = x with metamethods; slot is as for indexSlot.
func (t *Thread) setIndex(v, key, x Value, slot int) {
	s := t.s
	for range maxMetaLoop {
		var h Value
		if v.n == tagTable {
			o := v.table()
			t.longKey(key)
			p := o.find(key)
			if p.n != tagNil || o.meta == nil {
				o.checkWritable(s)
				t.storeAt(o, p, key, x)
				return
			}
			if h = s.event(o.meta, eventNewIndex); h.n == tagNil {
				o.checkWritable(s)
				t.storeAt(o, p, key, x)
				return
			}
		} else if h = s.metamethod(v, eventNewIndex); h.n == tagNil {
			t.typeError(v, slot, "index")
		}
		if h.IsFunction() {
			t.call3(h, v, key, x)
			return
		}
		v, slot = h, -1
	}
	t.runtimeError("loop in settable")
}

func (t *Thread) storeAt(o *Table, p *Value, key, x Value) {
	o.absent = 0
	if p == &noValue {
		p = o.newKey(t.s, key.clean())
	}
	*p = x.clean()
}

// frameTop makes top point above the registers of the running function, so that a metamethod can be called there.
func (t *Thread) frameTop() int {
	if ci := &t.ci[t.depth]; ci.cl != nil {
		t.top = ci.base + int(ci.cl.p.maxStack)
	}
	return t.top
}

// call2 calls a metamethod with two arguments and returns its first result.
func (t *Thread) call2(f, a, b Value) Value {
	saved := t.top
	top := t.frameTop()
	t.reserve(3)
	t.stack[top], t.stack[top+1], t.stack[top+2] = f, a, b
	t.top = top + 3
	t.callValue(top, 1)
	t.top = saved
	return t.stack[top]
}

func (t *Thread) call3(f, a, b, c Value) {
	saved := t.top
	top := t.frameTop()
	t.reserve(4)
	t.stack[top], t.stack[top+1], t.stack[top+2], t.stack[top+3] = f, a, b, c
	t.top = top + 4
	t.callValue(top, 0)
	t.top = saved
}

// arith carries out event eventAdd to eventUnm on values that are not both numbers.
func (t *Thread) arith(e int, a, b Value, slotA, slotB int) Value {
	x, okA := t.toNumber(a)
	y, okB := t.toNumber(b)
	if okA && okB {
		return Number(arithmetic(e, x, y))
	}
	h := t.s.metamethod(a, e)
	if h.n == tagNil {
		h = t.s.metamethod(b, e)
	}
	if h.n == tagNil {
		if !okA {
			t.typeError(a, slotA, "perform arithmetic on")
		}
		t.typeError(b, slotB, "perform arithmetic on")
	}
	return t.call2(h, a, b)
}

func arithmetic(e int, x, y float64) float64 {
	switch e {
	case eventAdd:
		return x + y
	case eventSub:
		return x - y
	case eventMul:
		return x * y
	case eventDiv:
		return x / y
	case eventMod:
		return modulo(x, y)
	case eventPow:
		return power(x, y)
	}
	return -x
}

// modulo is Lua's %. The conversion keeps the product from being fused with the subtraction, which rounds otherwise.
func modulo(x, y float64) float64 { return x - float64(math.Floor(x/y)*y) }

// equalMeta is == for two values of one type that are not raw equal: __eq of tables and userdata.
func (t *Thread) equalMeta(a, b Value) bool {
	if a.n != b.n || a.n != tagTable && a.n != tagUserdata {
		return false
	}
	h := t.s.comparer(t.s.metatable(a), t.s.metatable(b), eventEq)
	return h.n != tagNil && t.call2(h, a, b).Truthy()
}

// comparer returns the metamethod that two metatables share.
func (s *State) comparer(m, n *Table, e int) Value {
	h := s.event(m, e)
	if h.n == tagNil || m == n {
		return h
	}
	if k := s.event(n, e); k.n != tagNil && RawEqual(h, k) {
		return h
	}
	return Nil
}

// lessThan is a < b.
func (t *Thread) lessThan(a, b Value) bool {
	if a.n > maxTag && b.n > maxTag {
		return a.Number() < b.Number()
	}
	if a.n == tagString && b.n == tagString {
		return t.s.compareBytes(a.Bytes(), b.Bytes()) < 0
	}
	if r, ok := t.orderMeta(a, b, eventLt); ok {
		return r
	}
	t.compareError(a, b)
	return false
}

// lessEqual is a <= b.
func (t *Thread) lessEqual(a, b Value) bool {
	if a.n > maxTag && b.n > maxTag {
		return a.Number() <= b.Number()
	}
	if a.n == tagString && b.n == tagString {
		return t.s.compareBytes(a.Bytes(), b.Bytes()) <= 0
	}
	if r, ok := t.orderMeta(a, b, eventLe); ok {
		return r
	}
	if r, ok := t.orderMeta(b, a, eventLt); ok {
		return !r
	}
	t.compareError(a, b)
	return false
}

func (t *Thread) orderMeta(a, b Value, e int) (result, ok bool) {
	if a.Kind() != b.Kind() {
		return false, false
	}
	h := t.s.metamethod(a, e)
	if h.n == tagNil || !RawEqual(h, t.s.metamethod(b, e)) {
		return false, false
	}
	return t.call2(h, a, b).Truthy(), true
}

// length is #v.
func (t *Thread) length(v Value, slot int) Value {
	switch v.n {
	case tagTable:
		return Int(v.table().Len())
	case tagString:
		return Int(v.string().size)
	}
	h := t.s.metamethod(v, eventLen)
	if h.n == tagNil {
		t.typeError(v, slot, "get length of")
	}
	return t.call2(h, v, Nil)
}

// concat replaces the n values in the registers that end before stack index end by their concatenation, which is put
// into the first of them.
func (t *Thread) concat(end, n int) {
	for n > 1 {
		a, b := &t.stack[end-2], &t.stack[end-1]
		done := 2
		switch {
		case !isText(*a) || !isText(*b):
			h := t.s.metamethod(*a, eventConcat)
			if h.n == tagNil {
				h = t.s.metamethod(*b, eventConcat)
			}
			if h.n == tagNil {
				t.concatError(end)
			}
			r := t.call2(h, *a, *b)
			t.stack[end-2] = r
		case b.n == tagString && b.string().size == 0:
			if a.n > maxTag {
				*a = t.s.numberText(a.Number())
			}
		default:
			for done < n && isText(t.stack[end-done-1]) {
				done++
			}
			t.stack[end-done] = t.join(t.stack[end-done : end])
		}
		n -= done - 1
		end -= done - 1
	}
}

func isText(v Value) bool { return v.n == tagString || v.n > maxTag }

func (t *Thread) concatError(end int) {
	slot := end - 2
	if isText(t.stack[slot]) {
		slot = end - 1
	}
	t.typeError(t.stack[slot], slot, "concatenate")
}

// join returns the text of strings and numbers one after another.
func (t *Thread) join(parts []Value) Value {
	var scratch [128]byte
	numbers := scratch[:0]
	size := 0
	for i := range parts {
		if v := parts[i]; v.n == tagString {
			size += v.string().size
		} else {
			before := len(numbers)
			numbers = formatNumber(numbers, v.Number())
			size += len(numbers) - before
		}
	}
	s := t.s
	if size > math.MaxInt32 {
		t.runtimeError("string length overflow")
	}
	s.steps -= int64(size >> 6)
	str := s.makeString(size)
	dst := str.bytes()
	numbers = numbers[:0]
	for i := range parts {
		if v := parts[i]; v.n == tagString {
			s.copyBytes(dst, v.Bytes())
			dst = dst[v.string().size:]
		} else {
			numbers = formatNumber(numbers[:0], v.Number())
			dst = dst[copy(dst, numbers):]
		}
	}
	return str.value()
}

// tostring is the function of that name.
func (t *Thread) tostring(v Value) Value {
	if h := t.s.metamethod(v, eventToString); h.n != tagNil {
		saved := t.top
		t.reserve(2)
		t.stack[saved], t.stack[saved+1] = h, v
		t.top = saved + 2
		t.callValue(saved, 1)
		t.top = saved
		return t.stack[saved].clean()
	}
	switch v.n {
	case tagNil:
		return t.s.Intern("nil")
	case tagFalse:
		return t.s.Intern("false")
	case tagTrue:
		return t.s.Intern("true")
	case tagString:
		return v
	}
	if v.n > maxTag {
		return t.s.numberText(v.Number())
	}
	// The id stands for the address, which is nobody's business.
	return t.s.NewText(v.TypeName() + ": " + v.Address())
}

// objectID returns the number that stands for the address of an object.
func objectID(v Value) uint32 {
	switch v.n {
	case tagTable:
		return v.table().id
	case tagFunction:
		return v.closure().id
	case tagNative:
		return v.native().id
	case tagUserdata:
		return v.userdata().id
	case tagThread:
		return v.thread().id
	}
	for i := range lightIDs {
		if v.p == LightUserdata(i).p {
			return uint32(i)
		}
	}
	return 0
}
