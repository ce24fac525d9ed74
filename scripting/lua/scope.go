// The state of a function being compiled: blocks, local variables and upvalues.
package lua

import (
	"fmt"
	"math"
)

const (
	maxLocals        = 200
	maxUpvalues      = 60
	maxStackSlots    = 250
	maxSyntaxLevels  = 200
	noJump           = -1
	maxConstantIndex = maxArgBx
)

// funcState is a function being compiled.
type funcState struct {
	p          *Proto
	outer      *funcState
	ps         *parser
	lex        *lexer
	numbers    map[float64]int // index of every constant; 0 and -0 are one, as in PUC
	strings    map[*String]int
	nilK       int
	trueK      int
	falseK     int
	block      *block
	lastTarget int // instruction that the last jump was seen to go to
	jumpsHere  int // list of jumps to the next instruction
	freeReg    int
	numActive  int // active local variables
	active     [maxLocals]int
	upvals     []upvalueInfo
}

// upvalueInfo says where an upvalue is to be found when the closure is made: a register or an upvalue of the outer one.
type upvalueInfo struct {
	kind exprKind
	info int
}

// block is a block of statements being compiled.
type block struct {
	outer      *block
	breaks     int // list of jumps out of the loop
	numActive  int // active locals outside of it
	hasUpvalue bool
	isLoop     bool
}

func (ps *parser) openFunction() *funcState {
	fs := &funcState{
		p: &Proto{source: ps.source, maxStack: 2}, outer: ps.fs, ps: ps, lex: &ps.lexer,
		nilK: -1, trueK: -1, falseK: -1, lastTarget: -1, jumpsHere: noJump,
	}
	if fs.outer != nil {
		fs.p.parent = fs.outer.p
	}
	ps.fs = fs
	return fs
}

func (ps *parser) closeFunction() {
	fs := ps.fs
	fs.removeLocals(0)
	fs.emitReturn(0, 0)
	fs.p.numUpvalues = uint8(len(fs.upvals))
	specialise(fs.p)
	ps.fs = fs.outer
}

func (fs *funcState) limitError(limit int, what string) {
	if fs.p.lineDefined == 0 {
		fs.lex.fail(fmt.Sprintf("main function has more than %d %s", limit, what), tokenNone)
	}
	fs.lex.fail(fmt.Sprintf("function at line %d has more than %d %s", fs.p.lineDefined, limit, what), tokenNone)
}

func (fs *funcState) checkLimit(n, limit int, what string) {
	if n > limit {
		fs.limitError(limit, what)
	}
}

func (fs *funcState) enterBlock(b *block, isLoop bool) {
	*b = block{outer: fs.block, breaks: noJump, numActive: fs.numActive, isLoop: isLoop}
	fs.block = b
}

func (fs *funcState) leaveBlock() {
	b := fs.block
	fs.block = b.outer
	fs.removeLocals(b.numActive)
	if b.hasUpvalue {
		fs.emitABC(opClose, b.numActive, 0, 0)
	}
	fs.freeReg = fs.numActive
	fs.patchToHere(b.breaks)
}

// newLocal declares the n-th of the locals that activateLocals will bring into force.
func (fs *funcState) newLocal(name *String, n int) {
	fs.checkLimit(fs.numActive+n+1, maxLocals, "local variables")
	if len(fs.p.locals) >= math.MaxInt16 {
		fs.lex.fail("too many local variables", tokenNone)
	}
	fs.active[fs.numActive+n] = len(fs.p.locals)
	fs.p.locals = append(fs.p.locals, localVar{name: name.str()})
}

func (fs *funcState) newLocalText(name string, n int) {
	fs.newLocal(fs.lex.intern([]byte(name)), n)
}

func (fs *funcState) activateLocals(n int) {
	for range n {
		fs.p.locals[fs.active[fs.numActive]].startPC = int32(fs.pc())
		fs.numActive++
	}
}

func (fs *funcState) removeLocals(to int) {
	for fs.numActive > to {
		fs.numActive--
		fs.p.locals[fs.active[fs.numActive]].endPC = int32(fs.pc())
	}
}

func (fs *funcState) upvalueIndex(name *String, e *expr) int {
	for i, u := range fs.upvals {
		if u.kind == e.kind && u.info == e.info {
			return i
		}
	}
	fs.checkLimit(len(fs.upvals)+1, maxUpvalues, "upvalues")
	fs.p.upvals = append(fs.p.upvals, name.str())
	fs.upvals = append(fs.upvals, upvalueInfo{e.kind, e.info})
	return len(fs.upvals) - 1
}

func (fs *funcState) searchLocal(name *String) int {
	text := name.str()
	for i := fs.numActive - 1; i >= 0; i-- {
		if fs.p.locals[fs.active[i]].name == text {
			return i
		}
	}
	return -1
}

func (fs *funcState) markUpvalue(level int) {
	b := fs.block
	for b != nil && b.numActive > level {
		b = b.outer
	}
	if b != nil {
		b.hasUpvalue = true
	}
}

// resolve finds the variable of that name: a local, an upvalue or a global. inner is false for a search from an inner
// function.
func (fs *funcState) resolve(name *String, e *expr, here bool) exprKind {
	if fs == nil {
		e.init(exprGlobal, noRegister)
		return exprGlobal
	}
	if v := fs.searchLocal(name); v >= 0 {
		e.init(exprLocal, v)
		if !here {
			fs.markUpvalue(v)
		}
		return exprLocal
	}
	if fs.outer.resolve(name, e, false) == exprGlobal {
		return exprGlobal
	}
	e.info = fs.upvalueIndex(name, e)
	e.kind = exprUpvalue
	return exprUpvalue
}
