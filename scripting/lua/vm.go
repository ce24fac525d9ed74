// The interpreter loop. It keeps the frame in local variables and reaches registers and constants by offset, without
// bounds checks: the code generator bounds them, and enterLua makes the room.
package lua

import (
	"math"
	"unsafe"
)

func at(base unsafe.Pointer, off uint64) *Value { return (*Value)(unsafe.Add(base, uintptr(off))) }

func operandA(i uint64) uint64 { return uint64(uint16(i >> 16)) }
func operandB(i uint64) uint64 { return uint64(uint16(i >> 32)) }
func operandC(i uint64) uint64 { return i >> 48 }

// fusedJump is how far a test jumps if it holds, see specialise.go.
func fusedJump(i uint64) int { return int(i >> 48) }

func operandWide(i uint64) int { return int(int32(uint32(i >> 32))) }

func jumpBy(pc unsafe.Pointer, n int) unsafe.Pointer { return unsafe.Add(pc, n*instructionSize) }

// run carries out instructions, from the frame at t.depth on, until a frame that Go code entered returns, or a coroutine
// yields. Whatever can raise an error, call Lua or move the stack is done with the frame's pc saved, and base and ci are
// read anew after it.
func (t *Thread) run() (yielded bool) {
	s := t.s
	ci := &t.ci[t.depth]
	cl := ci.cl
	k := unsafe.Pointer(unsafe.SliceData(cl.p.k))
	base := unsafe.Pointer(&t.stack[ci.base])
	pc := ci.pc
next:
	for {
		i := *(*uint64)(pc)
		pc = unsafe.Add(pc, instructionSize)
		switch uint8(i) {
		case fastMove:
			*at(base, operandA(i)) = *at(base, operandB(i))
			continue
		case fastLoadK:
			*at(base, operandA(i)) = *at(k, i>>32)
			continue
		case fastLoadFalse:
			at(base, operandA(i)).n = tagFalse
			continue
		case fastLoadTrue:
			at(base, operandA(i)).n = tagTrue
			continue
		case fastLoadBoolSkip:
			at(base, operandA(i)).n = operandB(i)
			pc = unsafe.Add(pc, instructionSize)
			continue
		case fastLoadNil:
			for r := operandA(i); r <= operandB(i); r += uint64(valueSize) {
				*at(base, r) = Nil
			}
			continue
		case fastGetUpval:
			u := *(**upvalue)(unsafe.Add(cl.ups, uintptr(operandB(i))))
			*at(base, operandA(i)) = *u.v
			continue
		case fastSetUpval:
			u := *(**upvalue)(unsafe.Add(cl.ups, uintptr(operandB(i))))
			if ra := at(base, operandA(i)); ra.n > maxTag {
				u.v.n = ra.n
				if u.v.p != nil {
					u.v.p = nil
				}
			} else {
				*u.v = ra.clean()
			}
			continue
		case fastGetGlobal:
			key := at(k, i>>32).string()
			n := cl.env.nodeAt(key.hash & (1<<cl.env.lsize - 1))
			for n.key.p != unsafe.Pointer(key) {
				if n.next == 0 {
					goto slow
				}
				n = n.nextNode()
			}
			if n.val.n == tagNil {
				goto slow
			}
			*at(base, operandA(i)) = n.val
			continue
		case fastGetField:
			if tv := at(base, operandB(i)); tv.n == tagTable {
				o := tv.table()
				key := at(k, operandC(i)).string()
				n := o.nodeAt(key.hash & (1<<o.lsize - 1))
				for n.key.p != unsafe.Pointer(key) {
					if n.next == 0 {
						v := s.field(o, key)
						if v == nil {
							goto slow
						}
						*at(base, operandA(i)) = *v
						continue next
					}
					n = n.nextNode()
				}
				if n.val.n != tagNil || o.meta == nil {
					*at(base, operandA(i)) = n.val
					continue
				}
				if v := s.field(o, key); v != nil {
					*at(base, operandA(i)) = *v
					continue
				}
			}
			goto slow
		case fastGetInt:
			if tv := at(base, operandB(i)); tv.n == tagTable {
				if o := tv.table(); operandC(i) <= uint64(o.asize) {
					v := o.slot(uint32(operandC(i)) - 1)
					if v.n != tagNil || o.meta == nil {
						*at(base, operandA(i)) = *v
						continue
					}
				}
			}
			goto slow
		case fastGetIndex:
			if tv := at(base, operandB(i)); tv.n == tagTable {
				o := tv.table()
				if key := at(base, operandC(i)); key.n > maxTag {
					f := key.Number()
					if n := int64(f); float64(n) == f && uint64(n-1) < uint64(o.asize) {
						v := o.slot(uint32(n - 1))
						if v.n != tagNil || o.meta == nil {
							*at(base, operandA(i)) = *v
							continue
						}
					}
				} else if key.n == tagString {
					v := o.findString(key.string())
					if v.n != tagNil || o.meta == nil {
						*at(base, operandA(i)) = *v
						continue
					}
				}
			}
			goto slow
		case fastSetField, fastSetFieldK:
			if tv := at(base, operandA(i)); tv.n == tagTable {
				o := tv.table()
				key := at(k, operandB(i)).string()
				n := o.nodeAt(key.hash & (1<<o.lsize - 1))
				for n.key.p != unsafe.Pointer(key) {
					if n.next == 0 {
						goto slow
					}
					n = n.nextNode()
				}
				if n.val.n != tagNil && !o.readonly {
					from := base
					if uint8(i) == fastSetFieldK {
						from = k
					}
					v := at(from, operandC(i))
					if v.n > maxTag && n.val.p == nil {
						n.val.n = v.n
					} else {
						n.val = v.clean()
					}
					continue
				}
			}
			goto slow
		case fastSetIndex, fastSetIndexK:
			if tv := at(base, operandA(i)); tv.n == tagTable {
				o := tv.table()
				var slot *Value
				if key := at(base, operandB(i)); key.n > maxTag {
					f := key.Number()
					n := int64(f)
					if float64(n) != f || uint64(n-1) >= uint64(o.asize) {
						goto slow
					}
					slot = o.slot(uint32(n - 1))
				} else if key.n == tagString {
					slot = o.findString(key.string())
					if slot == &noValue {
						goto slow
					}
				} else {
					goto slow
				}
				if slot.n == tagNil && o.meta != nil || o.readonly {
					goto slow
				}
				o.absent = 0
				from := base
				if uint8(i) == fastSetIndexK {
					from = k
				}
				v := at(from, operandC(i))
				if v.n > maxTag && slot.p == nil {
					slot.n = v.n
				} else {
					*slot = v.clean()
				}
				continue
			}
			goto slow
		case fastNewTable:
			ci.pc = pc
			o := newTable(s, byteFloat(int(operandB(i))), byteFloat(int(operandC(i))))
			*at(base, operandA(i)) = o.value()
			continue
		case fastSelf:
			tv := at(base, operandB(i))
			o := s.stringIndex
			if tv.n == tagTable {
				o = tv.table()
			} else if tv.n != tagString {
				goto slow
			}
			v := s.field(o, at(k, operandC(i)).string())
			if v == nil {
				goto slow
			}
			ra := at(base, operandA(i))
			*at(unsafe.Pointer(ra), uint64(valueSize)) = *tv
			*ra = *v
			continue
		case fastAdd:
			if b, c := at(base, operandB(i)), at(base, operandC(i)); b.n > maxTag && c.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() + c.Number())
				continue
			}
			goto slow
		case fastAddK:
			if b := at(base, operandB(i)); b.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() + at(k, operandC(i)).Number())
				continue
			}
			goto slow
		case fastSub:
			if b, c := at(base, operandB(i)), at(base, operandC(i)); b.n > maxTag && c.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() - c.Number())
				continue
			}
			goto slow
		case fastSubK:
			if b := at(base, operandB(i)); b.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() - at(k, operandC(i)).Number())
				continue
			}
			goto slow
		case fastMul:
			if b, c := at(base, operandB(i)), at(base, operandC(i)); b.n > maxTag && c.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() * c.Number())
				continue
			}
			goto slow
		case fastMulK:
			if b := at(base, operandB(i)); b.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() * at(k, operandC(i)).Number())
				continue
			}
			goto slow
		case fastDiv:
			if b, c := at(base, operandB(i)), at(base, operandC(i)); b.n > maxTag && c.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() / c.Number())
				continue
			}
			goto slow
		case fastDivK:
			if b := at(base, operandB(i)); b.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() / at(k, operandC(i)).Number())
				continue
			}
			goto slow
		case fastMod:
			if b, c := at(base, operandB(i)), at(base, operandC(i)); b.n > maxTag && c.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(modulo(b.Number(), c.Number()))
				continue
			}
			goto slow
		case fastModK:
			if b := at(base, operandB(i)); b.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(modulo(b.Number(), at(k, operandC(i)).Number()))
				continue
			}
			goto slow
		case fastPow:
			if b, c := at(base, operandB(i)), at(base, operandC(i)); b.n > maxTag && c.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(power(b.Number(), c.Number()))
				continue
			}
			goto slow
		case fastUnm:
			if b := at(base, operandB(i)); b.n > maxTag {
				at(base, operandA(i)).n = ^math.Float64bits(-b.Number())
				continue
			}
			goto slow
		case fastNot:
			n := uint64(tagFalse)
			if at(base, operandB(i)).n <= tagFalse {
				n = tagTrue
			}
			at(base, operandA(i)).n = n
			continue
		case fastLen:
			switch b := at(base, operandB(i)); b.n {
			case tagTable:
				at(base, operandA(i)).n = ^math.Float64bits(float64(b.table().Len()))
				continue
			case tagString:
				at(base, operandA(i)).n = ^math.Float64bits(float64(b.string().size))
				continue
			}
			goto slow
		case fastConcat:
			ci.pc = pc
			b := ci.base + int(operandB(i))
			t.concat(ci.base+int(operandC(i))+1, int(operandC(i)-operandB(i))+1)
			ci = &t.ci[t.depth]
			base = unsafe.Pointer(&t.stack[ci.base])
			*at(base, operandA(i)) = t.stack[b]
			continue
		case fastJmp:
			pc = jumpBy(pc, operandWide(i))
			continue
		case fastJmpBack:
			pc = jumpBy(pc, operandWide(i))
			s.steps--
			if s.steps > 0 {
				continue
			}
			ci.pc = pc
			s.sliceUsed()
			continue
		case fastEq:
			b, c := at(base, operandA(i)), at(base, operandB(i))
			var equal bool
			switch {
			case b.n > maxTag:
				equal = c.n > maxTag && b.Number() == c.Number()
			case b.n != c.n:
			case b.n <= tagTrue || b.p == c.p:
				equal = true
			case b.n == tagString:
				equal = b.string().equal(c.string())
			case b.n == tagTable || b.n == tagUserdata:
				ci.pc = pc
				equal = t.equalMeta(*b, *c)
				ci = &t.ci[t.depth]
				base = unsafe.Pointer(&t.stack[ci.base])
			}
			if equal == (uint8(i>>8) != 0) {
				pc = jumpBy(pc, fusedJump(i))
			} else {
				pc = unsafe.Add(pc, instructionSize)
			}
			continue
		case fastEqK:
			b, c := at(base, operandA(i)), at(k, operandB(i))
			var equal bool
			switch {
			case b.n > maxTag:
				equal = c.n > maxTag && b.Number() == c.Number()
			case b.n != c.n:
			case b.n != tagString || b.p == c.p:
				equal = true
			default:
				equal = b.string().equal(c.string())
			}
			if equal == (uint8(i>>8) != 0) {
				pc = jumpBy(pc, fusedJump(i))
			} else {
				pc = unsafe.Add(pc, instructionSize)
			}
			continue
		case fastLt:
			if b, c := at(base, operandA(i)), at(base, operandB(i)); b.n > maxTag && c.n > maxTag {
				if (b.Number() < c.Number()) == (uint8(i>>8) != 0) {
					pc = jumpBy(pc, fusedJump(i))
				} else {
					pc = unsafe.Add(pc, instructionSize)
				}
				continue
			}
			goto slow
		case fastLtRK:
			if b, c := at(base, operandA(i)), at(k, operandB(i)); b.n > maxTag {
				if (b.Number() < c.Number()) == (uint8(i>>8) != 0) {
					pc = jumpBy(pc, fusedJump(i))
				} else {
					pc = unsafe.Add(pc, instructionSize)
				}
				continue
			}
			goto slow
		case fastLtKR:
			if b, c := at(k, operandA(i)), at(base, operandB(i)); c.n > maxTag {
				if (b.Number() < c.Number()) == (uint8(i>>8) != 0) {
					pc = jumpBy(pc, fusedJump(i))
				} else {
					pc = unsafe.Add(pc, instructionSize)
				}
				continue
			}
			goto slow
		case fastLe:
			if b, c := at(base, operandA(i)), at(base, operandB(i)); b.n > maxTag && c.n > maxTag {
				if (b.Number() <= c.Number()) == (uint8(i>>8) != 0) {
					pc = jumpBy(pc, fusedJump(i))
				} else {
					pc = unsafe.Add(pc, instructionSize)
				}
				continue
			}
			goto slow
		case fastLeRK:
			if b, c := at(base, operandA(i)), at(k, operandB(i)); b.n > maxTag {
				if (b.Number() <= c.Number()) == (uint8(i>>8) != 0) {
					pc = jumpBy(pc, fusedJump(i))
				} else {
					pc = unsafe.Add(pc, instructionSize)
				}
				continue
			}
			goto slow
		case fastLeKR:
			if b, c := at(k, operandA(i)), at(base, operandB(i)); c.n > maxTag {
				if (b.Number() <= c.Number()) == (uint8(i>>8) != 0) {
					pc = jumpBy(pc, fusedJump(i))
				} else {
					pc = unsafe.Add(pc, instructionSize)
				}
				continue
			}
			goto slow
		case fastTestTrue:
			if at(base, operandA(i)).n > tagFalse {
				pc = jumpBy(pc, fusedJump(i))
			} else {
				pc = unsafe.Add(pc, instructionSize)
			}
			continue
		case fastTestFalse:
			if at(base, operandA(i)).n <= tagFalse {
				pc = jumpBy(pc, fusedJump(i))
			} else {
				pc = unsafe.Add(pc, instructionSize)
			}
			continue
		case fastTestSet:
			if b := at(base, operandB(i)); (b.n > tagFalse) == (uint8(i>>8) != 0) {
				*at(base, operandA(i)) = *b
			} else {
				pc = unsafe.Add(pc, instructionSize)
			}
			continue
		case fastCall:
			ci.pc = pc
			ra := at(base, operandA(i))
			fn := ci.base + int(operandA(i)/uint64(valueSize))
			n := int(operandB(i)) - 1
			if n < 0 {
				n = t.top - fn - 1
			}
			s.steps--
			if s.steps <= 0 {
				s.sliceUsed()
			}
			if ra.n == tagFunction {
				f := ra.closure()
				p := f.p
				if p.vararg != 0 || t.depth+1 >= len(t.ci) || fn+1+int(p.maxStack) > t.soft {
					t.enterLua(f, fn, n, int(operandC(i))-1, 0)
					goto reload
				}
				base = unsafe.Add(unsafe.Pointer(ra), valueSize)
				for ; n < int(p.numParams); n++ {
					*at(base, uint64(n)*uint64(valueSize)) = Nil
				}
				t.depth++
				ci = (*callInfo)(unsafe.Add(unsafe.Pointer(ci), unsafe.Sizeof(callInfo{})))
				ci.cl = f
				ci.fn = fn
				ci.base = fn + 1
				ci.results = int32(operandC(i)) - 1
				ci.tailCalls = 0
				ci.flags = 0
				cl = f
				pc = p.codeStart()
				k = unsafe.Pointer(unsafe.SliceData(p.k))
				continue
			}
			if ra.n == tagNative {
				f := ra.native()
				if f.special == specialNone {
					t.callNative(f, fn, n, int(operandC(i))-1, 0)
					ci = &t.ci[t.depth]
					base = unsafe.Pointer(&t.stack[ci.base])
					continue
				}
				if f.special == specialYield && s.nC == t.baseC {
					t.yield(fn, n, int(operandC(i))-1)
					return true
				}
			}
			t.precall(fn, n, int(operandC(i))-1, 0)
			goto reload
		case fastTailCall:
			ci.pc = pc
			fn := ci.base + int(operandA(i)/uint64(valueSize))
			n := int(operandB(i)) - 1
			if n < 0 {
				n = t.top - fn - 1
			}
			s.steps--
			if s.steps <= 0 {
				s.sliceUsed()
			}
			ra := at(base, operandA(i))
			if ra.n == tagFunction {
				t.tailCall(ra.closure(), fn, n)
				goto reload
			}
			if ra.n == tagNative && ra.native().special == specialYield && s.nC == t.baseC {
				t.yield(fn, n, multipleResults)
				return true
			}
			// What is not a Lua function is called, and the return instruction behind returns its results.
			t.precall(fn, n, multipleResults, 0)
			goto reload
		case fastReturn0, fastReturn1, fastReturn:
			if t.open != nil {
				t.closeUpvalues(ci.base)
			}
			if ci.flags == 0 && uint8(i) != fastReturn {
				fn := ci.fn
				dst := unsafe.Add(base, (fn-ci.base)*int(valueSize))
				n := uint64(uint8(i) - fastReturn0)
				*at(dst, 0) = *at(base, operandA(i)) // of no matter if n is 0
				results := ci.results
				t.depth--
				ci = (*callInfo)(unsafe.Add(unsafe.Pointer(ci), -int(unsafe.Sizeof(callInfo{}))))
				if results < 0 {
					t.top = fn + int(n)
				} else {
					for ; n < uint64(results); n++ {
						*at(dst, n*uint64(valueSize)) = Nil
					}
				}
				cl = ci.cl
				pc = ci.pc
				k = unsafe.Pointer(unsafe.SliceData(cl.p.k))
				base = unsafe.Add(unsafe.Pointer(unsafe.SliceData(t.stack)), ci.base*int(valueSize))
				continue
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
			if t.postCall(first, n) {
				return false
			}
			goto reload
		case fastForLoop:
			ra := at(base, operandA(i))
			step := at(unsafe.Pointer(ra), 2*uint64(valueSize)).Number()
			limit := at(unsafe.Pointer(ra), uint64(valueSize)).Number()
			index := ra.Number() + step
			if step > 0 {
				if !(index <= limit) {
					continue
				}
			} else if !(limit <= index) {
				continue
			}
			n := ^math.Float64bits(index)
			ra.n = n
			at(unsafe.Pointer(ra), 3*uint64(valueSize)).n = n
			pc = jumpBy(pc, operandWide(i))
			s.steps--
			if s.steps > 0 {
				continue
			}
			ci.pc = pc
			s.sliceUsed()
			continue
		case fastForPrep:
			ra := at(base, operandA(i))
			limit, step := at(unsafe.Pointer(ra), uint64(valueSize)), at(unsafe.Pointer(ra), 2*uint64(valueSize))
			if !(ra.n > maxTag && limit.n > maxTag && step.n > maxTag) {
				ci.pc = pc
				t.prepareFor(ra, limit, step)
			}
			ra.n = ^math.Float64bits(ra.Number() - step.Number())
			pc = jumpBy(pc, operandWide(i))
			continue
		case fastTForCall:
			ci.pc = pc
			if t.iterate(at(base, operandA(i)), ci.base+int(operandA(i)/uint64(valueSize)), int(operandC(i))) {
				goto reload
			}
			ci = &t.ci[t.depth]
			base = unsafe.Pointer(&t.stack[ci.base])
			continue
		case fastTForTest:
			if control := at(base, operandA(i)+3*uint64(valueSize)); control.n != tagNil {
				*at(base, operandA(i)+2*uint64(valueSize)) = *control
				pc = jumpBy(pc, operandWide(i))
				s.steps--
				if s.steps <= 0 {
					ci.pc = pc
					s.sliceUsed()
				}
			}
			continue
		case fastSetList:
			ci.pc = pc
			if operandC(i) == 0 {
				pc = unsafe.Add(pc, instructionSize)
			}
			t.setList(ci, operandA(i), int(operandB(i)), int(operandC(i)))
			continue
		case fastClose:
			t.closeUpvalues(ci.base + int(operandA(i)/uint64(valueSize)))
			continue
		case fastClosure:
			ci.pc = pc
			f := t.makeClosure(cl, ci.base, operandWide(i), pc)
			*at(base, operandA(i)) = f.value()
			pc = jumpBy(pc, int(f.nup))
			continue
		case fastVararg:
			ci.pc = pc
			t.varargs(ci, int(operandA(i)/uint64(valueSize)), int(operandB(i))-1)
			base = unsafe.Pointer(&t.stack[ci.base])
			continue
		}
	slow:
		ci.pc = pc
		if t.slow() {
			pc = unsafe.Add(pc, instructionSize)
		}
		ci = &t.ci[t.depth]
		base = unsafe.Pointer(&t.stack[ci.base])
		continue
	reload:
		ci = &t.ci[t.depth]
		cl = ci.cl
		k = unsafe.Pointer(unsafe.SliceData(cl.p.k))
		base = unsafe.Pointer(&t.stack[ci.base])
		pc = ci.pc
	}
}
