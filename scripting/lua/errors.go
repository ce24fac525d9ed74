// Raising errors: what is thrown, with which text and position, and how it unwinds.
package lua

import (
	"fmt"
	"strings"
)

// thrown is the panic value of every Lua error; what is thrown is in State.errValue. Panics of any other type are bugs
// and pass through.
type thrown struct{}

// throw raises v. If an xpcall is in force its handler runs now, while the failing frames still stand.
func (t *Thread) throw(v Value) {
	s := t.s
	v = v.clean()
	if h := t.handler; h >= 0 && s.stopErr == nil {
		t.reserve(2)
		top := t.top
		if ci := &t.ci[t.depth]; ci.cl != nil {
			top = ci.base + int(ci.cl.p.maxStack)
			t.reserve(int(ci.cl.p.maxStack) + 2)
		}
		t.stack[top], t.stack[top+1] = t.stack[h], v
		if !t.stack[top].IsFunction() {
			t.raise(s.errorInHandler())
		}
		t.top = top + 2
		t.callValue(top, 1)
		v = t.stack[top].clean()
	}
	t.raise(v)
}

// raise throws v without asking a handler.
func (t *Thread) raise(v Value) {
	t.s.errValue = v
	t.s.errTrace = t.trace()
	t.s.throwing = 1
	panic(thrown{})
}

func (s *State) errorInHandler() Value { return newString("error in error handling").value() }

// stop ends the run with err; nothing in Lua can catch it.
func (s *State) stop(err error) {
	s.stopErr = err
	s.cur.raise(Nil)
}

// runtimeError raises a text with the position of the running Lua function in front (luaG_runerror).
func (t *Thread) runtimeError(format string, args ...any) {
	text := formatC(format, args)
	if t.ci[t.depth].cl != nil {
		text = t.where(0) + text
	}
	t.throw(t.s.NewText(text))
}

// formatC is Sprintf with strings that end at their first NUL byte, as C's do: sic, messages show it.
func formatC(format string, args []any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			if n := strings.IndexByte(s, 0); n >= 0 {
				args[i] = s[:n]
			}
		}
	}
	return fmt.Sprintf(format, args...)
}

func (s *State) throwRuntime(text string) { s.cur.runtimeError("%s", text) }

func (s *State) throwReadonly() { s.cur.runtimeError("Attempt to modify a readonly table") }

// typeError raises "attempt to op a type value", naming the variable that v was read from if v is in a register of the
// running function at stack index slot; slot is -1 if it is not.
func (t *Thread) typeError(v Value, slot int, op string) {
	if kind, name := t.variableName(slot); kind != "" {
		t.runtimeError("attempt to %s %s '%s' (a %s value)", op, kind, name, v.TypeName())
	}
	t.runtimeError("attempt to %s a %s value", op, v.TypeName())
}

// compareError raises the error of an order comparison. PUC compares the third letter of the type names to tell
// whether they are equal; so do we.
func (t *Thread) compareError(a, b Value) {
	x, y := a.TypeName(), b.TypeName()
	if x[2] == y[2] {
		t.runtimeError("attempt to compare two %s values", x)
	}
	t.runtimeError("attempt to compare %s with %s", x, y)
}

// where returns "chunk:line: " of the function at level (0 is the running one), "" if that is not Lua code.
func (t *Thread) where(level int) string {
	ci := t.frame(level)
	if ci < 0 || t.ci[ci].cl == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", t.ci[ci].cl.p.shortSource(), t.currentLine(ci))
}

// lineAt returns the current line of the function at level, -1 if that is not Lua code.
func (t *Thread) lineAt(level int) int {
	ci := t.frame(level)
	if ci < 0 || t.ci[ci].cl == nil {
		return -1
	}
	return t.currentLine(ci)
}

// frame returns the index in t.ci of the function at level, -1 if there is none or a tail call lost it. lost levels
// count as PUC counts them.
func (t *Thread) frame(level int) int {
	i := t.depth
	for ; level > 0 && i > 0; i-- {
		level--
		if ci := &t.ci[i]; ci.cl != nil {
			level -= int(ci.tailCalls)
		}
	}
	if level != 0 || i <= 0 {
		return -1
	}
	return i
}

// hasLevel reports whether there is a function at level, lost to a tail call or not.
func (t *Thread) hasLevel(level int) bool {
	i := t.depth
	for ; level > 0 && i > 0; i-- {
		level--
		if ci := &t.ci[i]; ci.cl != nil {
			level -= int(ci.tailCalls)
		}
	}
	return level < 0 || level == 0 && i > 0
}

// trace returns the place of the innermost Lua code.
func (t *Thread) trace() Trace {
	for i := t.depth; i > 0; i-- {
		if f := t.ci[i].cl; f != nil {
			return Trace{Source: f.p.source, Line: t.currentLine(i)}
		}
	}
	return Trace{}
}

func (t *Thread) currentLine(ci int) int {
	p := t.ci[ci].cl.p
	return p.line(t.currentPC(ci))
}

// currentPC returns the index of the instruction that the frame is carrying out.
func (t *Thread) currentPC(ci int) int {
	c := &t.ci[ci]
	// A slice ends behind a jump: at the start of the code, nothing stands before pc.
	return max(0, int(uintptr(c.pc)-uintptr(c.cl.p.codeStart()))/instructionSize-1)
}

// inNative reports whether a native is running.
func (t *Thread) inNative() bool { return t.depth > 0 && t.ci[t.depth].cl == nil }

// callerName returns how the Lua code that called the running function names it: "global", "local", "method", "field",
// "upvalue" or "", and the name.
func (t *Thread) callerName() (kind, name string) {
	ci := &t.ci[t.depth]
	if ci.cl != nil && ci.tailCalls > 0 || t.depth < 1 || t.ci[t.depth-1].cl == nil {
		return "", ""
	}
	return t.calledName(t.depth - 1)
}

// siteCache returns the slot of the call instruction that is calling the running native.
func (t *Thread) siteCache() *any {
	if t.depth < 1 || t.ci[t.depth-1].cl == nil {
		return nil
	}
	p := t.ci[t.depth-1].cl.p
	if p.sites == nil {
		p.sites = make([]any, len(p.code))
	}
	return &p.sites[t.currentPC(t.depth-1)]
}
