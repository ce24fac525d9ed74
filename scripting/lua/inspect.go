// What a debugger asks from inside a hook: the calls on their way, their local variables, and to run code among them.
package lua

import "fmt"

// Frame is one function on its way.
type Frame struct {
	// Hooked tells whether it is one of those that HookLines hooked.
	Hooked bool
	// Line is the line it is at.
	Line int
	// Name is how its caller names it, "" if it was not called by Lua code or by a tail call.
	Name string

	t  *Thread
	ci int
}

// Frames returns the Lua functions on their way in the running thread, innermost first.
func (c *Call) Frames() []Frame {
	t := c.t
	var frames []Frame
	for i := t.depth; i > 0; i-- {
		cl := t.ci[i].cl
		if cl == nil {
			continue
		}
		f := Frame{Line: t.currentLine(i), t: t, ci: i}
		if t.s.hook != nil {
			f.Hooked = t.s.hook.code[cl.p] != nil
		}
		if t.ci[i].tailCalls == 0 && t.ci[i-1].cl != nil {
			_, f.Name = t.calledName(i - 1)
		}
		frames = append(frames, f)
	}
	return frames
}

// Locals calls yield with the name and value of every local variable that is in force, in the order of their declaration.
func (f Frame) Locals(yield func(name string, v Value) bool) {
	ci := &f.t.ci[f.ci]
	pc := f.t.currentPC(f.ci)
	for n := 1; ; n++ {
		name := ci.cl.p.localName(n, pc)
		if name == "" || !yield(name, f.t.stack[ci.base+n-1].clean()) {
			return
		}
	}
}

// Load compiles text to a function, as loadstring does.
func (c *Call) Load(text, chunk string) (f Value, err error) {
	p, err := c.s.compile(text, chunk, c.s.nC)
	if err != nil {
		return Nil, err
	}
	c.s.charge(int64(p.Size()))
	return newClosure(c.s, p, c.t.env).value(), nil
}

// PCall calls f and returns its first result, or, with ok false, the value that pcall gives for its error.
func (c *Call) PCall(f Value, args ...Value) (v Value, ok bool) {
	n := c.CallMulti(c.s.globals.GetStr("pcall"), append([]Value{f}, args...)...)
	ok = c.Pushed(-n).Truthy()
	switch {
	case n > 1:
		v = c.Pushed(1 - n)
		if !ok && v.IsNil() && n > 2 {
			v = c.Pushed(2 - n) // a table without an err field
		}
	}
	c.Pop(n)
	return v, ok
}

// Address returns what tostring shows in place of the address of a function, table, userdata or thread.
func (v Value) Address() string {
	switch {
	case v.n == tagLight && v.p == LightUserdata(0).p:
		return "(nil)"
	case v.n == tagLight:
		return fmt.Sprintf("0x%014x", objectID(v))
	}
	return fmt.Sprintf("0x%012x", 0x7f0000000000+uint64(objectID(v))*16)
}
