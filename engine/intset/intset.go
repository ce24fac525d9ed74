// Package intset keeps a small set of integers as one sorted []byte.
//
// Shape: one byte with the width (2, 4 or 8), then the integers in ascending order, little-endian, each of that width:
// the least that fits them all when they were added (it grows with the values and never shrinks, as in Redis). A nil
// slice is the empty set. Functions that change the set return it like append does. Functions trust their input: bytes
// from elsewhere go through Valid first.
package intset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// widthOf returns the bytes that v needs.
func widthOf(v int64) int {
	switch {
	case v == int64(int16(v)):
		return 2
	case v == int64(int32(v)):
		return 4
	}
	return 8
}

// Len returns the number of integers.
func Len(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case 2:
		return (len(b) - 1) >> 1
	case 4:
		return (len(b) - 1) >> 2
	}
	return (len(b) - 1) >> 3
}

// At returns the i-th integer, 0 <= i < Len(b).
func At(b []byte, i int) int64 {
	switch b[0] {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(b[1+i*2:])))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(b[1+i*4:])))
	}
	return int64(binary.LittleEndian.Uint64(b[1+i*8:]))
}

func put(b []byte, i int, v int64) {
	switch b[0] {
	case 2:
		binary.LittleEndian.PutUint16(b[1+i*2:], uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b[1+i*4:], uint32(v))
	default:
		binary.LittleEndian.PutUint64(b[1+i*8:], uint64(v))
	}
}

// Find returns the index of v and true, or where v would be inserted and false.
func Find(b []byte, v int64) (int, bool) {
	n := Len(b)
	if n == 0 {
		return 0, false
	}
	if v > At(b, n-1) {
		return n, false
	}
	low, high := 0, n-1
	for low < high {
		if mid := int(uint(low+high) / 2); At(b, mid) < v {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, At(b, low) == v
}

// Add puts v into the set and tells whether it is new.
func Add(b []byte, v int64) ([]byte, bool) {
	if len(b) == 0 {
		b = []byte{byte(widthOf(v))}
	}
	i, found := Find(b, v)
	if found {
		return b, false
	}
	if widthOf(v) > int(b[0]) {
		b = widen(b, widthOf(v))
	}
	w, old := int(b[0]), len(b)
	b = grow(b, old+w)
	copy(b[1+(i+1)*w:], b[1+i*w:old])
	put(b, i, v)
	return b, true
}

// Remove takes v out and tells whether it was there.
func Remove(b []byte, v int64) ([]byte, bool) {
	i, found := Find(b, v)
	if !found {
		return b, false
	}
	w := int(b[0])
	return append(b[:1+i*w], b[1+(i+1)*w:]...), true
}

// Random returns one of the integers, each with the same probability; the set must not be empty.
func Random(b []byte, rnd func() uint64) int64 {
	return At(b, int(rnd()%uint64(Len(b)))) // the bias is below Len in 2^64
}

// widen returns a copy in a greater width, with room for one more.
func widen(b []byte, width int) []byte {
	n := Len(b)
	wide := grow(nil, 1+(n+1)*width)[:1+n*width]
	wide[0] = byte(width)
	for i := range n {
		put(wide, i, At(b, i))
	}
	return wide
}

// grow returns b with length n. A new block is one allocation class larger, not twice: small sets seldom grow.
func grow(b []byte, n int) []byte {
	if n <= cap(b) {
		return b[:n]
	}
	grown := slices.Grow([]byte(nil), n)[:n]
	copy(grown, b)
	return grown
}

// Valid tells what is wrong with b, or nil if every other function may be given it.
func Valid(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if w := b[0]; w != 2 && w != 4 && w != 8 {
		return fmt.Errorf("intset: width %d", w)
	}
	if (len(b)-1)%int(b[0]) != 0 {
		return errors.New("intset: cut short")
	}
	last := int64(math.MinInt64)
	for i := range Len(b) {
		v := At(b, i)
		if i > 0 && v <= last {
			return fmt.Errorf("intset: %d at %d does not come after %d", v, i, last)
		}
		last = v
	}
	return nil
}
