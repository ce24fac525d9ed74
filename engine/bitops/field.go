// Integers of 1 to 64 bits at any bit offset (BITFIELD).

package bitops

import "math"

// Type is an integer type: signed of up to 64 bits or unsigned of up to 63.
type Type struct {
	Signed bool
	Bits   uint
}

// ParseType reads "i8" or "u63".
func ParseType(b []byte) (t Type, ok bool) {
	if len(b) < 2 || len(b) > 3 || b[1] == '0' {
		return Type{}, false
	}
	for _, c := range b[1:] {
		if c < '0' || c > '9' {
			return Type{}, false
		}
		t.Bits = t.Bits*10 + uint(c-'0')
	}
	switch b[0] {
	case 'i':
		t.Signed = true
		return t, t.Bits <= 64
	case 'u':
		return t, t.Bits <= 63
	}
	return Type{}, false
}

// min and max are the limits of the type.
func (t Type) min() int64 {
	if !t.Signed {
		return 0
	}
	return math.MinInt64 >> (64 - t.Bits)
}

func (t Type) max() int64 {
	if t.Signed {
		return math.MaxInt64 >> (64 - t.Bits)
	}
	return math.MaxInt64 >> (63 - t.Bits)
}

// wrap cuts v to the width of the type.
func (t Type) wrap(v uint64) int64 {
	drop := 64 - t.Bits
	if t.Signed {
		return int64(v<<drop) >> drop
	}
	return int64(v << drop >> drop)
}

// Get reads the integer at the bit offset. What lies beyond the string is zero.
func (t Type) Get(b []byte, offset uint64) int64 {
	var v uint64
	for left := t.Bits; left > 0; {
		room := 8 - uint(offset&7)
		n := min(room, left)
		var c byte
		if i := offset >> 3; i < uint64(len(b)) {
			c = b[i] >> (room - n) & (0xFF >> (8 - n))
		}
		v = v<<n | uint64(c)
		offset += uint64(n)
		left -= n
	}
	return t.wrap(v)
}

// Set writes the integer at the bit offset, all of which lies in b.
func (t Type) Set(b []byte, offset uint64, v int64) {
	for left := t.Bits; left > 0; {
		room := 8 - uint(offset&7)
		n := min(room, left)
		mask := byte(0xFF>>(8-n)) << (room - n)
		part := byte(uint64(v)>>(left-n)) << (room - n)
		i := offset >> 3
		b[i] = b[i]&^mask | part&mask
		offset += uint64(n)
		left -= n
	}
}

// Overflow says what becomes of a result that does not fit.
type Overflow uint8

// Treatments of overflow.
const (
	Wrap Overflow = iota
	Saturate
	Fail
)

// Add returns old plus increment; ok is false if that does not fit and overflow is Fail. old is a value of the type.
func (t Type) Add(old, increment int64, overflow Overflow) (v int64, ok bool) {
	sum := old + increment
	switch {
	case increment > 0 && (sum < old || sum > t.max()):
		return t.overflowed(uint64(sum), t.max(), overflow)
	case increment < 0 && (sum > old || sum < t.min()):
		return t.overflowed(uint64(sum), t.min(), overflow)
	}
	return sum, true
}

// Fit returns v as a value of the type (BITFIELD SET); ok is false if it does not fit and overflow is Fail. What is too small by
// nearly 2^63 counts as too large, and so does every negative v for unsigned types, as in Redis (sic, TestTranscript).
func (t Type) Fit(v int64, overflow Overflow) (fitted int64, ok bool) {
	switch {
	case v > t.max() || v < 0 && !t.Signed || t.Bits != 64 && t.max()-v < 0: // the difference wraps around
		return t.overflowed(uint64(v), t.max(), overflow)
	case v < t.min():
		return t.overflowed(uint64(v), t.min(), overflow)
	}
	return v, true
}

func (t Type) overflowed(exact uint64, limit int64, overflow Overflow) (int64, bool) {
	switch overflow {
	case Wrap:
		return t.wrap(exact), true
	case Saturate:
		return limit, true
	}
	return 0, false
}
