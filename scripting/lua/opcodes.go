// The instructions of PUC Lua 5.1, which the code generator emits and from which error texts get their names.
package lua

// instruction is one of PUC's: op in bits 0-5, A in 6-13, C in 14-22, B in 23-31; or Bx, signed or not, in 14-31.
type instruction uint32

const (
	opMove = iota
	opLoadK
	opLoadBool
	opLoadNil
	opGetUpval
	opGetGlobal
	opGetTable
	opSetGlobal
	opSetUpval
	opSetTable
	opNewTable
	opSelf
	opAdd
	opSub
	opMul
	opDiv
	opMod
	opPow
	opUnm
	opNot
	opLen
	opConcat
	opJmp
	opEq
	opLt
	opLe
	opTest
	opTestSet
	opCall
	opTailCall
	opReturn
	opForLoop
	opForPrep
	opTForLoop
	opSetList
	opClose
	opClosure
	opVararg
)

const (
	maxArgA  = 1<<8 - 1
	maxArgB  = 1<<9 - 1
	maxArgC  = 1<<9 - 1
	maxArgBx = 1<<18 - 1
	offsetBx = maxArgBx >> 1

	constantBit = 1 << 8 // of an operand B or C: it is the index of a constant
	maxIndexRK  = constantBit - 1

	noRegister     = maxArgA
	fieldsPerFlush = 50 // array items that one opSetList stores
)

func makeABC(op, a, b, c int) instruction {
	return instruction(op | a<<6 | c<<14 | b<<23)
}

func makeABx(op, a, bx int) instruction { return instruction(op | a<<6 | bx<<14) }

func (i instruction) op() int  { return int(i & 63) }
func (i instruction) a() int   { return int(i >> 6 & maxArgA) }
func (i instruction) b() int   { return int(i >> 23) }
func (i instruction) c() int   { return int(i >> 14 & maxArgC) }
func (i instruction) bx() int  { return int(i >> 14) }
func (i instruction) sbx() int { return int(i>>14) - offsetBx }

func (i *instruction) setOp(op int)   { *i = *i&^63 | instruction(op) }
func (i *instruction) setA(a int)     { *i = *i&^(maxArgA<<6) | instruction(a)<<6 }
func (i *instruction) setB(b int)     { *i = *i&^(maxArgB<<23) | instruction(b)<<23 }
func (i *instruction) setC(c int)     { *i = *i&^(maxArgC<<14) | instruction(c)<<14 }
func (i *instruction) setSBx(sbx int) { *i = *i&(1<<14-1) | instruction(sbx+offsetBx)<<14 }

func isConstant(rk int) bool    { return rk&constantBit != 0 }
func constantIndex(rk int) int  { return rk &^ constantBit }
func constantOperand(k int) int { return k | constantBit }

// isTest reports whether op is a test, which a jump follows.
func isTest(op int) bool { return op >= opEq && op <= opTestSet || op == opTForLoop }
