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
// yields.
//
// No local variable but t and s is in use across a call of another function: before one, pc is saved in the frame, and
// after it everything is read anew at reload. That keeps the variables in machine registers, where the compiler would
// otherwise spill them on every turn of the loop. For the same reason lookups are written out here.
func (t *Thread) run() (yielded bool) {
	s := t.s
	ci := &t.ci[t.depth]
	cl := ci.cl
	k := unsafe.Pointer(unsafe.SliceData(cl.p.k))
	base := unsafe.Pointer(&t.stack[ci.base])
	pc := ci.pc
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
			ra := at(base, operandA(i))
			if ra.n > maxTag && u.v.p == nil {
				u.v.n = ra.n
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
						goto getSlow
					}
					n = n.nextNode()
				}
				if n.val.n != tagNil || o.meta == nil {
					*at(base, operandA(i)) = n.val
					continue
				}
			}
			goto getSlow
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
				}
			}
			goto getSlow
		case fastSetField, fastSetFieldK:
			if tv := at(base, operandA(i)); tv.n == tagTable {
				o := tv.table()
				key := at(k, operandB(i)).string()
				n := o.nodeAt(key.hash & (1<<o.lsize - 1))
				for n.key.p != unsafe.Pointer(key) {
					if n.next == 0 {
						goto setSlow
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
			goto setSlow
		case fastSetIndex, fastSetIndexK:
			if tv := at(base, operandA(i)); tv.n == tagTable {
				o := tv.table()
				if key := at(base, operandB(i)); key.n > maxTag {
					f := key.Number()
					n := int64(f)
					if float64(n) != f || uint64(n-1) >= uint64(o.asize) {
						goto setSlow
					}
					slot := o.slot(uint32(n - 1))
					if slot.n == tagNil && o.meta != nil || o.readonly {
						goto setSlow
					}
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
			}
			goto setSlow
		case fastNewTable:
			ci.pc = pc
			t.opNewTable(i)
			goto reload
		case fastSelf:
			if tv := at(base, operandB(i)); tv.n == tagTable {
				o := tv.table()
				key := at(k, operandC(i)).string()
				n := o.nodeAt(key.hash & (1<<o.lsize - 1))
				for n.key.p != unsafe.Pointer(key) {
					if n.key.n == tagString && n.key.string().hash == key.hash {
						goto selfSlow
					}
					if n.next == 0 {
						goto selfMeta
					}
					n = n.nextNode()
				}
				if n.val.n == tagNil {
					goto selfSlow
				}
				*at(base, operandA(i)+uint64(valueSize)) = *tv
				*at(base, operandA(i)) = n.val
				continue
			selfMeta:
				// The method may be in the table that is __index.
				m := o.meta
				if m == nil {
					goto selfSlow
				}
				name := s.events[eventIndex]
				n = m.nodeAt(name.hash & (1<<m.lsize - 1))
				for n.key.p != unsafe.Pointer(name) {
					if n.next == 0 {
						goto selfSlow
					}
					n = n.nextNode()
				}
				if n.val.n != tagTable {
					goto selfSlow
				}
				o = n.val.table()
				n = o.nodeAt(key.hash & (1<<o.lsize - 1))
				for n.key.p != unsafe.Pointer(key) {
					if n.next == 0 {
						goto selfSlow
					}
					n = n.nextNode()
				}
				if n.val.n == tagNil {
					goto selfSlow
				}
				*at(base, operandA(i)+uint64(valueSize)) = *tv
				*at(base, operandA(i)) = n.val
				continue
			}
		selfSlow:
			ci.pc = pc
			t.opSelf(i)
			goto reload
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
		case fastMod, fastModK:
			from := base
			if uint8(i) == fastModK {
				from = k
			}
			if b, c := at(base, operandB(i)), at(from, operandC(i)); b.n > maxTag && c.n > maxTag {
				x, y := b.Number(), c.Number()
				// math.Floor without the call; larger quotients and NaN go the slow way.
				if q := x / y; q < 1<<52 && q > -1<<52 {
					f := float64(int64(q))
					if f > q {
						f--
					}
					if f != 0 || q >= 0 && !(q == 0) {
						at(base, operandA(i)).n = ^math.Float64bits(x - float64(f*y))
						continue
					}
				}
			}
			goto slow
		case fastPow:
			if b, c := at(base, operandB(i)), at(base, operandC(i)); b.n > maxTag && c.n > maxTag && c.Number() == 2 {
				at(base, operandA(i)).n = ^math.Float64bits(b.Number() * b.Number())
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
				if o := b.table(); o.asize > 0 && o.slot(o.asize-1).n != tagNil && o.node == unsafe.Pointer(&noNode) {
					at(base, operandA(i)).n = ^math.Float64bits(float64(o.asize))
					continue
				}
			case tagString:
				at(base, operandA(i)).n = ^math.Float64bits(float64(b.string().size))
				continue
			}
			goto slow
		case fastConcat:
			ci.pc = pc
			t.opConcat(i)
			goto reload
		case fastJmp:
			pc = jumpBy(pc, operandWide(i))
			continue
		case fastJmpBack:
			pc = jumpBy(pc, operandWide(i))
			s.steps--
			if s.steps > 0 {
				continue
			}
			goto slice
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
				if b.string().size == c.string().size {
					goto slow
				}
			case b.n == tagTable || b.n == tagUserdata:
				goto slow
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
			case b.string().size == c.string().size:
				goto slow
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
			s.steps--
			if ra.n == tagFunction && s.steps > 0 {
				f := ra.closure()
				p := f.p
				fn := ci.base + int(operandA(i)/uint64(valueSize))
				if p.vararg == 0 && t.depth+1 < len(t.ci) && fn+1+int(p.maxStack) <= t.soft {
					n := int(operandB(i)) - 1
					if n < 0 {
						n = t.top - fn - 1
					}
					base = unsafe.Add(unsafe.Pointer(ra), valueSize)
					for ; n < int(p.numParams); n++ {
						at(base, uint64(n)*uint64(valueSize)).n = tagNil
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
			}
			if t.opCall(i) {
				return true
			}
			goto reload
		case fastTailCall:
			ci.pc = pc
			s.steps--
			if t.opTailCall(i) {
				return true
			}
			goto reload
		case fastReturn0, fastReturn1:
			if ci.flags == 0 && (t.open == nil || t.open.index() < ci.base) {
				fn := ci.fn
				dst := unsafe.Add(base, (fn-ci.base)*int(valueSize))
				n := uint64(uint8(i) - fastReturn0)
				*at(dst, 0) = *at(base, operandA(i)) // to no effect if n is 0
				results := ci.results
				t.depth--
				ci = (*callInfo)(unsafe.Add(unsafe.Pointer(ci), -int(unsafe.Sizeof(callInfo{}))))
				if results < 0 {
					t.top = fn + int(n)
				} else {
					for ; n < uint64(results); n++ {
						at(dst, n*uint64(valueSize)).n = tagNil
					}
				}
				cl = ci.cl
				pc = ci.pc
				k = unsafe.Pointer(unsafe.SliceData(cl.p.k))
				base = unsafe.Add(unsafe.Pointer(unsafe.SliceData(t.stack)), ci.base*int(valueSize))
				continue
			}
			if t.opReturn(i) {
				return false
			}
			goto reload
		case fastReturn:
			if t.opReturn(i) {
				return false
			}
			goto reload
		case fastForLoop:
			ra := at(base, operandA(i))
			step := at(base, operandA(i)+2*uint64(valueSize)).Number()
			limit := at(base, operandA(i)+uint64(valueSize)).Number()
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
			at(base, operandA(i)+3*uint64(valueSize)).n = n
			pc = jumpBy(pc, operandWide(i))
			s.steps--
			if s.steps > 0 {
				continue
			}
			goto slice
		case fastForPrep:
			ci.pc = pc
			t.opForPrep(i)
			goto reload
		case fastTForCall:
			ci.pc = pc
			t.opTForCall(i)
			goto reload
		case fastTForTest:
			if control := at(base, operandA(i)+3*uint64(valueSize)); control.n != tagNil {
				*at(base, operandA(i)+2*uint64(valueSize)) = *control
				pc = jumpBy(pc, operandWide(i))
				s.steps--
				if s.steps > 0 {
					continue
				}
				goto slice
			}
			continue
		case fastSetList:
			ci.pc = pc
			t.opSetList(i)
			goto reload
		case fastClose:
			ci.pc = pc
			t.closeUpvalues(ci.base + int(operandA(i)/uint64(valueSize)))
			goto reload
		case fastClosure:
			ci.pc = pc
			t.opClosure(i)
			goto reload
		case fastVararg:
			ci.pc = pc
			t.opVararg(i)
			goto reload
		}
	slow:
		ci.pc = pc
		t.slow()
		goto reload
	getSlow:
		ci.pc = pc
		t.getSlow(i)
		goto reload
	setSlow:
		ci.pc = pc
		t.setSlow(i)
		goto reload
	slice:
		ci.pc = pc
		s.sliceUsed()
	reload:
		ci = &t.ci[t.depth]
		cl = ci.cl
		k = unsafe.Pointer(unsafe.SliceData(cl.p.k))
		base = unsafe.Pointer(&t.stack[ci.base])
		pc = ci.pc
	}
}
