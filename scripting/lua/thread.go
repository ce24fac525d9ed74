// Thread: a register stack and the calls on it. The main thread of a State is one, every coroutine has its own.
package lua

import "unsafe"

// Thread is a Lua coroutine, or the main thread.
type Thread struct {
	header
	status  uint8 // of thread...
	id      uint32
	s       *State
	stack   []Value
	soft    int // registers at or above it are untouched since the last run; calls check against it
	top     int // first free register, while a native runs or after a call with an open number of results
	ci      []callInfo
	depth   int      // index in ci of the running function
	open    *upvalue // open upvalues, highest register first
	call    Call     // the window of the native that is running
	env     *Table
	handler int // stack index of xpcall's handler in force, -1 for none
	baseC   int // C levels when it was resumed
	first   int // stack index of the first value yielded or returned
}

// callInfo is one function on its way.
type callInfo struct {
	cl         *closure // nil for a native
	pc         unsafe.Pointer
	fn         int // stack index of the function
	base       int // stack index of the first register or argument
	results    int32
	tailCalls  int32
	flags      uint8
	cLevels    int32 // to restore when a protected call ends
	oldHandler int32
}

// Flags of a callInfo.
const (
	callFresh     = 1 << iota // Go code waits for the return
	callBoundary              // counts as a C level
	callProtected             // pcall: errors end here
	callHandler               // xpcall: the handler is its first register
	callGuarded               // called by a pcall, which its return ends
)

const (
	multipleResults = -1

	// The limits of Redis's Lua.
	maxCLevels   = 200
	maxCallDepth = 16384 // 8 doubled while it stays below LUAI_MAXCALLS (20,000)
	extraCalls   = 2000  // for an error handler after a stack overflow

	nativeSlots  = 20 // registers every native may use without asking (LUA_MINSTACK)
	stackSlack   = 16 // registers above the soft limit that may always be touched
	initialStack = 64
	maxStackSize = 1 << 22

	threadSize = int64(unsafe.Sizeof(Thread{})) + 4*int64(unsafe.Sizeof(callInfo{}))
)

func newThread(s *State) *Thread {
	s.charge(threadSize + initialStack*int64(valueSize))
	s.ids++
	t := &Thread{header: header{kind: tagThread}, id: s.ids, s: s, soft: initialStack, handler: -1}
	t.stack = make([]Value, initialStack+stackSlack)
	t.ci = make([]callInfo, 4)
	t.call = Call{s: s, t: t}
	t.top = 1
	return t
}

func (t *Thread) value() Value { return Value{unsafe.Pointer(t), tagThread} }

// reserve makes room for n registers above top.
func (t *Thread) reserve(n int) {
	if t.top+n > t.soft {
		t.grow(n)
	}
}

// reserveTo makes room for registers below end.
func (t *Thread) reserveTo(end int) {
	if end > t.soft {
		t.growTo(end)
	}
}

func (t *Thread) grow(n int) { t.growTo(t.top + n) }

func (t *Thread) growTo(end int) {
	soft := t.soft
	for soft < end {
		soft *= 2
	}
	if soft > maxStackSize {
		t.runtimeError("stack overflow")
	}
	if soft+stackSlack > len(t.stack) {
		t.s.charge(int64(soft+stackSlack-len(t.stack)) * int64(valueSize))
		old := t.stack
		t.stack = make([]Value, soft+stackSlack)
		copy(t.stack, old)
		for u := t.open; u != nil; u = u.next() {
			u.v = &t.stack[u.index()]
		}
	}
	t.soft = soft
}

// pushCall adds a callInfo for a function and returns it.
func (t *Thread) pushCall(fn, base, results int, flags uint8) *callInfo {
	t.depth++
	if t.depth >= len(t.ci) {
		t.growCalls()
	}
	ci := &t.ci[t.depth]
	// pc keeps what it was: it is written before anything reads it.
	ci.cl, ci.fn, ci.base, ci.results, ci.tailCalls, ci.flags = nil, fn, base, int32(results), 0, flags
	return ci
}

// growCalls doubles the room for calls. It raises a stack overflow at the depth where Redis's Lua does, and leaves some
// more room for the handler of that very error.
func (t *Thread) growCalls() {
	n := len(t.ci) * 2
	if len(t.ci) >= maxCallDepth {
		n = maxCallDepth + extraCalls
		if len(t.ci) >= n {
			t.depth--
			t.raise(t.s.errorInHandler())
		}
	}
	t.s.charge(int64(n-len(t.ci)) * int64(unsafe.Sizeof(callInfo{})))
	old := t.ci
	t.ci = make([]callInfo, n)
	copy(t.ci, old)
	if n > maxCallDepth {
		t.depth--
		t.runtimeError("stack overflow")
	}
}

// unwound makes room for calls what it was, after an overflow has been dealt with.
func (t *Thread) unwound() {
	if len(t.ci) > maxCallDepth && t.depth < maxCallDepth-1 {
		t.ci = append(make([]callInfo, 0, maxCallDepth), t.ci[:maxCallDepth]...)
	}
}

// reset clears everything a run has left behind, at the cost of the registers it has touched.
func (t *Thread) reset() {
	clear(t.stack[:t.soft+stackSlack])
	t.soft = initialStack
	if len(t.stack) > maxKeptStack {
		t.stack = make([]Value, initialStack+stackSlack)
	}
	if len(t.ci) > maxKeptStack {
		t.ci = make([]callInfo, 4)
	}
	t.top, t.depth, t.open, t.handler = 1, 0, nil, -1
}

// maxKeptStack is how many registers or calls stay allocated between runs.
const maxKeptStack = 1 << 15
