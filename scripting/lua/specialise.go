// From PUC's instructions to the ones the interpreter runs: one for one, so that positions and jumps stay what they are,
// but each specialised for its operands, and a test with the jump behind it in one. The jump stays in its place.
package lua

import "math"

// A fast instruction is 64 bits: the opcode in 0-7, aux in 8-15, and the operands a, b and c of 16 bits each. Registers,
// constants and upvalues are offsets in bytes, jumps counts of instructions.
const (
	fastMove = iota
	fastLoadK
	fastLoadFalse
	fastLoadTrue
	fastLoadBoolSkip
	fastLoadNil
	fastGetUpval
	fastSetUpval
	fastGetGlobal
	fastSetGlobal
	fastGetField // key is a constant string
	fastGetInt   // key is c, a small integer
	fastGetIndex // key is a register
	fastSetField
	fastSetFieldK // value is a constant
	fastSetIndex
	fastSetIndexK
	fastNewTable
	fastSelf
	fastAdd
	fastAddK
	fastSub
	fastSubK
	fastMul
	fastMulK
	fastDiv
	fastDivK
	fastMod
	fastModK
	fastPow
	fastUnm
	fastNot
	fastLen
	fastConcat
	fastJmp
	fastJmpBack
	fastEq
	fastEqK
	fastLt
	fastLtRK
	fastLtKR
	fastLe
	fastLeRK
	fastLeKR
	fastCompare // any other comparison
	fastTestTrue
	fastTestFalse
	fastTestSet
	fastCall
	fastTailCall
	fastReturn
	fastReturn0
	fastReturn1
	fastForLoop
	fastForPrep
	fastTForCall
	fastTForTest
	fastSetList
	fastClose
	fastClosure
	fastVararg
	fastSlow // whatever has no form of its own
	fastLine // anything in a hooked function, see linehook.go
)

func makeFast(op, aux, a, b, c int) uint64 {
	return uint64(op) | uint64(aux)<<8 | uint64(uint16(a))<<16 | uint64(uint16(b))<<32 | uint64(uint16(c))<<48
}

// makeFastWide has one operand of 32 bits, signed, in place of b and c.
func makeFastWide(op, aux, a, wide int) uint64 {
	return uint64(op) | uint64(aux)<<8 | uint64(uint16(a))<<16 | uint64(uint32(int32(wide)))<<32
}

// offset is the offset in bytes of a register or constant.
func offset(i int) int { return i * int(valueSize) }

// specialise makes p.fast from p.code.
func specialise(p *Proto) {
	p.fast = make([]uint64, len(p.code)+1) // one more, so that the pointer behind the last one is still inside
	for pc := 0; pc < len(p.code); pc++ {
		i := p.code[pc]
		p.fast[pc] = p.specialiseOne(pc, i)
		switch i.op() {
		case opClosure:
			for range p.protos[i.bx()].numUpvalues {
				pc++
				p.fast[pc] = uint64(p.code[pc])
			}
		case opSetList:
			if i.c() == 0 {
				pc++
				p.fast[pc] = uint64(p.code[pc])
			}
		case opTForLoop:
			pc++
			p.fast[pc] = makeFastWide(fastTForTest, 0, offset(i.a()), p.code[pc].sbx())
		}
	}
}

func (p *Proto) specialiseOne(pc int, i instruction) uint64 {
	a := offset(i.a())
	switch i.op() {
	case opMove:
		return makeFast(fastMove, 0, a, offset(i.b()), 0)
	case opLoadK:
		return makeFastWide(fastLoadK, 0, a, offset(i.bx()))
	case opLoadBool:
		switch {
		case i.c() != 0:
			return makeFast(fastLoadBoolSkip, 0, a, i.b()+tagFalse, 0)
		case i.b() != 0:
			return makeFast(fastLoadTrue, 0, a, 0, 0)
		}
		return makeFast(fastLoadFalse, 0, a, 0, 0)
	case opLoadNil:
		return makeFast(fastLoadNil, 0, a, offset(i.b()), 0)
	case opGetUpval:
		return makeFast(fastGetUpval, 0, a, i.b()*8, 0)
	case opSetUpval:
		return makeFast(fastSetUpval, 0, a, i.b()*8, 0)
	case opGetGlobal:
		return makeFastWide(fastGetGlobal, 0, a, offset(i.bx()))
	case opSetGlobal:
		return makeFastWide(fastSetGlobal, 0, a, offset(i.bx()))
	case opGetTable, opSetTable, opSelf:
		return p.specialiseTable(i)
	case opNewTable:
		return makeFast(fastNewTable, 0, a, i.b(), i.c())
	case opAdd, opSub, opMul, opDiv, opMod, opPow:
		return p.specialiseArith(i)
	case opUnm:
		if isConstant(i.b()) {
			return makeFast(fastSlow, 0, 0, 0, 0)
		}
		return makeFast(fastUnm, 0, a, offset(i.b()), 0)
	case opNot:
		return makeFast(fastNot, 0, a, offset(i.b()), 0)
	case opLen:
		if isConstant(i.b()) {
			return makeFast(fastSlow, 0, 0, 0, 0)
		}
		return makeFast(fastLen, 0, a, offset(i.b()), 0)
	case opConcat:
		return makeFast(fastConcat, 0, a, i.b(), i.c())
	case opJmp:
		if i.sbx() < 0 {
			return makeFastWide(fastJmpBack, 0, 0, i.sbx())
		}
		return makeFastWide(fastJmp, 0, 0, i.sbx())
	case opEq, opLt, opLe:
		return p.specialiseCompare(pc, i)
	case opTest:
		op := fastTestFalse
		if i.c() != 0 {
			op = fastTestTrue
		}
		return makeFast(op, 0, a, 0, p.fusedJump(pc))
	case opTestSet:
		return makeFast(fastTestSet, i.c(), a, offset(i.b()), 0)
	case opCall:
		return makeFast(fastCall, 0, a, i.b(), i.c())
	case opTailCall:
		return makeFast(fastTailCall, 0, a, i.b(), i.c())
	case opReturn:
		switch i.b() {
		case 1:
			return makeFast(fastReturn0, 0, a, 0, 0)
		case 2:
			return makeFast(fastReturn1, 0, a, 0, 0)
		}
		return makeFast(fastReturn, 0, a, i.b(), 0)
	case opForLoop:
		return makeFastWide(fastForLoop, 0, a, i.sbx())
	case opForPrep:
		return makeFastWide(fastForPrep, 0, a, i.sbx())
	case opTForLoop:
		return makeFast(fastTForCall, 0, a, 0, i.c())
	case opSetList:
		return makeFast(fastSetList, 0, a, i.b(), i.c())
	case opClose:
		return makeFast(fastClose, 0, a, 0, 0)
	case opClosure:
		return makeFastWide(fastClosure, 0, a, i.bx())
	case opVararg:
		return makeFast(fastVararg, 0, a, i.b(), 0)
	}
	panic("lua: unknown instruction")
}

func (p *Proto) specialiseTable(i instruction) uint64 {
	a := offset(i.a())
	switch i.op() {
	case opGetTable:
		if !isConstant(i.c()) {
			return makeFast(fastGetIndex, 0, a, offset(i.b()), offset(i.c()))
		}
		k := p.k[constantIndex(i.c())]
		if k.n == tagString {
			return makeFast(fastGetField, 0, a, offset(i.b()), offset(constantIndex(i.c())))
		}
		if n, ok := smallIndex(k); ok {
			return makeFast(fastGetInt, 0, a, offset(i.b()), n)
		}
	case opSetTable:
		op, c := fastSetField, offset(i.c())
		if isConstant(i.c()) {
			op, c = fastSetFieldK, offset(constantIndex(i.c()))
		}
		if !isConstant(i.b()) {
			return makeFast(op-fastSetField+fastSetIndex, 0, a, offset(i.b()), c)
		}
		if p.k[constantIndex(i.b())].n == tagString {
			return makeFast(op, 0, a, offset(constantIndex(i.b())), c)
		}
	case opSelf:
		if isConstant(i.c()) {
			return makeFast(fastSelf, 0, a, offset(i.b()), offset(constantIndex(i.c())))
		}
	}
	return makeFast(fastSlow, 0, 0, 0, 0)
}

func smallIndex(k Value) (int, bool) {
	if k.n <= maxTag {
		return 0, false
	}
	f := k.Number()
	if f >= 1 && f <= 1000 && f == math.Trunc(f) {
		return int(f), true
	}
	return 0, false
}

func (p *Proto) specialiseArith(i instruction) uint64 {
	if isConstant(i.b()) {
		return makeFast(fastSlow, 0, 0, 0, 0)
	}
	if !isConstant(i.c()) {
		op := fastPow
		if i.op() != opPow {
			op = fastAdd + (i.op()-opAdd)*2
		}
		return makeFast(op, 0, offset(i.a()), offset(i.b()), offset(i.c()))
	}
	if i.op() == opPow || p.k[constantIndex(i.c())].n <= maxTag {
		return makeFast(fastSlow, 0, 0, 0, 0)
	}
	return makeFast(fastAddK+(i.op()-opAdd)*2, 0, offset(i.a()), offset(i.b()), offset(constantIndex(i.c())))
}

func (p *Proto) specialiseCompare(pc int, i instruction) uint64 {
	kb, kc := isConstant(i.b()), isConstant(i.c())
	jump := p.fusedJump(pc)
	if kb && kc {
		return makeFast(fastCompare, i.a(), 0, 0, 0)
	}
	b, c := offset(constantIndex(i.b())), offset(constantIndex(i.c()))
	op := fastEq
	switch i.op() {
	case opEq:
		if kb {
			kb, kc, b, c = false, true, c, b
		}
		if kc {
			op = fastEqK
		}
		return makeFast(op, i.a(), b, c, jump)
	case opLt:
		op = fastLt
	case opLe:
		op = fastLe
	}
	switch {
	case kc && p.k[constantIndex(i.c())].n > maxTag:
		op++
	case kb && p.k[constantIndex(i.b())].n > maxTag:
		op += 2
	case kb || kc:
		op = fastCompare
	}
	return makeFast(op, i.a(), b, c, jump)
}

// fusedJump returns how far the test at pc jumps if it holds, counted from the jump behind it: 0 leaves the work to that
// jump. Jumps back are left to it, because it counts steps.
func (p *Proto) fusedJump(pc int) int {
	if n := p.code[pc+1].sbx(); n >= 0 && n < math.MaxInt16 {
		return n + 1
	}
	return 0
}
