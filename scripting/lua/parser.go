// The parser: statements of Lua 5.1 to instructions, in one pass.
package lua

import (
	"errors"
	"fmt"
)

// ErrTooLarge is what Load returns for source longer than SetMaxSource allows.
var ErrTooLarge = errors.New("script is too large")

// SyntaxError is what Load returns for source that is not Lua.
type SyntaxError struct{ Text string }

func (e *SyntaxError) Error() string { return e.Text }

// parser compiles one chunk.
type parser struct {
	lexer
	source string
	fs     *funcState
	levels int // of nesting, see enter
}

// Load compiles source. chunk is its name for messages: @name or =name shows as name, anything else as source text.
// The error is a *SyntaxError or ErrTooLarge.
func (s *State) Load(source, chunk string) (*Proto, error) { return s.compile(source, chunk, 0) }

// compile is Load with some levels of nesting already in use.
func (s *State) compile(source, chunk string, levels int) (p *Proto, err error) {
	if len(source) > s.screen {
		return nil, ErrTooLarge
	}
	ps := &parser{source: chunk, levels: levels}
	ps.lexer = lexer{source: source, chunk: shortSource(chunk), strings: make(map[string]*String), names: s.names, work: s.work}
	defer func() {
		if p == nil {
			switch e := recover().(type) {
			case syntaxError:
				err = &SyntaxError{e.text}
			case thrown: // the run is being stopped
				panic(e)
			default:
				panic("lua: the parser failed on " + shortSource(chunk))
			}
		}
	}()
	ps.open()
	fs := ps.openFunction()
	fs.p.vararg = varargIs
	ps.next()
	ps.chunk()
	ps.check(tokenEOF)
	ps.closeFunction()
	return fs.p, nil
}

// enter bounds the nesting, and with it the depth of Go's stack.
func (ps *parser) enter() {
	ps.levels++
	if ps.levels > maxSyntaxLevels {
		ps.fail("chunk has too many syntax levels", tokenNone)
	}
}

func (ps *parser) leave() { ps.levels-- }

func (ps *parser) expected(kind int) { ps.failHere(fmt.Sprintf("'%s' expected", kindText(kind))) }

// accept consumes the token if it is of that kind.
func (ps *parser) accept(kind int) bool {
	if ps.token.kind != kind {
		return false
	}
	ps.next()
	return true
}

func (ps *parser) check(kind int) {
	if ps.token.kind != kind {
		ps.expected(kind)
	}
}

func (ps *parser) expect(kind int) {
	ps.check(kind)
	ps.next()
}

// expectClosing expects what closes the token open of that line.
func (ps *parser) expectClosing(kind, open, line int) {
	if ps.accept(kind) {
		return
	}
	if line == ps.line {
		ps.expected(kind)
	}
	ps.failHere(fmt.Sprintf("'%s' expected (to close '%s' at line %d)", kindText(kind), kindText(open), line))
}

func (ps *parser) name() *String {
	ps.check(tokenName)
	text := ps.token.text
	ps.next()
	return text
}

func endsBlock(kind int) bool {
	switch kind {
	case tokenElse, tokenElseif, tokenEnd, tokenUntil, tokenEOF:
		return true
	}
	return false
}

func (ps *parser) chunk() {
	ps.enter()
	for last := false; !last && !endsBlock(ps.token.kind); {
		last = ps.statement()
		ps.accept(';')
		ps.fs.freeReg = ps.fs.numActive
	}
	ps.leave()
}

func (ps *parser) block() {
	var b block
	ps.fs.enterBlock(&b, false)
	ps.chunk()
	ps.fs.leaveBlock()
}

// statement compiles one statement and reports whether it must be the last of its block.
func (ps *parser) statement() (last bool) {
	line := ps.line
	switch ps.token.kind {
	case tokenIf:
		ps.ifStatement(line)
	case tokenWhile:
		ps.whileStatement(line)
	case tokenDo:
		ps.next()
		ps.block()
		ps.expectClosing(tokenEnd, tokenDo, line)
	case tokenFor:
		ps.forStatement(line)
	case tokenRepeat:
		ps.repeatStatement(line)
	case tokenFunction:
		ps.functionStatement(line)
	case tokenLocal:
		ps.next()
		if ps.accept(tokenFunction) {
			ps.localFunction()
		} else {
			ps.localStatement()
		}
	case tokenReturn:
		ps.returnStatement()
		return true
	case tokenBreak:
		ps.next()
		ps.breakStatement()
		return true
	default:
		ps.expressionStatement()
	}
	return false
}

func (ps *parser) ifStatement(line int) {
	fs := ps.fs
	escapes := noJump
	falseJumps := ps.testThenBlock()
	for ps.token.kind == tokenElseif {
		escapes = fs.concatJumps(fs.jump(), escapes)
		fs.patchToHere(falseJumps)
		falseJumps = ps.testThenBlock()
	}
	if ps.token.kind == tokenElse {
		escapes = fs.concatJumps(fs.jump(), escapes)
		fs.patchToHere(falseJumps)
		ps.next()
		ps.block()
	} else {
		escapes = fs.concatJumps(escapes, falseJumps)
	}
	fs.patchToHere(escapes)
	ps.expectClosing(tokenEnd, tokenIf, line)
}

// testThenBlock compiles [if | elseif] condition then block and returns the jumps for a false condition.
func (ps *parser) testThenBlock() int {
	ps.next()
	jumps := ps.condition()
	ps.expect(tokenThen)
	ps.block()
	return jumps
}

func (ps *parser) condition() int {
	var e expr
	ps.expression(&e)
	if e.kind == exprNil {
		e.kind = exprFalse
	}
	ps.fs.goIfTrue(&e)
	return e.falseList
}

func (ps *parser) whileStatement(line int) {
	fs := ps.fs
	var b block
	ps.next()
	start := fs.label()
	exits := ps.condition()
	fs.enterBlock(&b, true)
	ps.expect(tokenDo)
	ps.block()
	fs.patchList(fs.jump(), start)
	ps.expectClosing(tokenEnd, tokenWhile, line)
	fs.leaveBlock()
	fs.patchToHere(exits)
}

func (ps *parser) repeatStatement(line int) {
	fs := ps.fs
	start := fs.label()
	var loop, scope block
	fs.enterBlock(&loop, true)
	fs.enterBlock(&scope, false)
	ps.next()
	ps.chunk()
	ps.expectClosing(tokenUntil, tokenRepeat, line)
	exits := ps.condition()
	if !scope.hasUpvalue {
		fs.leaveBlock()
		fs.patchList(exits, start)
	} else {
		ps.breakStatement()
		fs.patchToHere(exits)
		fs.leaveBlock()
		fs.patchList(fs.jump(), start)
	}
	fs.leaveBlock()
}

func (ps *parser) breakStatement() {
	fs := ps.fs
	b := fs.block
	upvalue := false
	for b != nil && !b.isLoop {
		upvalue = upvalue || b.hasUpvalue
		b = b.outer
	}
	if b == nil {
		ps.failHere("no loop to break")
	}
	if upvalue {
		fs.emitABC(opClose, b.numActive, 0, 0)
	}
	b.breaks = fs.concatJumps(fs.jump(), b.breaks)
}

func (ps *parser) forStatement(line int) {
	fs := ps.fs
	var b block
	fs.enterBlock(&b, true)
	ps.next()
	name := ps.name()
	switch ps.token.kind {
	case '=':
		ps.forNumeric(name, line)
	case ',', tokenIn:
		ps.forGeneric(name)
	default:
		ps.failHere("'=' or 'in' expected")
	}
	ps.expectClosing(tokenEnd, tokenFor, line)
	fs.leaveBlock()
}

func (ps *parser) forNumeric(name *String, line int) {
	fs := ps.fs
	base := fs.freeReg
	fs.newLocalText("(for index)", 0)
	fs.newLocalText("(for limit)", 1)
	fs.newLocalText("(for step)", 2)
	fs.newLocal(name, 3)
	ps.expect('=')
	ps.expressionToRegister()
	ps.expect(',')
	ps.expressionToRegister()
	if ps.accept(',') {
		ps.expressionToRegister()
	} else {
		fs.emitABx(opLoadK, fs.freeReg, fs.numberConstant(1))
		fs.reserve(1)
	}
	ps.forBody(base, line, 1, true)
}

func (ps *parser) forGeneric(name *String) {
	fs := ps.fs
	base := fs.freeReg
	fs.newLocalText("(for generator)", 0)
	fs.newLocalText("(for state)", 1)
	fs.newLocalText("(for control)", 2)
	fs.newLocal(name, 3)
	n := 4
	for ps.accept(',') {
		fs.newLocal(ps.name(), n)
		n++
	}
	ps.expect(tokenIn)
	line := ps.line
	var e expr
	ps.adjustAssign(3, ps.expressionList(&e), &e)
	fs.checkStack(3)
	ps.forBody(base, line, n-3, false)
}

func (ps *parser) forBody(base, line, numVars int, numeric bool) {
	fs := ps.fs
	var b block
	fs.activateLocals(3)
	ps.expect(tokenDo)
	var prep int
	if numeric {
		prep = fs.emitAsBx(opForPrep, base, noJump)
	} else {
		prep = fs.jump()
	}
	fs.enterBlock(&b, false)
	fs.activateLocals(numVars)
	fs.reserve(numVars)
	ps.block()
	fs.leaveBlock()
	fs.patchToHere(prep)
	if numeric {
		end := fs.emitAsBx(opForLoop, base, noJump)
		fs.fixLine(line)
		fs.patchList(end, prep+1)
		return
	}
	fs.emitABC(opTForLoop, base, 0, numVars)
	fs.fixLine(line)
	fs.patchList(fs.jump(), prep+1)
}

func (ps *parser) functionStatement(line int) {
	var target, body expr
	ps.next()
	ps.singleVariable(&target)
	method := false
	for ps.token.kind == '.' {
		ps.field(&target)
	}
	if ps.token.kind == ':' {
		method = true
		ps.field(&target)
	}
	ps.functionBody(&body, method, line)
	ps.fs.storeVariable(&target, &body)
	ps.fs.fixLine(line)
}

func (ps *parser) localFunction() {
	var target, body expr
	fs := ps.fs
	fs.newLocal(ps.name(), 0)
	target.init(exprLocal, fs.freeReg)
	fs.reserve(1)
	fs.activateLocals(1)
	ps.functionBody(&body, false, ps.line)
	fs.storeVariable(&target, &body)
	// Debugging information sees the variable only from here.
	fs.p.locals[fs.active[fs.numActive-1]].startPC = int32(fs.pc())
}

func (ps *parser) localStatement() {
	fs := ps.fs
	n := 0
	for {
		fs.newLocal(ps.name(), n)
		n++
		if !ps.accept(',') {
			break
		}
	}
	var e expr
	count := 0
	if ps.accept('=') {
		count = ps.expressionList(&e)
	}
	ps.adjustAssign(n, count, &e)
	fs.activateLocals(n)
}

func (ps *parser) returnStatement() {
	fs := ps.fs
	ps.next()
	if endsBlock(ps.token.kind) || ps.token.kind == ';' {
		fs.emitReturn(0, 0)
		return
	}
	var e expr
	n := ps.expressionList(&e)
	if e.hasMultipleResults() {
		fs.setMultipleResults(&e)
		if e.kind == exprCall && n == 1 {
			fs.p.code[e.info].setOp(opTailCall)
		}
		fs.emitReturn(fs.numActive, multipleResults)
		return
	}
	if n == 1 {
		fs.emitReturn(fs.toAnyRegister(&e), 1)
		return
	}
	fs.toNextRegister(&e)
	fs.emitReturn(fs.numActive, n)
}

// target is one variable on the left side of an assignment.
type target struct {
	outer *target
	expr  expr
}

func (ps *parser) expressionStatement() {
	var v target
	ps.primary(&v.expr)
	if v.expr.kind == exprCall {
		ps.fs.p.code[v.expr.info].setC(1) // no results
		return
	}
	ps.assignment(&v, 1)
}

func (ps *parser) assignment(v *target, n int) {
	fs := ps.fs
	if v.expr.kind < exprLocal || v.expr.kind > exprIndexed {
		ps.failHere("syntax error")
	}
	var e expr
	if ps.accept(',') {
		next := target{outer: v}
		ps.primary(&next.expr)
		if next.expr.kind == exprLocal {
			ps.checkConflict(v, &next.expr)
		}
		fs.checkLimit(n, maxSyntaxLevels-ps.levels, "variables in assignment")
		ps.assignment(&next, n+1)
	} else {
		ps.expect('=')
		count := ps.expressionList(&e)
		if count == n {
			fs.setOneResult(&e)
			fs.storeVariable(&v.expr, &e)
			return
		}
		ps.adjustAssign(n, count, &e)
		if count > n {
			fs.freeReg -= count - n
		}
	}
	e.init(exprNonRelocatable, fs.freeReg-1)
	fs.storeVariable(&v.expr, &e)
}

// checkConflict saves a local that is assigned to and used as a table or key in the same statement.
func (ps *parser) checkConflict(v *target, local *expr) {
	fs := ps.fs
	extra := fs.freeReg
	conflict := false
	for ; v != nil; v = v.outer {
		if v.expr.kind != exprIndexed {
			continue
		}
		if v.expr.info == local.info {
			conflict = true
			v.expr.info = extra
		}
		if v.expr.aux == local.info {
			conflict = true
			v.expr.aux = extra
		}
	}
	if conflict {
		fs.emitABC(opMove, fs.freeReg, local.info, 0)
		fs.reserve(1)
	}
}

// adjustAssign makes count expressions, the last of which is e, fill n variables.
func (ps *parser) adjustAssign(n, count int, e *expr) {
	fs := ps.fs
	extra := n - count
	if e.hasMultipleResults() {
		extra = max(extra+1, 0)
		fs.setResults(e, extra)
		if extra > 1 {
			fs.reserve(extra - 1)
		}
		return
	}
	if e.kind != exprVoid {
		fs.toNextRegister(e)
	}
	if extra > 0 {
		reg := fs.freeReg
		fs.reserve(extra)
		fs.loadNil(reg, extra)
	}
}
