// What the instructions do off the fast path: operands of mixed types, metamethods, errors, and the long instructions.
package lua

import "unsafe"

// slow carries out the instruction before the saved pc in full.
func (t *Thread) slow() {
	if t.s.hook != nil && t.atHook() {
		t.runHook()
		return
	}
	if t.slowSkips() {
		ci := &t.ci[t.depth]
		ci.pc = unsafe.Add(ci.pc, instructionSize)
	}
}

// slowSkips does the work of slow and reports whether the next instruction is to be skipped.
func (t *Thread) slowSkips() bool {
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
		return (t.equal(a, b) || t.equalMeta(a, b)) != (i.a() != 0)
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

// registerIndex returns the stack index of the register at that offset of the running function.
func (t *Thread) registerIndex(off uint64) int {
	return t.ci[t.depth].base + int(off/uint64(valueSize))
}

// getSlow is a table access that the loop could not do at once: a string key that is not a constant, a hash lookup, or
// what slow does.
func (t *Thread) getSlow(i uint64) {
	ci := &t.ci[t.depth]
	if v := t.stack[ci.base+int(operandB(i)/uint64(valueSize))]; v.n == tagTable {
		o := v.table()
		var r *Value
		if uint8(i) == fastGetField {
			if r = t.s.field(o, ci.cl.p.k[operandC(i)/uint64(valueSize)].string()); r == nil {
				t.slow()
				return
			}
		} else {
			key := t.stack[ci.base+int(operandC(i)/uint64(valueSize))]
			t.longKey(key)
			r = o.find(key)
			if r.n == tagNil && o.meta != nil {
				t.slow()
				return
			}
		}
		t.stack[ci.base+int(operandA(i)/uint64(valueSize))] = *r
		return
	}
	t.slow()
}

// setSlow is getSlow for assignments.
func (t *Thread) setSlow(i uint64) {
	ci := &t.ci[t.depth]
	v := t.stack[ci.base+int(operandA(i)/uint64(valueSize))]
	if v.n != tagTable {
		t.slow()
		return
	}
	o := v.table()
	if o.readonly || o.meta != nil {
		t.slow()
		return
	}
	var key, x Value
	switch b, c := int(operandB(i)/uint64(valueSize)), int(operandC(i)/uint64(valueSize)); uint8(i) {
	case fastSetField:
		key, x = ci.cl.p.k[b], t.stack[ci.base+c]
	case fastSetFieldK:
		key, x = ci.cl.p.k[b], ci.cl.p.k[c]
	case fastSetIndex:
		key, x = t.stack[ci.base+b], t.stack[ci.base+c]
	default:
		key, x = t.stack[ci.base+b], ci.cl.p.k[c]
	}
	t.longKey(key)
	t.storeAt(o, o.find(key), key, x)
}

// longKey hashes a string that is about to be looked up in pieces, if it is long, and draws steps for comparing it.
func (t *Thread) longKey(key Value) {
	if key.n != tagString || key.string().size <= 255 {
		return
	}
	str := key.string()
	if str.size > pieceSize && !str.hashed {
		b, h := str.bytes(), uint32(str.size)
		for end := len(b); end > 0; end -= min(end, pieceSize) {
			h = hashOn(h, b[max(end-pieceSize, 0):end])
			t.s.work(pieceSize >> 2)
		}
		str.hash, str.hashed = h, true
	}
	t.s.steps -= int64(str.size >> 8)
}

// equal is RawEqual, which compares long strings in pieces.
func (t *Thread) equal(a, b Value) bool {
	if a.n == tagString && b.n == tagString && a.p != b.p && a.string().size > pieceSize && a.string().size == b.string().size {
		return t.s.compareBytes(a.Bytes(), b.Bytes()) == 0
	}
	return RawEqual(a, b)
}

func (t *Thread) opSelf(i uint64) {
	ci := &t.ci[t.depth]
	v := t.stack[ci.base+int(operandB(i)/uint64(valueSize))]
	o := t.s.stringIndex
	if v.n == tagTable {
		o = v.table()
	} else if v.n != tagString {
		t.slow()
		return
	}
	r := t.s.field(o, ci.cl.p.k[operandC(i)/uint64(valueSize)].string())
	if r == nil {
		t.slow()
		return
	}
	a := ci.base + int(operandA(i)/uint64(valueSize))
	t.stack[a+1] = v
	t.stack[a] = *r
}

func (t *Thread) opNewTable(i uint64) {
	o := newTable(t.s, byteFloat(int(operandB(i))), byteFloat(int(operandC(i))))
	t.stack[t.registerIndex(operandA(i))] = o.value()
}

func (t *Thread) opConcat(i uint64) {
	base := t.ci[t.depth].base
	b, c := base+int(operandB(i)), base+int(operandC(i))
	t.concat(c+1, c-b+1)
	t.stack[base+int(operandA(i)/uint64(valueSize))] = t.stack[b]
}

// opForPrep makes the three values of a numeric for numbers and jumps to its loop instruction.
func (t *Thread) opForPrep(i uint64) {
	a := t.registerIndex(operandA(i))
	t.stack[a] = t.forNumber(t.stack[a], "initial value")
	t.stack[a+1] = t.forNumber(t.stack[a+1], "limit")
	t.stack[a+2] = t.forNumber(t.stack[a+2], "step")
	t.stack[a] = Number(t.stack[a].Number() - t.stack[a+2].Number())
	ci := &t.ci[t.depth]
	ci.pc = jumpBy(ci.pc, operandWide(i))
}

func (t *Thread) forNumber(v Value, name string) Value {
	f, ok := t.toNumber(v)
	if !ok {
		t.runtimeError("'for' %s must be a number", name)
	}
	return Number(f)
}

// opTForCall calls the iterator of a generic for. The results go behind the three values of the loop.
func (t *Thread) opTForCall(i uint64) {
	s := t.s
	a := t.registerIndex(operandA(i))
	n := int(operandC(i))
	f, state, control := t.stack[a], t.stack[a+1], t.stack[a+2]
	if s.nC >= maxCLevels-1 && f.n != tagFunction {
		// The call is a C level, which is not counted otherwise because it ends at once.
		s.nC++
		t.cStackOverflow()
		s.nC--
	}
	if f.n == tagNative && f.native().special == specialNext && state.n == tagTable && n <= 2 {
		o := state.table()
		if pos, ok := o.position(control); ok {
			k, v, _ := o.entryFrom(s, pos)
			t.stack[a+3] = k
			if n == 2 {
				t.stack[a+4] = v
			}
			return
		}
	}
	t.stack[a+3], t.stack[a+4], t.stack[a+5] = f, state, control
	fn := a + 3
	t.top = fn + 3
	switch {
	case f.n == tagNative && (f.native().special == specialNone || f.native().special == specialNext):
		t.callNative(f.native(), fn, 2, n, 0)
	case f.n == tagFunction:
		s.nC++
		if s.nC >= maxCLevels {
			t.cStackOverflow()
		}
		s.steps--
		t.enterLua(f.closure(), fn, 2, n, callBoundary)
	default:
		t.callValue(fn, n)
	}
}

// arguments returns the stack index of the function that a call instruction calls, and the number of arguments.
func (t *Thread) arguments(i uint64) (fn, n int) {
	fn = t.registerIndex(operandA(i))
	n = int(operandB(i)) - 1
	if n < 0 {
		n = t.top - fn - 1
	}
	return fn, n
}

// opCall is a call that is not the plain one of a Lua function. It reports whether the coroutine yields.
func (t *Thread) opCall(i uint64) (yields bool) {
	s := t.s
	if s.steps <= 0 {
		s.sliceUsed()
	}
	fn, n := t.arguments(i)
	results := int(operandC(i)) - 1
	switch v := t.stack[fn]; v.n {
	case tagNative:
		f := v.native()
		if f.special == specialNone {
			t.callNative(f, fn, n, results, 0)
			return false
		}
		if f.special == specialYield && s.nC == t.baseC {
			t.yield(fn, n, results)
			return true
		}
	case tagFunction:
		t.enterLua(v.closure(), fn, n, results, 0)
		return false
	}
	t.precall(fn, n, results, 0)
	return false
}

// opTailCall replaces the running function by the one called. What is not a Lua function is called instead, and the
// return instruction behind returns its results.
func (t *Thread) opTailCall(i uint64) (yields bool) {
	s := t.s
	if s.steps <= 0 {
		s.sliceUsed()
	}
	fn, n := t.arguments(i)
	v := t.stack[fn]
	if v.n == tagFunction {
		t.tailCall(v.closure(), fn, n)
		return false
	}
	if v.n == tagNative && v.native().special == specialYield && s.nC == t.baseC {
		t.yield(fn, n, multipleResults)
		return true
	}
	t.precall(fn, n, multipleResults, 0)
	return false
}

// opReturn returns from the running function in every case. It reports whether Go code waits for the return.
func (t *Thread) opReturn(i uint64) (fresh bool) {
	ci := &t.ci[t.depth]
	if t.open != nil {
		t.closeUpvalues(ci.base)
	}
	first := ci.base + int(operandA(i)/uint64(valueSize))
	n := 0
	switch uint8(i) {
	case fastReturn1:
		n = 1
	case fastReturn:
		n = int(operandB(i)) - 1
		if n < 0 {
			n = t.top - first
		}
	}
	return t.postCall(first, n)
}

// opSetList stores registers behind a table as one batch of its array, all of them up to top if the operand says so.
func (t *Thread) opSetList(i uint64) {
	ci := &t.ci[t.depth]
	index := t.registerIndex(operandA(i))
	n, batch := int(operandB(i)), int(operandC(i))
	if n == 0 {
		n = t.top - index - 1
	}
	if batch == 0 {
		batch = int(ci.cl.p.code[t.currentPC(t.depth)+1])
		ci.pc = unsafe.Add(ci.pc, instructionSize)
	}
	o := t.stack[index].table()
	first := (batch - 1) * fieldsPerFlush
	if last := first + n; last > int(o.asize) {
		nodes := 0
		if o.node != unsafe.Pointer(&noNode) {
			nodes = 1 << o.lsize
		}
		o.resize(t.s, last, nodes)
	}
	for j := range n {
		*o.slot(uint32(first + j)) = t.stack[index+1+j].clean()
	}
}

// opClosure makes a closure; the pseudo-instructions behind name its upvalues.
func (t *Thread) opClosure(i uint64) {
	ci := &t.ci[t.depth]
	p := ci.cl.p.protos[operandWide(i)]
	f := t.s.closureOf(p, ci.cl.env)
	for n := range int(p.numUpvalues) {
		in := instruction(*(*uint64)(ci.pc))
		ci.pc = unsafe.Add(ci.pc, instructionSize)
		if in.op() == opGetUpval {
			*f.upvalueSlot(n) = ci.cl.upvalue(in.b())
		} else {
			*f.upvalueSlot(n) = t.findUpvalue(ci.base + in.b())
		}
	}
	t.stack[t.registerIndex(operandA(i))] = f.value()
}

// opVararg copies variable arguments to registers, all of them if the operand says so.
func (t *Thread) opVararg(i uint64) {
	ci := &t.ci[t.depth]
	fixed := int(ci.cl.p.numParams)
	base, fn, n := ci.base, ci.fn, int(operandB(i))-1
	have := base - fn - 1 - fixed
	a := base + int(operandA(i)/uint64(valueSize))
	if n < 0 {
		n = have
		t.reserveTo(a + n + nativeSlots)
		t.top = a + n
		if t.s.steps -= int64(n >> 2); t.s.steps <= 0 {
			t.s.sliceUsed()
		}
	}
	for j := range n {
		if j < have {
			t.stack[a+j] = t.stack[fn+1+fixed+j]
		} else {
			t.stack[a+j] = Nil
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
