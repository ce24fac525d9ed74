// Calls: entering functions, protected calls, returning results, and running Lua from Go.
package lua

// Functions that the interpreter carries out itself, because they must not take a Go frame.
const (
	specialNone = iota
	specialPcall
	specialXpcall
	specialYield
	specialNext
)

// callValue calls the function at stack index fn with the arguments above it up to top. The results replace the
// function; top is then behind the last one. It is a C level.
func (t *Thread) callValue(fn, results int) {
	s := t.s
	s.nC++
	if s.nC >= maxCLevels {
		t.cStackOverflow()
	}
	held := s.nativeStart - s.bytes
	s.nativeHeld += held
	if v := t.stack[fn]; v.n == tagNative && v.native().special == specialNone {
		t.callNative(v.native(), fn, t.top-fn-1, results, callFresh)
	} else {
		t.execute(fn, results)
	}
	s.nativeHeld -= held
	s.nativeStart = s.bytes + held
	s.nC--
	if results != multipleResults {
		t.top = fn + results
	}
}

func (t *Thread) cStackOverflow() {
	s := t.s
	if s.nC == maxCLevels {
		t.runtimeError("C stack overflow")
	}
	if s.nC >= maxCLevels+maxCLevels/8 {
		t.raise(s.errorInHandler())
	}
}

// execute calls the function at fn and runs until it returns. Errors inside that a pcall inside is to catch are dealt
// with here; the others pass through.
func (t *Thread) execute(fn, results int) {
	level := t.depth
	done := t.start(level, fn, results)
	for !done {
		done = t.resumeRun(level)
	}
}

func (t *Thread) start(level, fn, results int) (done bool) {
	defer t.catch(level, &done)
	if t.precall(fn, t.top-fn-1, results, callFresh) {
		t.run()
	}
	return true
}

func (t *Thread) resumeRun(level int) (done bool) {
	defer t.catch(level, &done)
	if t.failProtected() {
		return true
	}
	t.run()
	return true
}

// catch is deferred around the interpreter: it recovers from an error if a pcall above level on the stack of calls is
// to have it. That pcall is then the running function, which failProtected is to end.
func (t *Thread) catch(level int, done *bool) {
	if *done {
		return
	}
	s := t.s
	if s.throwing == 0 || s.stopErr != nil || s.cur != t {
		return
	}
	i := t.depth
	for i > level && t.ci[i].flags&callProtected == 0 {
		i--
	}
	if i <= level {
		return
	}
	if _, ok := recover().(thrown); !ok {
		panic("lua: a panic that is not an error went through the interpreter")
	}
	s.throwing = 0
	t.depth = i
}

// failProtected ends the pcall that is running with the error in s.errValue. What goes wrong in here is for the pcalls
// around it.
func (t *Thread) failProtected() (fresh bool) {
	s := t.s
	ci := &t.ci[t.depth]
	if ci.flags&callProtected == 0 {
		panic("lua: an error was caught where there is no pcall")
	}
	ci.flags &^= callProtected
	t.closeUpvalues(ci.base)
	s.nC = int(ci.cLevels)
	t.handler = int(ci.oldHandler)
	v := s.errValue
	s.errValue = Nil
	fn := ci.fn
	t.reserveTo(fn + 3)
	t.unwound()
	t.stack[fn] = Value{n: tagFalse}
	t.stack[fn+1] = v
	t.top = fn + 3
	n := 2
	if ci.flags&callHandler == 0 && v.n == tagTable {
		// sic: Redis's pcall gives the err field of an error table, and the table with the field behind it if that
		// field is no string.
		e := t.index(v, s.events[eventErr].value())
		if e.n == tagString || e.n > maxTag {
			t.stack[fn+1] = e
		} else {
			t.stack[fn+2] = e
			n = 3
		}
	}
	return t.postCall(fn, n)
}

// precall enters the function at fn with n arguments. It reports whether a Lua function is now to be run; if not the
// call is over and its results are in place.
func (t *Thread) precall(fn, n, results int, flags uint8) bool {
	for {
		v := t.stack[fn]
		if v.n == tagFunction {
			t.enterLua(v.closure(), fn, n, results, flags)
			return true
		}
		if v.n != tagNative {
			t.callMeta(v, fn, n)
			n++
			continue
		}
		f := v.native()
		switch f.special {
		case specialPcall:
			t.enterPcall(fn, n, results, flags)
			if n == 0 {
				t.runtimeErrorIn("bad argument #1 to '?' (value expected)")
			}
			fn, n, results, flags = fn+1, n-1, multipleResults, callGuarded
		case specialXpcall:
			t.enterXpcall(fn, n, results, flags)
			fn, n, results, flags = fn+2, 0, multipleResults, callGuarded
		case specialYield:
			t.pushCall(fn, fn+1, results, flags)
			t.runtimeError("attempt to yield across metamethod/C-call boundary")
		default:
			t.callNative(f, fn, n, results, flags)
			return false
		}
	}
}

func (t *Thread) runtimeErrorIn(text string) { t.runtimeError("%s", text) }

// callMeta puts the __call metamethod of the value at fn in front of it.
func (t *Thread) callMeta(v Value, fn, n int) {
	m := t.s.metamethod(v, eventCall)
	if !m.IsFunction() {
		t.typeError(v, fn, "call")
	}
	t.top = fn + 1 + n
	t.reserve(1)
	copy(t.stack[fn+1:fn+2+n], t.stack[fn:fn+1+n])
	t.stack[fn] = m
	t.top++
}

// enterLua makes the frame of a Lua function.
func (t *Thread) enterLua(f *closure, fn, n, results int, flags uint8) {
	p := f.p
	base := fn + 1
	if p.vararg != 0 {
		base = t.adjustVarargs(p, fn, n)
	} else {
		t.reserveTo(base + int(p.maxStack))
		for i := n; i < int(p.numParams); i++ {
			t.stack[base+i] = Nil
		}
	}
	ci := t.pushCall(fn, base, results, flags)
	ci.cl = f
	ci.pc = p.codeStart()
	t.top = base + int(p.maxStack)
}

// adjustVarargs moves the fixed parameters above the arguments, which stay below the frame as the varargs, and returns
// the base of the frame.
func (t *Thread) adjustVarargs(p *Proto, fn, n int) int {
	fixed := int(p.numParams)
	t.reserveTo(fn + 1 + n + fixed + int(p.maxStack) + 1)
	for ; n < fixed; n++ {
		t.stack[fn+1+n] = Nil
	}
	base := fn + 1 + n
	for i := range fixed {
		t.stack[base+i] = t.stack[fn+1+i]
		t.stack[fn+1+i] = Nil
	}
	t.stack[base+fixed] = Nil // the local arg, if it is there but not wanted
	if p.vararg&varargNeeds != 0 {
		extra := n - fixed
		t.top = base + fixed
		arg := newTable(t.s, extra, 1)
		for i := range extra {
			arg.setInt(t.s, int64(i)+1, t.stack[fn+1+fixed+i])
		}
		arg.setText(t.s, "n", Number(float64(extra)))
		t.stack[base+fixed] = arg.value()
	}
	return base
}

func (t *Thread) enterPcall(fn, n, results int, flags uint8) {
	s := t.s
	ci := t.pushCall(fn, fn+1, results, flags|callProtected)
	ci.cLevels = int32(s.nC)
	ci.oldHandler = int32(t.handler)
	t.handler = -1
	t.top = fn + 1 + n
	s.nC++
	if s.nC >= maxCLevels {
		t.cStackOverflow()
	}
}

// enterXpcall makes the frame of xpcall(f, handler): the handler becomes its first register, f the second.
func (t *Thread) enterXpcall(fn, n, results int, flags uint8) {
	if n < 2 {
		t.pushCall(fn, fn+1, results, flags)
		t.call.base, t.call.n, t.top = fn+1, n, fn+1+n
		t.call.ArgError(2, "value expected")
	}
	t.stack[fn+1], t.stack[fn+2] = t.stack[fn+2], t.stack[fn+1]
	t.enterPcall(fn, 2, results, flags|callHandler)
	t.handler = fn + 1
	t.top = fn + 3
}

// callNative runs a native with n arguments and delivers its results.
func (t *Thread) callNative(f *native, fn, n, results int, flags uint8) {
	base := fn + 1
	t.reserveTo(base + n + nativeSlots)
	t.pushCall(fn, base, results, flags)
	t.top = base + n
	t.call.base, t.call.n = base, n
	t.s.nativeStart = t.s.bytes
	nres := f.fn(&t.call)
	t.postCall(t.top-nres, nres)
}

// postCall ends the running function, whose n results start at stack index first, and moves them to where its caller
// wants them. It goes on to end pcalls that were waiting for it. It reports whether Go code waits for the return.
func (t *Thread) postCall(first, n int) (fresh bool) {
	s := t.s
	for {
		ci := &t.ci[t.depth]
		t.depth--
		dst := ci.fn
		if n == 1 {
			t.stack[dst] = t.stack[first]
		} else if first != dst {
			copy(t.stack[dst:dst+n], t.stack[first:first+n])
		}
		if ci.results >= 0 {
			for i := n; i < int(ci.results); i++ {
				t.stack[dst+i] = Nil
			}
			t.top = dst + int(ci.results)
		} else {
			t.top = dst + n
		}
		if ci.flags&callBoundary != 0 {
			s.nC--
		}
		if ci.flags&callFresh != 0 {
			return true
		}
		parent := &t.ci[t.depth]
		if parent.flags&callProtected == 0 {
			return false
		}
		s.nC = int(parent.cLevels)
		t.handler = int(parent.oldHandler)
		if parent.flags&callHandler != 0 {
			copy(t.stack[parent.fn+1:], t.stack[dst:dst+n])
		}
		first = parent.fn
		t.stack[first] = Value{n: tagTrue}
		n++
	}
}
