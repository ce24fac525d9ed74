// The parser: expressions of Lua 5.1.
package lua

import "math"

// exprKind says where the value of an expression is.
type exprKind int

const (
	exprVoid exprKind = iota
	exprNil
	exprTrue
	exprFalse
	exprConstant       // info is the index of the constant
	exprNumber         // number is the value
	exprLocal          // info is the register
	exprUpvalue        // info is the index of the upvalue
	exprGlobal         // info is the index of the constant that names it
	exprIndexed        // info is the register of the table, aux the key (register or constant)
	exprJump           // info is the instruction of the jump
	exprRelocatable    // info is an instruction whose register is still open
	exprNonRelocatable // info is the register
	exprCall           // info is the instruction
	exprVararg         // info is the instruction
)

// expr is an expression being compiled.
type expr struct {
	kind      exprKind
	info, aux int
	number    float64
	trueList  int // jumps out of it when it is true
	falseList int
}

func (e *expr) init(kind exprKind, info int) {
	*e = expr{kind: kind, info: info, trueList: noJump, falseList: noJump}
}

func (e *expr) hasJumps() bool { return e.trueList != e.falseList }

func (e *expr) hasMultipleResults() bool { return e.kind == exprCall || e.kind == exprVararg }

func (e *expr) isNumeral() bool {
	return e.kind == exprNumber && e.trueList == noJump && e.falseList == noJump
}

// priorities of the binary operators, left and right.
type priority struct{ left, right int }

// Binary operators in the order of binaryPriorities. The arithmetic ones are in the order of their opcodes.
const (
	binaryAdd = iota
	binarySub
	binaryMul
	binaryDiv
	binaryMod
	binaryPow
	binaryConcat
	binaryNotEqual
	binaryEqual
	binaryLess
	binaryLessEqual
	binaryGreater
	binaryGreaterEqual
	binaryAnd
	binaryOr
	noBinary
)

var binaryPriorities = [...]priority{
	{6, 6}, {6, 6}, {7, 7}, {7, 7}, {7, 7}, {10, 9}, {5, 4}, {3, 3}, {3, 3}, {3, 3}, {3, 3}, {3, 3}, {3, 3}, {2, 2}, {1, 1},
}

const unaryPriority = 8

func binaryOperator(kind int) int {
	switch kind {
	case '+':
		return binaryAdd
	case '-':
		return binarySub
	case '*':
		return binaryMul
	case '/':
		return binaryDiv
	case '%':
		return binaryMod
	case '^':
		return binaryPow
	case tokenConcat:
		return binaryConcat
	case tokenNotEqual:
		return binaryNotEqual
	case tokenEqual:
		return binaryEqual
	case '<':
		return binaryLess
	case tokenLessEqual:
		return binaryLessEqual
	case '>':
		return binaryGreater
	case tokenGreaterEqual:
		return binaryGreaterEqual
	case tokenAnd:
		return binaryAnd
	case tokenOr:
		return binaryOr
	}
	return noBinary
}

func (ps *parser) expression(e *expr) { ps.subExpression(e, 0) }

// subExpression reads an expression of operators with a higher priority than limit and returns the operator behind it.
func (ps *parser) subExpression(e *expr, limit int) int {
	ps.enter()
	switch op := ps.token.kind; op {
	case tokenNot, '-', '#':
		ps.next()
		ps.subExpression(e, unaryPriority)
		ps.fs.prefix(op, e)
	default:
		ps.simpleExpression(e)
	}
	op := binaryOperator(ps.token.kind)
	for op != noBinary && binaryPriorities[op].left > limit {
		ps.next()
		ps.fs.infix(op, e)
		var right expr
		next := ps.subExpression(&right, binaryPriorities[op].right)
		ps.fs.postfix(op, e, &right)
		op = next
	}
	ps.leave()
	return op
}

func (ps *parser) simpleExpression(e *expr) {
	switch ps.token.kind {
	case tokenNumber:
		e.init(exprNumber, 0)
		e.number = ps.token.number
	case tokenString:
		ps.stringConstant(e, ps.token.text)
	case tokenNil:
		e.init(exprNil, 0)
	case tokenTrue:
		e.init(exprTrue, 0)
	case tokenFalse:
		e.init(exprFalse, 0)
	case tokenDots:
		fs := ps.fs
		if fs.p.vararg == 0 {
			ps.failHere("cannot use '...' outside a vararg function")
		}
		fs.p.vararg &^= varargNeeds
		e.init(exprVararg, fs.emitABC(opVararg, 0, 1, 0))
	case '{':
		ps.constructor(e)
		return
	case tokenFunction:
		ps.next()
		ps.functionBody(e, false, ps.line)
		return
	default:
		ps.primary(e)
		return
	}
	ps.next()
}

func (ps *parser) stringConstant(e *expr, s *String) {
	e.init(exprConstant, ps.fs.stringConstant(s))
}

func (ps *parser) expressionToRegister() {
	var e expr
	ps.expression(&e)
	ps.fs.toNextRegister(&e)
}

// expressionList reads expressions, puts all but the last into registers and returns their number.
func (ps *parser) expressionList(e *expr) int {
	n := 1
	ps.expression(e)
	for ps.accept(',') {
		ps.fs.toNextRegister(e)
		ps.expression(e)
		n++
	}
	return n
}

func (ps *parser) singleVariable(e *expr) {
	name := ps.name()
	if ps.fs.resolve(name, e, true) == exprGlobal {
		e.info = ps.fs.stringConstant(name)
	}
}

// primary reads a variable, call or expression in parentheses with everything that hangs on it.
func (ps *parser) primary(e *expr) {
	fs := ps.fs
	switch ps.token.kind {
	case '(':
		line := ps.line
		ps.next()
		ps.expression(e)
		ps.expectClosing(')', '(', line)
		fs.discharge(e)
	case tokenName:
		ps.singleVariable(e)
	default:
		ps.failHere("unexpected symbol")
	}
	for {
		switch ps.token.kind {
		case '.':
			ps.field(e)
		case '[':
			var key expr
			fs.toAnyRegister(e)
			ps.bracketKey(&key)
			fs.indexed(e, &key)
		case ':':
			ps.next()
			var key expr
			ps.stringConstant(&key, ps.name())
			fs.self(e, &key)
			ps.arguments(e)
		case '(', tokenString, '{':
			fs.toNextRegister(e)
			ps.arguments(e)
		default:
			return
		}
	}
}

// field reads [. | :] name.
func (ps *parser) field(e *expr) {
	var key expr
	ps.fs.toAnyRegister(e)
	ps.next()
	ps.stringConstant(&key, ps.name())
	ps.fs.indexed(e, &key)
}

func (ps *parser) bracketKey(key *expr) {
	ps.next()
	ps.expression(key)
	ps.fs.toValue(key)
	ps.expect(']')
}

func (ps *parser) arguments(f *expr) {
	fs := ps.fs
	line := ps.line
	var args expr
	switch ps.token.kind {
	case '(':
		if line != ps.lastLine {
			ps.failHere("ambiguous syntax (function call x new statement)")
		}
		ps.next()
		if ps.token.kind == ')' {
			args.kind = exprVoid
		} else {
			ps.expressionList(&args)
			fs.setMultipleResults(&args)
		}
		ps.expectClosing(')', '(', line)
	case '{':
		ps.constructor(&args)
	case tokenString:
		ps.stringConstant(&args, ps.token.text)
		ps.next()
	default:
		ps.failHere("function arguments expected")
	}
	base := f.info
	n := multipleResults
	if !args.hasMultipleResults() {
		if args.kind != exprVoid {
			fs.toNextRegister(&args)
		}
		n = fs.freeReg - (base + 1)
	}
	f.init(exprCall, fs.emitABC(opCall, base, n+1, 2))
	fs.fixLine(line)
	fs.freeReg = base + 1
}

// constructorState is a table constructor being compiled.
type constructorState struct {
	item    expr // the last array item
	table   *expr
	numHash int
	numArr  int
	pending int // array items not yet stored
}

func (ps *parser) constructor(e *expr) {
	fs := ps.fs
	line := ps.line
	pc := fs.emitABC(opNewTable, 0, 0, 0)
	cs := constructorState{table: e}
	e.init(exprRelocatable, pc)
	cs.item.init(exprVoid, 0)
	fs.toNextRegister(e)
	ps.expect('{')
	for ps.token.kind != '}' {
		fs.closeItem(&cs)
		switch {
		case ps.token.kind == tokenName && ps.peek() == '=', ps.token.kind == '[':
			ps.recordField(&cs)
		default:
			ps.expression(&cs.item)
			fs.checkLimit(cs.numArr, math.MaxInt32, "items in a constructor")
			cs.numArr++
			cs.pending++
		}
		if !ps.accept(',') && !ps.accept(';') {
			break
		}
	}
	ps.expectClosing('}', '{', line)
	fs.lastItem(&cs)
	fs.p.code[pc].setB(floatByte(cs.numArr))
	fs.p.code[pc].setC(floatByte(cs.numHash))
}

func (ps *parser) recordField(cs *constructorState) {
	fs := ps.fs
	reg := fs.freeReg
	var key, value expr
	if ps.token.kind == tokenName {
		ps.stringConstant(&key, ps.name())
	} else {
		ps.bracketKey(&key)
	}
	cs.numHash++
	ps.expect('=')
	rk := fs.toRK(&key)
	ps.expression(&value)
	fs.emitABC(opSetTable, cs.table.info, rk, fs.toRK(&value))
	fs.freeReg = reg
}

func (fs *funcState) closeItem(cs *constructorState) {
	if cs.item.kind == exprVoid {
		return
	}
	fs.toNextRegister(&cs.item)
	cs.item.kind = exprVoid
	if cs.pending == fieldsPerFlush {
		fs.setList(cs.table.info, cs.numArr, cs.pending)
		cs.pending = 0
	}
}

func (fs *funcState) lastItem(cs *constructorState) {
	if cs.pending == 0 {
		return
	}
	if cs.item.hasMultipleResults() {
		fs.setMultipleResults(&cs.item)
		fs.setList(cs.table.info, cs.numArr, multipleResults)
		cs.numArr--
		return
	}
	if cs.item.kind != exprVoid {
		fs.toNextRegister(&cs.item)
	}
	fs.setList(cs.table.info, cs.numArr, cs.pending)
}

// functionBody reads parameters and body and makes the closure.
func (ps *parser) functionBody(e *expr, method bool, line int) {
	fs := ps.openFunction()
	fs.p.lineDefined = line
	ps.expect('(')
	if method {
		fs.newLocalText("self", 0)
		fs.activateLocals(1)
	}
	ps.parameters()
	ps.expect(')')
	ps.chunk()
	fs.p.lastLine = ps.line
	ps.expectClosing(tokenEnd, tokenFunction, line)
	ps.closeFunction()
	ps.fs.pushClosure(fs, e)
}

func (ps *parser) parameters() {
	fs := ps.fs
	n := 0
	if ps.token.kind != ')' {
		for {
			if ps.token.kind == tokenName {
				fs.newLocal(ps.name(), n)
				n++
			} else if ps.token.kind == tokenDots {
				ps.next()
				// The old way to reach the varargs: a local table arg.
				fs.newLocalText("arg", n)
				n++
				fs.p.vararg = varargHas | varargIs | varargNeeds
			} else {
				ps.failHere("<name> or '...' expected")
			}
			if fs.p.vararg != 0 || !ps.accept(',') {
				break
			}
		}
	}
	fs.activateLocals(n)
	fs.p.numParams = uint8(fs.numActive)
	if fs.p.vararg&varargHas != 0 {
		fs.p.numParams--
	}
	fs.reserve(fs.numActive)
}

// pushClosure makes the closure of inner, whose upvalues pseudo-instructions name.
func (fs *funcState) pushClosure(inner *funcState, e *expr) {
	fs.checkLimit(len(fs.p.protos)+1, maxArgBx, "constant table overflow")
	fs.p.protos = append(fs.p.protos, inner.p)
	e.init(exprRelocatable, fs.emitABx(opClosure, 0, len(fs.p.protos)-1))
	for _, u := range inner.upvals {
		op := opGetUpval
		if u.kind == exprLocal {
			op = opMove
		}
		fs.emitABC(op, 0, u.info, 0)
	}
}
