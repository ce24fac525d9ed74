// Long work in pieces: what one library call, one concatenation or the growth of one table takes is cut up, so that the host has its
// say in between.
package lua

import (
	"bytes"
	"runtime"
	"strings"
	"unsafe"
)

const (
	// pieceSize is how many bytes of a long string are worked on before steps are drawn for them.
	pieceSize = 64 << 10
	// pieceValues is the same in values of a table.
	pieceValues = 4096
	// bigBlock is how many bytes are not made on the goroutine of the run. Clearing them, and helping the garbage collector before,
	// can take tens of milliseconds.
	bigBlock = 256 << 10
	// spins is how often the host has its say before a block is made in its place, if no other processor has taken it.
	spins = 200
)

// interruptible reports whether the host may be asked now: a run is under way, and not inside Hold.
func (s *State) interruptible() bool { return s.running && s.held == 0 }

// draw takes n steps. The error is that of OnSlice: the caller undoes what it has half done and stops the run with it.
func (s *State) draw(n int) error {
	s.steps -= int64(n)
	if s.steps > 0 || !s.interruptible() {
		return nil
	}
	return s.askHost()
}

// work draws n steps where there is nothing to undo.
func (s *State) work(n int) {
	if err := s.draw(n); err != nil {
		s.stop(err)
	}
}

// allot returns n zero values. A big block is made by a goroutine of its own, while the host has its say over and over.
func allot[T any](s *State, n int) []T {
	var zero T
	if n*int(unsafe.Sizeof(zero)) < bigBlock {
		return make([]T, n)
	}
	return aside(s, func() []T { return make([]T, n) })
}

// allotBytes is allot for bytes that the caller fills: those of a big block are not cleared. Its pages then come while it is filled, which
// is done in pieces.
func allotBytes(s *State, n int) []byte {
	if n < bigBlock {
		return make([]byte, n)
	}
	return aside(s, func() []byte {
		var b strings.Builder
		b.Grow(n)
		b.WriteByte(0)
		return unsafe.Slice(unsafe.StringData(b.String()), n)
	})
}

// aside calls do on a goroutine of its own, while the host has its say over and over. A goroutine that ran here instead of the run's
// would keep the host waiting: it runs elsewhere unless there is no elsewhere.
func aside[T any](s *State, do func() []T) []T {
	if !s.interruptible() || s.budget.OnSlice == nil {
		return do()
	}
	done := make(chan []T, 1)
	go func() { done <- do() }()
	left := spins
	if runtime.NumCPU() == 1 || runtime.GOMAXPROCS(0) == 1 {
		left = 0
	}
	for ; ; left-- {
		select {
		case b := <-done:
			return b
		default:
		}
		s.pause()
		if left <= 0 {
			runtime.Gosched()
		}
	}
}

// pause gives the host its say before the slice is used up: what is under way takes long by the clock.
func (s *State) pause() {
	if f := s.budget.OnSlice; f != nil && s.interruptible() {
		if err := f(); err != nil {
			s.stop(err)
		}
	}
}

// copyBytes is copy, of all of src.
func (s *State) copyBytes(dst, src []byte) {
	for len(src) > pieceSize {
		copy(dst, src[:pieceSize])
		s.work(pieceSize >> 6)
		dst, src = dst[pieceSize:], src[pieceSize:]
	}
	copy(dst, src)
}

// copyValues is copyBytes for the elements of tables. The error is that of draw.
func (s *State) copyValues(dst, src []Value) error {
	for len(src) > pieceValues {
		copy(dst, src[:pieceValues])
		if err := s.draw(pieceValues >> 4); err != nil {
			return err
		}
		dst, src = dst[pieceValues:], src[pieceValues:]
	}
	copy(dst, src)
	return nil
}

// moveValues is copyValues where there is nothing to undo.
func (s *State) moveValues(dst, src []Value) {
	if err := s.copyValues(dst, src); err != nil {
		s.stop(err)
	}
}

// compareBytes is bytes.Compare.
func (s *State) compareBytes(a, b []byte) int {
	for len(a) > pieceSize && len(b) > pieceSize {
		if r := bytes.Compare(a[:pieceSize], b[:pieceSize]); r != 0 {
			return r
		}
		s.work(pieceSize >> 6)
		a, b = a[pieceSize:], b[pieceSize:]
	}
	return bytes.Compare(a, b)
}

// indexByte is bytes.IndexByte.
func (s *State) indexByte(b []byte, c byte) int {
	done := 0
	for len(b)-done > pieceSize {
		if i := bytes.IndexByte(b[done:done+pieceSize], c); i >= 0 {
			s.work(i >> 3)
			return done + i
		}
		s.work(pieceSize >> 6)
		done += pieceSize
	}
	if i := bytes.IndexByte(b[done:], c); i >= 0 {
		s.work(i >> 3)
		return done + i
	}
	s.work((len(b) - done) >> 3)
	return -1
}

// index is bytes.Index.
func (s *State) index(b, pat []byte) int {
	if len(pat) > pieceSize {
		return s.indexLong(b, pat)
	}
	for done := 0; ; done += pieceSize {
		piece := b[done:min(done+pieceSize+len(pat)-1, len(b))]
		if len(pat) == 0 {
			piece = nil
		}
		if i := bytes.Index(piece, pat); i >= 0 {
			s.work(i >> 3)
			return done + i
		}
		s.work(len(piece) >> 3)
		if done+len(piece) == len(b) {
			return -1
		}
	}
}

// indexLong is index for a pattern longer than a piece, by Rabin and Karp's rolling sums.
func (s *State) indexLong(b, pat []byte) int {
	const prime = 16777619
	n := len(pat)
	if len(b) < n {
		return -1
	}
	wanted, sum, power := uint32(0), uint32(0), uint32(1)
	for i, c := range pat {
		wanted, sum, power = wanted*prime+uint32(c), sum*prime+uint32(b[i]), power*prime
		s.every(i)
	}
	for i := n; ; i++ {
		if sum == wanted && s.compareBytes(b[i-n:i], pat) == 0 {
			return i - n
		}
		if i == len(b) {
			return -1
		}
		sum = sum*prime + uint32(b[i]) - power*uint32(b[i-n])
		if i&4095 == 4095 {
			s.work(512)
		}
	}
}

// every draws the steps of a loop over bytes, at every 4096th.
func (s *State) every(i int) {
	if i&4095 == 4095 {
		s.work(256)
	}
}
