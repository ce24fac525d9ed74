// What a host needs beside running code: arguments without allocation, and replies that must not be interrupted.
package lua

import (
	"math/bits"
	"unsafe"
)

// hold is more than any budget: while it is added, no charge stops the run.
const hold = 1 << 60

// Hold lets the calls until Release allocate without being stopped, so that a host function is not left half way. Their bytes are
// charged all the same.
func (s *State) Hold() {
	s.bytes += hold
	s.held++
}

// Release ends Hold. It stops the run, as any charge does, if the budget is overdrawn.
func (s *State) Release() {
	s.held--
	if s.bytes -= hold; s.bytes < 0 {
		s.recount(0)
	}
}

// ArgTable returns a table for n elements, sized as filling it one by one would (lengths of tables with holes show it). It is old,
// emptied, if old has that size and nothing was hashed into it; old, which may be nil, must come from a finished run.
func (s *State) ArgTable(old *Table, n int) *Table {
	size := 0
	if n > 0 {
		size = 1 << bits.Len(uint(n-1))
	}
	if old == nil || int(old.asize) != size || old.node != unsafe.Pointer(&noNode) {
		return newTable(s, size, 0)
	}
	for i := range uint32(size) {
		*old.slot(i) = Nil
	}
	old.meta = nil
	old.absent = 0
	return old
}

// FormatNumber returns the text of a number as tostring gives it.
func FormatNumber(f float64) string { return string(formatNumber(nil, f)) }

// Stop ends the run with err, which nothing in Lua can catch. It is called from a native.
func (s *State) Stop(err error) { s.stop(err) }

// CurrentLine returns the line of the innermost Lua function that is running, 0 if there is none.
func (s *State) CurrentLine() int { return s.cur.trace().Line }

// Exhausted reports, inside Hold, that the budget is overdrawn: Release will stop the run.
func (s *State) Exhausted() bool {
	held := int64(s.held) * hold
	s.bytes -= held
	over := s.bytes < 0 && !s.fits(0)
	s.bytes += held
	return over
}

// Lift ends Hold between runs: an overdraft stops the run that follows at its first charge.
func (s *State) Lift() {
	s.bytes -= hold
	s.held--
}
