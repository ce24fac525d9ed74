// Names of values for error texts, found by following PUC's instructions backwards.
package lua

// variableName returns how the running Lua function names the value in the register at stack index slot: "local",
// "global", "field", "upvalue", "constant", "method" and the name, or nothing.
func (t *Thread) variableName(slot int) (kind, name string) {
	ci := &t.ci[t.depth]
	if ci.cl == nil || slot < ci.base {
		return "", ""
	}
	pc := t.currentPC(t.depth)
	t.s.steps -= int64(pc >> 4) // the search begins at the first instruction
	return ci.cl.p.registerName(pc, slot-ci.base)
}

// calledName returns how the Lua function at index ci of the calls names what it is calling.
func (t *Thread) calledName(ci int) (kind, name string) {
	p := t.ci[ci].cl.p
	pc := t.currentPC(ci)
	t.s.steps -= int64(pc >> 4)
	switch i := p.code[pc]; i.op() {
	case opCall, opTailCall, opTForLoop:
		return p.registerName(pc, i.a())
	}
	return "", ""
}

func (p *Proto) registerName(pc, reg int) (kind, name string) {
	if name := p.localName(reg+1, pc); name != "" {
		return "local", name
	}
	setter := p.findSetter(pc, reg)
	if setter < 0 {
		return "", ""
	}
	i := p.code[setter]
	switch i.op() {
	case opGetGlobal:
		return "global", p.k[i.bx()].Str()
	case opMove:
		if i.b() < i.a() {
			return p.registerName(setter, i.b())
		}
	case opGetTable:
		return "field", p.constantName(i.c())
	case opGetUpval:
		if i.b() < len(p.upvals) {
			return "upvalue", p.upvals[i.b()]
		}
		return "upvalue", "?"
	case opSelf:
		return "method", p.constantName(i.c())
	}
	return "", ""
}

// localName returns the name of the n-th local variable in force at pc.
func (p *Proto) localName(n, pc int) string {
	for _, v := range p.locals {
		if int(v.startPC) > pc {
			break
		}
		if pc < int(v.endPC) {
			n--
			if n == 0 {
				return v.name
			}
		}
	}
	return ""
}

func (p *Proto) constantName(rk int) string {
	if isConstant(rk) {
		if k := p.k[constantIndex(rk)]; k.n == tagString {
			return k.Str()
		}
	}
	return "?"
}

// findSetter returns the last instruction before end, on the straight way there, that changes the register.
func (p *Proto) findSetter(end, reg int) int {
	setter := -1
	for pc := 0; pc < end; pc++ {
		i := p.code[pc]
		a := i.a()
		changes := false
		switch i.op() {
		case opLoadNil:
			changes = a <= reg && reg <= i.b()
		case opTForLoop:
			changes = reg >= a+2
		case opCall, opTailCall:
			changes = reg >= a
		case opSelf:
			changes = reg == a || reg == a+1
		case opForLoop, opForPrep:
			changes = reg == a
			if target := pc + 1 + i.sbx(); pc < target && target <= end {
				pc += i.sbx()
			}
		case opJmp:
			if target := pc + 1 + i.sbx(); pc < target && target <= end {
				pc += i.sbx()
			}
		case opClosure:
			changes = reg == a
			pc += int(p.protos[i.bx()].numUpvalues)
		case opSetList:
			if i.c() == 0 {
				pc++
			}
		case opSetGlobal, opSetUpval, opSetTable, opEq, opLt, opLe, opReturn, opClose:
		default:
			changes = reg == a
		}
		if changes {
			setter = pc
			if i.op() == opClosure {
				setter = pc - int(p.protos[i.bx()].numUpvalues)
			}
		}
	}
	return setter
}
