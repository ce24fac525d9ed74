// What the instructions do off the fast path: operands of mixed types, metamethods, errors, and the long instructions.
package lua

import "unsafe"

// slow carries out the instruction before the saved pc in full. It reports whether the next one is to be skipped.
func (t *Thread) slow() (skip bool) {
	ci := &t.ci[t.depth]
	p, base := ci.cl.p, ci.base
	i := p.code[t.currentPC(t.depth)]
	switch i.op() {
	case opGetGlobal:
		t.setRegister(i.a(), t.index(ci.cl.env.value(), p.k[i.bx()]))
	case opSetGlobal:
		t.setIndex(ci.cl.env.value(), p.k[i.bx()], t.stack[base+i.a()], -1)
	case opGetTable:
		t.setRegister(i.a(), t.indexSlot(t.stack[base+i.b()], t.operand(p, i.c()), base+i.b()))
	case opSetTable:
		t.setIndex(t.stack[base+i.a()], t.operand(p, i.b()), t.operand(p, i.c()), base+i.a())
	case opSelf:
		o := t.stack[base+i.b()]
		t.setRegister(i.a()+1, o)
		t.setRegister(i.a(), t.indexSlot(o, t.operand(p, i.c()), base+i.b()))
	case opAdd, opSub, opMul, opDiv, opMod, opPow:
		r := t.arith(i.op()-opAdd+eventAdd, t.operand(p, i.b()), t.operand(p, i.c()), t.operandSlot(i.b()), t.operandSlot(i.c()))
		t.setRegister(i.a(), r)
	case opUnm:
		v := t.operand(p, i.b())
		t.setRegister(i.a(), t.arith(eventUnm, v, v, t.operandSlot(i.b()), t.operandSlot(i.b())))
	case opLen:
		t.setRegister(i.a(), t.length(t.operand(p, i.b()), t.operandSlot(i.b())))
	case opEq:
		a, b := t.operand(p, i.b()), t.operand(p, i.c())
		return (RawEqual(a, b) || t.equalMeta(a, b)) != (i.a() != 0)
	case opLt:
		return t.lessThan(t.operand(p, i.b()), t.operand(p, i.c())) != (i.a() != 0)
	case opLe:
		return t.lessEqual(t.operand(p, i.b()), t.operand(p, i.c())) != (i.a() != 0)
	default:
		panic("lua: an instruction without a slow path")
	}
	return false
}

func (t *Thread) operand(p *Proto, rk int) Value {
	if isConstant(rk) {
		return p.k[constantIndex(rk)]
	}
	return t.stack[t.ci[t.depth].base+rk]
}

func (t *Thread) operandSlot(rk int) int {
	if isConstant(rk) {
		return -1
	}
	return t.ci[t.depth].base + rk
}

func (t *Thread) setRegister(a int, v Value) { t.stack[t.ci[t.depth].base+a] = v }

// field looks a constant name up in o, then in the tables that are __index behind it. It returns nil if a function has
// to be called.
func (s *State) field(o *Table, key *String) *Value {
	for range maxMetaLoop {
		if o == nil {
			return nil
		}
		v := o.findConstant(key)
		if v.n != tagNil || o.meta == nil {
			return v
		}
		h := s.event(o.meta, eventIndex)
		if h.n == tagNil {
			return v
		}
		if h.n != tagTable {
			return nil
		}
		o = h.table()
	}
	return nil
}

// prepareFor makes the three values of a numeric for numbers.
func (t *Thread) prepareFor(init, limit, step *Value) {
	for _, v := range [...]struct {
		value *Value
		name  string
	}{{init, "initial value"}, {limit, "limit"}, {step, "step"}} {
		f, ok := toNumber(*v.value)
		if !ok {
			t.runtimeError("'for' %s must be a number", v.name)
		}
		*v.value = Number(f)
	}
}

// iterate calls the iterator of a generic for, whose generator is in the register ra at stack index index, for n results.
// It reports whether a Lua function is now to be run.
func (t *Thread) iterate(ra *Value, index, n int) (lua bool) {
	s := t.s
	r := unsafe.Pointer(ra)
	state, control := at(r, uint64(valueSize)), at(r, 2*uint64(valueSize))
	if ra.n == tagNative && ra.native().special == specialNext && state.n == tagTable && n <= 2 {
		o := state.table()
		pos, ok := o.position(*control)
		if ok {
			k, v, _ := o.entryFrom(pos)
			*at(r, 3*uint64(valueSize)) = k
			if n == 2 {
				*at(r, 4*uint64(valueSize)) = v
			}
			return false
		}
	}
	*at(r, 5*uint64(valueSize)) = *control
	*at(r, 4*uint64(valueSize)) = *state
	*at(r, 3*uint64(valueSize)) = *ra
	fn := index + 3
	t.top = fn + 3
	switch {
	case ra.n == tagNative && ra.native().special == specialNone:
		t.callNative(ra.native(), fn, 2, n, 0)
		return false
	case ra.n == tagFunction:
		s.nC++
		if s.nC >= maxCLevels {
			t.cStackOverflow()
		}
		s.steps--
		t.enterLua(ra.closure(), fn, 2, n, callBoundary)
		return true
	}
	t.callValue(fn, n)
	return false
}

// setList stores n registers behind a table, n < 0 for all up to top, as batch c of its array.
func (t *Thread) setList(ci *callInfo, a uint64, n, c int) {
	s := t.s
	index := ci.base + int(a/uint64(valueSize))
	if n == 0 {
		n = t.top - index - 1
	}
	if c == 0 {
		c = int(ci.cl.p.code[t.currentPC(t.depth)+1])
	}
	o := t.stack[index].table()
	first := (c - 1) * fieldsPerFlush
	if last := first + n; last > int(o.asize) {
		nodes := 0
		if o.node != unsafe.Pointer(&noNode) {
			nodes = 1 << o.lsize
		}
		o.resize(s, last, nodes)
	}
	for i := range n {
		*o.slot(uint32(first + i)) = t.stack[index+1+i].clean()
	}
}

// makeClosure makes a closure of prototype i of cl; pc is at the pseudo-instructions that name its upvalues.
func (t *Thread) makeClosure(cl *closure, base, i int, pc unsafe.Pointer) *closure {
	p := cl.p.protos[i]
	f := newClosure(t.s, p, cl.env)
	for n := range int(p.numUpvalues) {
		in := instruction(*(*uint64)(unsafe.Add(pc, n*instructionSize)))
		if in.op() == opGetUpval {
			*f.upvalueSlot(n) = cl.upvalue(in.b())
		} else {
			*f.upvalueSlot(n) = t.findUpvalue(base + in.b())
		}
	}
	return f
}

// varargs copies n of the variable arguments to register a, all of them for n < 0.
func (t *Thread) varargs(ci *callInfo, a, n int) {
	fixed := int(ci.cl.p.numParams)
	have := ci.base - ci.fn - 1 - fixed
	base, fn := ci.base, ci.fn
	if n < 0 {
		n = have
		t.reserveTo(base + a + n + nativeSlots)
		t.top = base + a + n
	}
	for i := range n {
		if i < have {
			t.stack[base+a+i] = t.stack[fn+1+fixed+i]
		} else {
			t.stack[base+a+i] = Nil
		}
	}
}

// tailCall replaces the running function by the one at fn with n arguments.
func (t *Thread) tailCall(f *closure, fn, n int) {
	ci := t.ci[t.depth]
	t.closeUpvalues(ci.base)
	copy(t.stack[ci.fn:ci.fn+n+1], t.stack[fn:fn+n+1])
	t.depth--
	t.enterLua(f, ci.fn, n, int(ci.results), ci.flags)
	t.ci[t.depth].tailCalls = ci.tailCalls + 1
}
