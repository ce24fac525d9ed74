// The budget of a run: steps and bytes, and the host's say at the end of every slice.
package lua

import "errors"

// ErrMemory stops a run whose values take more than Budget.Memory.
var ErrMemory = errors.New("not enough memory")

// Budget limits one run. It is set before Run with SetBudget and stays until the next SetBudget.
type Budget struct {
	// Slice is how many steps pass between two calls of OnSlice; 0 is DefaultSlice. A step is about one loop turn, call,
	// or byte of work of a library function.
	Slice int
	// OnSlice is called when a slice is used up, and now and then while something takes long by the clock, on the goroutine of the
	// run. If it returns an error the run stops with
	// that error, and nothing in Lua can catch it. It may be nil. It must not run Lua in the same State.
	OnSlice func() error
	// Memory is how many bytes the values of a run may take; 0 is no limit.
	Memory int64
}

// DefaultSlice is some 50 to 500 microseconds of work.
const DefaultSlice = 20000

const noMemoryLimit = 1 << 60

// SetBudget installs b for the runs that follow.
func (s *State) SetBudget(b Budget) {
	if b.Slice <= 0 {
		b.Slice = DefaultSlice
	}
	if b.Memory <= 0 {
		b.Memory = noMemoryLimit
	}
	s.budget = b
	s.refill()
}

// refill starts a run: a full slice, no bytes used.
func (s *State) refill() {
	s.steps = int64(s.budget.Slice)
	s.slicesUsed, s.stepsBefore = 0, 0
	s.bytes = s.budget.Memory
	s.shortLeft = shortBlocks
	s.nativeHeld = 0
	s.nativeStart = s.bytes
}

// sliceUsed asks the host whether to go on.
func (s *State) sliceUsed() {
	if err := s.askHost(); err != nil {
		s.stop(err)
	}
}

// askHost begins the next slice and returns the error with which the host wants the run to end.
func (s *State) askHost() error {
	// One library call may have drawn several slices at once.
	n := 1 - s.steps/int64(s.budget.Slice)
	s.slicesUsed += n
	s.steps += n * int64(s.budget.Slice)
	if s.hook != nil {
		s.hook.restore()
	}
	if s.budget.OnSlice == nil {
		return nil
	}
	return s.budget.OnSlice()
}

// Steps returns about how many steps the current or last run has used.
func (s *State) Steps() int64 {
	return s.stepsBefore + s.slicesUsed*int64(s.budget.Slice) + int64(s.budget.Slice) - s.steps
}

// SetSlice changes the length of the slices of the running script, and begins one. OnSlice may call it.
func (s *State) SetSlice(steps int) {
	s.stepsBefore = s.Steps()
	s.budget.Slice, s.slicesUsed, s.steps = steps, 0, int64(steps)
}

// charge draws n bytes from the byte budget, before they are allocated. Objects that became garbage are noticed only
// by counting what is alive, which is done when the budget looks used up.
func (s *State) charge(n int64) {
	s.bytes -= n
	if s.bytes < 0 {
		s.recount(n)
	}
}

// chargeString draws the bytes of a string of n bytes.
func (s *State) chargeString(n int) { s.charge(stringSize(n)) }

// stringSize returns about what Go's allocator takes for a string of n bytes.
func stringSize(n int) int64 {
	total := int64(n) + int64(stringHeader)
	if total <= 32 {
		return (total + 7) &^ 7
	}
	return (total + 15) &^ 15
}

// Memory returns the bytes in use by values of the run, garbage not yet noticed included.
func (s *State) Memory() int64 { return s.budget.Memory - s.bytes }

// recount replaces the bytes used by the bytes alive, and stops the run if they leave less than a 32nd of the limit:
// counting over and over near the limit costs more than the rest is worth. What natives under way have allocated is
// alive whether it can be reached or not.
func (s *State) recount(wanted int64) {
	if !s.fits(wanted) {
		s.stop(ErrMemory)
	}
}

// fits is recount for callers that stop the run by themselves.
func (s *State) fits(wanted int64) bool {
	held := wanted
	if s.cur.inNative() {
		held = s.nativeStart - s.bytes
	}
	live := s.countLive() + held + s.nativeHeld
	limit := s.budget.Memory
	if live > limit-limit/32 {
		return false
	}
	s.bytes = limit - live
	s.nativeStart = s.bytes + held
	return true
}
