// Line hooks: the host's say before each new line of chosen functions, for a debugger.
//
// As a debugger of machine code does, the hook takes the place of the instructions: while lines are hooked every instruction of the
// functions is fastLine, for which the interpreter has no case, so that it ends in slow. To let one instruction run it is put back, and
// replaced again when the next one is reached, or at the end of the slice if it is a loop of its own: runs with a hook need slices of one
// step. Code that is not hooked pays nothing.
package lua

import (
	"slices"
	"unsafe"
)

// lineHook is what HookLines has installed.
type lineHook struct {
	fn     Value               // the hook, a native
	code   map[*Proto][]uint64 // the hooked functions' instructions as they were
	lifted *uint64             // the instruction that is in its place now, nil if none is
	last   map[*Thread][]int   // the instruction seen last in each call, by depth
	inside bool                // the hook is running
}

const hookedBits = 0xff // of an instruction: its opcode

// HookLines makes every new line of p and of the functions defined in it call hook first, without arguments: as in Lua, when a function
// begins, when the line changes, and when a loop jumps back. It is called between runs, and needs a Budget with a Slice of 1. The
// functions must be in no other hook.
func (s *State) HookLines(p *Proto, hook Native) {
	s.UnhookLines()
	s.hook = &lineHook{fn: s.NewNative("hook", hook), code: make(map[*Proto][]uint64), last: make(map[*Thread][]int)}
	s.hook.add(p)
}

// UnhookLines ends HookLines. The hook itself may call it.
func (s *State) UnhookLines() {
	if s.hook == nil {
		return
	}
	for p, code := range s.hook.code {
		copy(p.fast, code)
	}
	s.hook = nil
}

// add hooks a function and those in it.
func (h *lineHook) add(p *Proto) {
	h.code[p] = slices.Clone(p.fast)
	for pc := 0; pc < len(p.code); pc++ {
		hookInstruction(&p.fast[pc])
		switch i := p.code[pc]; {
		case isTest(i.op()):
			pc++ // its jump is a part of it
		case i.op() == opClosure:
			pc += int(p.protos[i.bx()].numUpvalues)
		case i.op() == opSetList && i.c() == 0:
			pc++
		}
	}
	for _, q := range p.protos {
		h.add(q)
	}
}

func hookInstruction(i *uint64) { *i = *i&^hookedBits | fastLine }

// restore hooks the lifted instruction again.
func (h *lineHook) restore() {
	if h.lifted != nil {
		hookInstruction(h.lifted)
		h.lifted = nil
	}
}

// atHook reports whether the instruction before the saved pc is hooked.
func (t *Thread) atHook() bool {
	return uint8(t.ci[t.depth].cl.p.fast[t.currentPC(t.depth)]) == fastLine
}

// runHook calls the hook if a new line begins, and makes the hooked instruction the next to run.
func (t *Thread) runHook() {
	h, depth := t.s.hook, t.depth
	h.restore()
	pc, p := t.currentPC(depth), t.ci[depth].cl.p
	if h.newLine(t, p, pc) && !h.inside {
		t.callHook(h)
	}
	if t.s.hook == h { // or the hook has unhooked
		h.lifted = &p.fast[pc]
		*h.lifted = h.code[p][pc]
	}
	ci := &t.ci[depth]
	ci.pc = unsafe.Add(ci.pc, -instructionSize)
}

// newLine notes that the call at t.depth has come to pc, and reports whether that begins a line (luaG_traceexec).
func (h *lineHook) newLine(t *Thread, p *Proto, pc int) bool {
	last := h.last[t]
	for len(last) <= t.depth {
		last = append(last, 0)
	}
	old := last[t.depth]
	last[t.depth] = pc
	h.last[t] = last
	return pc == 0 || pc <= old || p.line(pc) != p.line(old)
}

// callHook calls the hook above everything that the running Lua function has in use.
func (t *Thread) callHook(h *lineHook) {
	top, base, n := t.top, t.call.base, t.call.n
	h.inside = true
	defer func() { h.inside = false }() // it may end with an error
	t.top = max(top, t.ci[t.depth].base+int(t.ci[t.depth].cl.p.maxStack))
	t.reserve(1)
	fn := t.top
	t.stack[fn] = h.fn
	t.top++
	t.callValue(fn, 0)
	t.top, t.call.base, t.call.n = top, base, n
}
