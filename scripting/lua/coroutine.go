// Coroutines: a thread of its own for each, resumed by running the interpreter on it. No goroutines.
package lua

// States of a thread.
const (
	threadReady = iota // not started, or yielded
	threadRunning
	threadNormal // has resumed another one
	threadDead
)

var threadStates = [...]string{"suspended", "running", "normal", "dead"}

func openCoroutine(s *State) {
	s.Register("coroutine", []Function{
		{"create", coCreate}, {"resume", coResume}, {"running", coRunning}, {"status", coStatus}, {"wrap", coWrap}, {"yield", coYield},
	})
	s.globals.GetStr("coroutine").table().GetStr("yield").native().special = specialYield
}

// coYield is never called: the interpreter carries yield out itself, see specialYield.
func coYield(*Call) int { panic("lua: yield was called") }

func coCreate(c *Call) int { return c.Return1(newCoroutine(c).value()) }

func newCoroutine(c *Call) *Thread {
	if c.Arg(1).n != tagFunction {
		c.ArgError(1, "Lua function expected")
	}
	co := newThread(c.s)
	co.env = c.t.env
	co.stack[1] = c.Arg(1)
	co.top = 2
	return co
}

func checkThread(c *Call) *Thread {
	if c.Arg(1).n != tagThread {
		c.ArgError(1, "coroutine expected")
	}
	return c.Arg(1).thread()
}

func coResume(c *Call) int {
	co := checkThread(c)
	n, ok := c.t.resume(co, c.base+1, c.n-1)
	if !ok {
		return c.Return2(Bool(false), c.Pushed(-1))
	}
	t := c.t
	t.reserve(1)
	copy(t.stack[t.top-n+1:t.top+1], t.stack[t.top-n:t.top])
	t.stack[t.top-n] = Bool(true)
	t.top++
	return n + 1
}

func coWrap(c *Call) int {
	co := newCoroutine(c)
	return c.Return1(c.NewFunction("wrap", coWrapped, co.value()))
}

func coWrapped(c *Call) int {
	n, ok := c.t.resume(c.Upvalue(1).thread(), c.base, c.n)
	if !ok {
		v := c.Pushed(-1)
		if isText(v) {
			text, _ := c.ToBytes(v)
			v = c.NewText(c.Where(1) + string(text))
		}
		c.Throw(v)
	}
	return n
}

func coRunning(c *Call) int {
	if c.t == c.s.main {
		return c.Return1(Nil)
	}
	return c.Return1(c.t.value())
}

func coStatus(c *Call) int {
	co := checkThread(c)
	return c.Return1(c.s.Intern(threadStates[co.status]))
}

// resume goes on with co, giving it the n values at stack index args of t. It pushes what co yields or returns on t and
// returns the number; or, with ok false, the error.
func (t *Thread) resume(co *Thread, args, n int) (results int, ok bool) {
	s := t.s
	if co.status != threadReady {
		return t.refuseResume("cannot resume " + threadStates[co.status] + " coroutine")
	}
	if s.nC >= maxCLevels {
		return t.refuseResume("C stack overflow")
	}
	co.top = max(co.top, 1)
	co.reserve(n + nativeSlots)
	copy(co.stack[co.top:], t.stack[args:args+n])
	co.top += n
	old, held := t.status, s.nativeStart-s.bytes
	s.nativeHeld += held
	t.status, co.status = threadNormal, threadRunning
	s.nC++
	level := s.nC
	co.baseC = level
	s.cur = co
	ok = co.runCoroutine(n)
	s.cur = t
	s.nC = level - 1
	t.status = old
	s.nativeHeld -= held
	s.nativeStart = s.bytes + held
	if !ok {
		co.status = threadDead
		v := s.errValue
		s.errValue = Nil
		t.reserve(1)
		t.stack[t.top] = v
		t.top++
		return 1, false
	}
	// The results are the values above co.first.
	results = co.top - co.first
	t.reserve(results + 1)
	copy(t.stack[t.top:], co.stack[co.first:co.top])
	t.top += results
	co.top = co.first
	return results, true
}

func (t *Thread) refuseResume(text string) (int, bool) {
	t.reserve(1)
	t.stack[t.top] = t.s.NewText(text)
	t.top++
	return 1, false
}

// How a stretch of a coroutine ended.
const (
	coAgain  = iota // a pcall inside caught an error; the interpreter is to go on
	coDone          // it yielded or returned
	coFailed        // with the error in errValue
)

// runCoroutine starts or continues t with the n values on top of its stack, until it yields, returns or fails.
func (t *Thread) runCoroutine(n int) (ok bool) {
	first := t.depth == 0
	end := coAgain
	for end == coAgain {
		end = t.continueCoroutine(first, n)
		first, n = false, -1
	}
	if end == coDone && t.status == threadRunning {
		t.finish()
	}
	return end == coDone
}

func (t *Thread) continueCoroutine(first bool, n int) (end int) {
	defer t.catchCoroutine(&end)
	switch {
	case first:
		t.precall(t.top-n-1, n, multipleResults, callFresh)
	case n >= 0:
		// The values given to resume are the results of the call of yield, whose frame waits.
		if t.postCall(t.top-n, n) {
			return coDone
		}
	default:
		if t.failProtected() {
			return coDone
		}
	}
	t.run()
	return coDone
}

// catchCoroutine is deferred around the interpreter of a coroutine: an error that no pcall inside wants ends it.
func (t *Thread) catchCoroutine(end *int) {
	s := t.s
	if *end == coDone || s.throwing == 0 || s.stopErr != nil || s.cur != t {
		return
	}
	if _, ok := recover().(thrown); !ok {
		panic("lua: a panic that is not an error went through a coroutine")
	}
	s.throwing = 0
	for i := t.depth; i > 0; i-- {
		if t.ci[i].flags&callProtected != 0 {
			t.depth = i
			return
		}
	}
	t.closeUpvalues(0)
	*end = coFailed
}

// finish notes that the coroutine has returned, with its results in place of its function.
func (t *Thread) finish() {
	t.status = threadDead
	t.first = 1
}

// yield leaves a frame behind that waits for the values of the next resume. The n values yielded are above fn.
func (t *Thread) yield(fn, n, results int) {
	t.pushCall(fn, fn+1, results, 0)
	t.first = fn + 1
	t.top = fn + 1 + n
	t.status = threadReady
}
