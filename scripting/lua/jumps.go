// The code generator: jumps. Jumps to a place not yet known form a list, through the very offsets that it will get.
package lua

// label marks the next instruction as the target of a jump.
func (fs *funcState) label() int {
	fs.lastTarget = fs.pc()
	return fs.pc()
}

func (fs *funcState) jump() int {
	pending := fs.jumpsHere
	fs.jumpsHere = noJump
	j := fs.emitAsBx(opJmp, 0, noJump)
	return fs.concatJumps(j, pending)
}

func (fs *funcState) condJump(op, a, b, c int) int {
	fs.emitABC(op, a, b, c)
	return fs.jump()
}

func (fs *funcState) fixJump(pc, target int) {
	offset := target - (pc + 1)
	if offset < -offsetBx || offset > offsetBx {
		fs.lex.failHere("control structure too long")
	}
	fs.p.code[pc].setSBx(offset)
}

// nextJump returns the jump after pc in its list.
func (fs *funcState) nextJump(pc int) int {
	offset := fs.p.code[pc].sbx()
	if offset == noJump {
		return noJump
	}
	return pc + 1 + offset
}

// jumpControl returns the instruction that decides whether the jump at pc is taken.
func (fs *funcState) jumpControl(pc int) *instruction {
	if pc >= 1 && isTest(fs.p.code[pc-1].op()) {
		return &fs.p.code[pc-1]
	}
	return &fs.p.code[pc]
}

// needsValue reports whether a jump of the list does not produce a value.
func (fs *funcState) needsValue(list int) bool {
	for ; list != noJump; list = fs.nextJump(list) {
		if fs.jumpControl(list).op() != opTestSet {
			return true
		}
	}
	return false
}

func (fs *funcState) patchTestReg(pc, reg int) bool {
	i := fs.jumpControl(pc)
	if i.op() != opTestSet {
		return false
	}
	if reg != noRegister && reg != i.b() {
		i.setA(reg)
	} else {
		*i = makeABC(opTest, i.b(), 0, i.c())
	}
	return true
}

func (fs *funcState) removeValues(list int) {
	for ; list != noJump; list = fs.nextJump(list) {
		fs.patchTestReg(list, noRegister)
	}
}

func (fs *funcState) patchJumps(list, valueTarget, reg, defaultTarget int) {
	for list != noJump {
		next := fs.nextJump(list)
		if fs.patchTestReg(list, reg) {
			fs.fixJump(list, valueTarget)
		} else {
			fs.fixJump(list, defaultTarget)
		}
		list = next
	}
}

func (fs *funcState) dischargeJumps() {
	fs.patchJumps(fs.jumpsHere, fs.pc(), noRegister, fs.pc())
	fs.jumpsHere = noJump
}

func (fs *funcState) patchList(list, target int) {
	if target == fs.pc() {
		fs.patchToHere(list)
	} else {
		fs.patchJumps(list, target, noRegister, target)
	}
}

func (fs *funcState) patchToHere(list int) {
	fs.label()
	fs.jumpsHere = fs.concatJumps(fs.jumpsHere, list)
}

// concatJumps returns the list of both lists.
func (fs *funcState) concatJumps(l1, l2 int) int {
	if l2 == noJump {
		return l1
	}
	if l1 == noJump {
		return l2
	}
	list := l1
	for next := fs.nextJump(list); next != noJump; next = fs.nextJump(list) {
		list = next
	}
	fs.fixJump(list, l2)
	return l1
}
