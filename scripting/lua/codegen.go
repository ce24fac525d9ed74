// The code generator: instructions, constants, and where the values of expressions go.
package lua

import "math"

func (fs *funcState) pc() int { return len(fs.p.code) }

func (fs *funcState) code(e *expr) *instruction { return &fs.p.code[e.info] }

func (fs *funcState) emit(i instruction) int { return fs.emitLine(i, fs.lex.lastLine) }

func (fs *funcState) emitLine(i instruction, line int) int {
	fs.dischargeJumps()
	fs.p.code = append(fs.p.code, i)
	fs.p.lines = append(fs.p.lines, int32(line))
	return len(fs.p.code) - 1
}

func (fs *funcState) emitABC(op, a, b, c int) int { return fs.emit(makeABC(op, a, b, c)) }

func (fs *funcState) emitABx(op, a, bx int) int { return fs.emit(makeABx(op, a, bx)) }

func (fs *funcState) emitAsBx(op, a, sbx int) int { return fs.emit(makeABx(op, a, sbx+offsetBx)) }

func (fs *funcState) fixLine(line int) { fs.p.lines[len(fs.p.lines)-1] = int32(line) }

func (fs *funcState) emitReturn(first, n int) { fs.emitABC(opReturn, first, n+1, 0) }

// loadNil sets n registers to nil.
func (fs *funcState) loadNil(from, n int) {
	if fs.pc() > fs.lastTarget && fs.pc() > 0 {
		if prev := &fs.p.code[fs.pc()-1]; prev.op() == opLoadNil {
			first, last := prev.a(), prev.b()
			if first <= from && from <= last+1 {
				if from+n-1 > last {
					prev.setB(from + n - 1)
				}
				return
			}
		}
	}
	fs.emitABC(opLoadNil, from, from+n-1, 0)
}

func (fs *funcState) checkStack(n int) {
	size := fs.freeReg + n
	if size > int(fs.p.maxStack) {
		if size >= maxStackSlots {
			fs.lex.failHere("function or expression too complex")
		}
		fs.p.maxStack = uint8(size)
	}
}

func (fs *funcState) reserve(n int) {
	fs.checkStack(n)
	fs.freeReg += n
}

func (fs *funcState) free(reg int) {
	if !isConstant(reg) && reg >= fs.numActive {
		fs.freeReg--
	}
}

func (fs *funcState) freeExpr(e *expr) {
	if e.kind == exprNonRelocatable {
		fs.free(e.info)
	}
}

func (fs *funcState) addConstant(v Value) int {
	if len(fs.p.k) > maxConstantIndex {
		fs.lex.fail("constant table overflow", tokenNone)
	}
	fs.p.k = append(fs.p.k, v)
	return len(fs.p.k) - 1
}

func (fs *funcState) stringConstant(s *String) int {
	k, ok := fs.strings[s]
	if !ok {
		k = fs.addConstant(s.value())
		if fs.strings == nil {
			fs.strings = make(map[*String]int)
		}
		fs.strings[s] = k
	}
	return k
}

func (fs *funcState) numberConstant(f float64) int {
	k, ok := fs.numbers[f]
	if !ok {
		k = fs.addConstant(Number(f))
		if fs.numbers == nil {
			fs.numbers = make(map[float64]int)
		}
		fs.numbers[f] = k
	}
	return k
}

func (fs *funcState) plainConstant(slot *int, v Value) int {
	if *slot < 0 {
		*slot = fs.addConstant(v)
	}
	return *slot
}

func (fs *funcState) setResults(e *expr, n int) {
	switch e.kind {
	case exprCall:
		fs.code(e).setC(n + 1)
	case exprVararg:
		fs.code(e).setB(n + 1)
		fs.code(e).setA(fs.freeReg)
		fs.reserve(1)
	}
}

func (fs *funcState) setMultipleResults(e *expr) { fs.setResults(e, multipleResults) }

func (fs *funcState) setOneResult(e *expr) {
	switch e.kind {
	case exprCall:
		e.kind = exprNonRelocatable
		e.info = fs.code(e).a()
	case exprVararg:
		fs.code(e).setB(2)
		e.kind = exprRelocatable
	}
}

// discharge makes a variable or call a value.
func (fs *funcState) discharge(e *expr) {
	switch e.kind {
	case exprLocal:
		e.kind = exprNonRelocatable
	case exprUpvalue:
		e.info = fs.emitABC(opGetUpval, 0, e.info, 0)
		e.kind = exprRelocatable
	case exprGlobal:
		e.info = fs.emitABx(opGetGlobal, 0, e.info)
		e.kind = exprRelocatable
	case exprIndexed:
		fs.free(e.aux)
		fs.free(e.info)
		e.info = fs.emitABC(opGetTable, 0, e.info, e.aux)
		e.kind = exprRelocatable
	case exprCall, exprVararg:
		fs.setOneResult(e)
	}
}

func (fs *funcState) dischargeTo(e *expr, reg int) {
	fs.discharge(e)
	switch e.kind {
	case exprNil:
		fs.loadNil(reg, 1)
	case exprFalse:
		fs.emitABC(opLoadBool, reg, 0, 0)
	case exprTrue:
		fs.emitABC(opLoadBool, reg, 1, 0)
	case exprConstant:
		fs.emitABx(opLoadK, reg, e.info)
	case exprNumber:
		fs.emitABx(opLoadK, reg, fs.numberConstant(e.number))
	case exprRelocatable:
		fs.code(e).setA(reg)
	case exprNonRelocatable:
		if reg != e.info {
			fs.emitABC(opMove, reg, e.info, 0)
		}
	default:
		return
	}
	e.info = reg
	e.kind = exprNonRelocatable
}

func (fs *funcState) dischargeToAny(e *expr) {
	if e.kind != exprNonRelocatable {
		fs.reserve(1)
		fs.dischargeTo(e, fs.freeReg-1)
	}
}

// toRegister puts the value into that register, whichever way the expression is left.
func (fs *funcState) toRegister(e *expr, reg int) {
	fs.dischargeTo(e, reg)
	if e.kind == exprJump {
		e.trueList = fs.concatJumps(e.trueList, e.info)
	}
	if e.hasJumps() {
		loadFalse, loadTrue := noJump, noJump
		if fs.needsValue(e.trueList) || fs.needsValue(e.falseList) {
			over := noJump
			if e.kind != exprJump {
				over = fs.jump()
			}
			loadFalse = fs.loadBool(reg, 0, 1)
			loadTrue = fs.loadBool(reg, 1, 0)
			fs.patchToHere(over)
		}
		end := fs.label()
		fs.patchJumps(e.falseList, end, reg, loadFalse)
		fs.patchJumps(e.trueList, end, reg, loadTrue)
	}
	e.init(exprNonRelocatable, reg)
}

func (fs *funcState) loadBool(reg, value, skip int) int {
	fs.label()
	return fs.emitABC(opLoadBool, reg, value, skip)
}

func (fs *funcState) toNextRegister(e *expr) {
	fs.discharge(e)
	fs.freeExpr(e)
	fs.reserve(1)
	fs.toRegister(e, fs.freeReg-1)
}

func (fs *funcState) toAnyRegister(e *expr) int {
	fs.discharge(e)
	if e.kind == exprNonRelocatable {
		if !e.hasJumps() {
			return e.info
		}
		if e.info >= fs.numActive {
			fs.toRegister(e, e.info)
			return e.info
		}
	}
	fs.toNextRegister(e)
	return e.info
}

func (fs *funcState) toValue(e *expr) {
	if e.hasJumps() {
		fs.toAnyRegister(e)
	} else {
		fs.discharge(e)
	}
}

// toRK makes the value an operand: a register or a constant.
func (fs *funcState) toRK(e *expr) int {
	fs.toValue(e)
	k := -1
	if len(fs.p.k) <= maxIndexRK {
		switch e.kind {
		case exprNumber:
			k = fs.numberConstant(e.number)
		case exprNil:
			k = fs.plainConstant(&fs.nilK, Nil)
		case exprTrue:
			k = fs.plainConstant(&fs.trueK, Bool(true))
		case exprFalse:
			k = fs.plainConstant(&fs.falseK, Bool(false))
		}
	}
	if e.kind == exprConstant && e.info <= maxIndexRK {
		k = e.info
	}
	if k >= 0 {
		e.kind = exprConstant
		e.info = k
		return constantOperand(k)
	}
	return fs.toAnyRegister(e)
}

func (fs *funcState) storeVariable(v, e *expr) {
	switch v.kind {
	case exprLocal:
		fs.freeExpr(e)
		fs.toRegister(e, v.info)
		return
	case exprUpvalue:
		fs.emitABC(opSetUpval, fs.toAnyRegister(e), v.info, 0)
	case exprGlobal:
		fs.emitABx(opSetGlobal, fs.toAnyRegister(e), v.info)
	case exprIndexed:
		fs.emitABC(opSetTable, v.info, v.aux, fs.toRK(e))
	}
	fs.freeExpr(e)
}

func (fs *funcState) self(e, key *expr) {
	fs.toAnyRegister(e)
	fs.freeExpr(e)
	f := fs.freeReg
	fs.reserve(2)
	fs.emitABC(opSelf, f, e.info, fs.toRK(key))
	fs.freeExpr(key)
	e.info = f
	e.kind = exprNonRelocatable
}

func (fs *funcState) invertJump(e *expr) {
	i := fs.jumpControl(e.info)
	i.setA(1 - i.a())
}

func (fs *funcState) jumpOn(e *expr, cond int) int {
	if e.kind == exprRelocatable {
		if i := *fs.code(e); i.op() == opNot {
			last := len(fs.p.code) - 1
			fs.p.code = fs.p.code[:last]
			fs.p.lines = fs.p.lines[:last]
			return fs.condJump(opTest, i.b(), 0, 1-cond)
		}
	}
	fs.dischargeToAny(e)
	fs.freeExpr(e)
	return fs.condJump(opTestSet, noRegister, e.info, cond)
}

func (fs *funcState) goIfTrue(e *expr) {
	fs.discharge(e)
	pc := noJump
	switch e.kind {
	case exprConstant, exprNumber, exprTrue:
	case exprJump:
		fs.invertJump(e)
		pc = e.info
	default:
		pc = fs.jumpOn(e, 0)
	}
	e.falseList = fs.concatJumps(pc, e.falseList) // in this order: lists grow at the front, or long ones cost their square
	fs.patchToHere(e.trueList)
	e.trueList = noJump
}

func (fs *funcState) goIfFalse(e *expr) {
	fs.discharge(e)
	pc := noJump
	switch e.kind {
	case exprNil, exprFalse:
	case exprJump:
		pc = e.info
	default:
		pc = fs.jumpOn(e, 1)
	}
	e.trueList = fs.concatJumps(pc, e.trueList)
	fs.patchToHere(e.falseList)
	e.falseList = noJump
}

func (fs *funcState) not(e *expr) {
	fs.discharge(e)
	switch e.kind {
	case exprNil, exprFalse:
		e.kind = exprTrue
	case exprConstant, exprNumber, exprTrue:
		e.kind = exprFalse
	case exprJump:
		fs.invertJump(e)
	case exprRelocatable, exprNonRelocatable:
		fs.dischargeToAny(e)
		fs.freeExpr(e)
		e.info = fs.emitABC(opNot, 0, e.info, 0)
		e.kind = exprRelocatable
	}
	e.trueList, e.falseList = e.falseList, e.trueList
	fs.removeValues(e.falseList)
	fs.removeValues(e.trueList)
}

func (fs *funcState) indexed(e, key *expr) {
	e.aux = fs.toRK(key)
	e.kind = exprIndexed
}

// fold computes an operation on two numerals now. PUC does not fold what gives NaN, nor divisions by zero.
func fold(op int, a, b *expr) bool {
	if !a.isNumeral() || !b.isNumeral() || op == opLen || op == opConcat {
		return false
	}
	if (op == opDiv || op == opMod) && b.number == 0 {
		return false
	}
	r := arithmetic(op-opAdd+eventAdd, a.number, b.number)
	if math.IsNaN(r) {
		return false
	}
	a.number = r
	return true
}

func (fs *funcState) arith(op int, a, b *expr) {
	if fold(op, a, b) {
		return
	}
	rb := 0
	if op != opUnm && op != opLen {
		rb = fs.toRK(b)
	}
	ra := fs.toRK(a)
	if ra > rb {
		fs.freeExpr(a)
		fs.freeExpr(b)
	} else {
		fs.freeExpr(b)
		fs.freeExpr(a)
	}
	a.info = fs.emitABC(op, 0, ra, rb)
	a.kind = exprRelocatable
}

func (fs *funcState) compare(op, cond int, a, b *expr) {
	ra, rb := fs.toRK(a), fs.toRK(b)
	fs.freeExpr(b)
	fs.freeExpr(a)
	if cond == 0 && op != opEq {
		ra, rb = rb, ra // a > b is b < a
		cond = 1
	}
	a.info = fs.condJump(op, cond, ra, rb)
	a.kind = exprJump
}

func (fs *funcState) prefix(op int, e *expr) {
	var zero expr
	zero.init(exprNumber, 0)
	switch op {
	case '-':
		if !e.isNumeral() {
			fs.toAnyRegister(e)
		}
		fs.arith(opUnm, e, &zero)
	case tokenNot:
		fs.not(e)
	case '#':
		fs.toAnyRegister(e)
		fs.arith(opLen, e, &zero)
	}
}

// infix prepares the left operand before the right one is read.
func (fs *funcState) infix(op int, e *expr) {
	switch op {
	case binaryAnd:
		fs.goIfTrue(e)
	case binaryOr:
		fs.goIfFalse(e)
	case binaryConcat:
		fs.toNextRegister(e)
	case binaryAdd, binarySub, binaryMul, binaryDiv, binaryMod, binaryPow:
		if !e.isNumeral() {
			fs.toRK(e)
		}
	default:
		fs.toRK(e)
	}
}

func (fs *funcState) postfix(op int, a, b *expr) {
	switch op {
	case binaryAnd:
		fs.discharge(b)
		b.falseList = fs.concatJumps(b.falseList, a.falseList)
		*a = *b
	case binaryOr:
		fs.discharge(b)
		b.trueList = fs.concatJumps(b.trueList, a.trueList)
		*a = *b
	case binaryConcat:
		fs.toValue(b)
		if b.kind == exprRelocatable && fs.code(b).op() == opConcat {
			fs.freeExpr(a)
			fs.code(b).setB(a.info)
			a.kind = exprRelocatable
			a.info = b.info
		} else {
			fs.toNextRegister(b)
			fs.arith(opConcat, a, b)
		}
	case binaryEqual:
		fs.compare(opEq, 1, a, b)
	case binaryNotEqual:
		fs.compare(opEq, 0, a, b)
	case binaryLess:
		fs.compare(opLt, 1, a, b)
	case binaryLessEqual:
		fs.compare(opLe, 1, a, b)
	case binaryGreater:
		fs.compare(opLt, 0, a, b)
	case binaryGreaterEqual:
		fs.compare(opLe, 0, a, b)
	default:
		fs.arith(op+opAdd, a, b)
	}
}

// setList stores the pending array items, of numArr so far, which are in the registers above the table.
func (fs *funcState) setList(table, numArr, pending int) {
	batch := (numArr-1)/fieldsPerFlush + 1
	b := pending
	if pending == multipleResults {
		b = 0
	}
	if batch <= maxArgC {
		fs.emitABC(opSetList, table, b, batch)
	} else {
		fs.emitABC(opSetList, table, b, 0)
		fs.emit(instruction(batch))
	}
	fs.freeReg = table + 1
}

// floatByte and byteFloat are the form eeeeexxx of a table's first size: (1xxx) * 2^(eeeee-1), rounded up.
func floatByte(x int) int {
	e := 0
	for x >= 16 {
		x = (x + 1) >> 1
		e++
	}
	if x < 8 {
		return x
	}
	return (e+1)<<3 | (x - 8)
}

func byteFloat(x int) int {
	e := x >> 3
	if e == 0 {
		return x
	}
	return (x&7 + 8) << (e - 1)
}
