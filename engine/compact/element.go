// Elements: the encodings, and the decoded form.
package compact

import (
	"encoding/binary"
	"math"
	"strconv"
)

const (
	tagInt13    = 0xc0
	tagString12 = 0xe0
	tagString32 = 0xf0
	tagInt16    = 0xf1
	tagInt24    = 0xf2
	tagInt32    = 0xf3
	tagInt48    = 0xf4
	tagInt64    = 0xf5
	tagFloat32  = 0xf6
	tagFloat64  = 0xf7
)

// fixedSizes are the sizes of the encodings from tagInt16 on.
var fixedSizes = [...]int{3, 4, 5, 7, 9, 5, 9}

type kind uint8

const (
	stringKind kind = iota
	intKind
	floatKind
)

// Elem is a decoded element.
type Elem struct {
	str  []byte // a view into the sequence
	bits uint64
	kind kind
}

// IsInt tells whether the element is an integer: a string that looked like one, or a float that was a small one.
func (e Elem) IsInt() bool { return e.kind == intKind }

// IsFloat tells whether the element was stored by AppendFloat and is not an integer.
func (e Elem) IsFloat() bool { return e.kind == floatKind }

// Int returns the value of an integer element.
func (e Elem) Int() int64 { return int64(e.bits) }

// Float returns the value of a float or integer element.
func (e Elem) Float() float64 {
	if e.kind == intKind {
		return float64(int64(e.bits))
	}
	return math.Float64frombits(e.bits)
}

// Bytes returns a string element as a view into the sequence, and nil for a number.
func (e Elem) Bytes() []byte { return e.str }

// AppendTo appends the element's text to dst. A float's text is the shortest that reads back as the same value; its
// owner, who knows how scores are written, rather uses Float.
func (e Elem) AppendTo(dst []byte) []byte {
	switch e.kind {
	case intKind:
		return strconv.AppendInt(dst, int64(e.bits), 10)
	case floatKind:
		return strconv.AppendFloat(dst, e.Float(), 'g', -1, 64)
	}
	return append(dst, e.str...)
}

// Len returns the length of the element's text, in bytes.
func (e Elem) Len() int {
	if e.kind == stringKind {
		return len(e.str)
	}
	var buf [32]byte
	return len(e.AppendTo(buf[:0]))
}

// Equal tells whether the element's text is s. A float equals nothing.
func (e Elem) Equal(s []byte) bool {
	switch e.kind {
	case stringKind:
		return string(e.str) == string(s)
	case intKind:
		v, ok := parseInt(s)
		return ok && v == int64(e.bits)
	}
	return false
}

// Get decodes the element at off.
func Get(b []byte, off int) Elem {
	p := b[off:]
	switch tag := p[0]; {
	case tag < 0x80:
		return Elem{kind: intKind, bits: uint64(tag)}
	case tag < tagInt13:
		return Elem{str: p[1 : 1+int(tag&0x3f)]}
	case tag < tagString12:
		return Elem{kind: intKind, bits: uint64(int64(uint64(tag)<<59|uint64(p[1])<<51) >> 51)}
	case tag < tagString32:
		return Elem{str: p[2 : 2+int(tag&0xf)<<8+int(p[1])]}
	case tag == tagString32:
		return Elem{str: p[5 : 5+int(binary.LittleEndian.Uint32(p[1:]))]}
	case tag == tagInt16:
		return Elem{kind: intKind, bits: uint64(int16(binary.LittleEndian.Uint16(p[1:])))}
	case tag == tagInt24:
		return Elem{kind: intKind, bits: uint64(int64(int32(uint32(p[1])<<8|uint32(p[2])<<16|uint32(p[3])<<24) >> 8))}
	case tag == tagInt32:
		return Elem{kind: intKind, bits: uint64(int32(binary.LittleEndian.Uint32(p[1:])))}
	case tag == tagInt48:
		low, high := binary.LittleEndian.Uint32(p[1:]), binary.LittleEndian.Uint16(p[5:])
		return Elem{kind: intKind, bits: uint64(low) | uint64(int16(high))<<32}
	case tag == tagInt64:
		return Elem{kind: intKind, bits: binary.LittleEndian.Uint64(p[1:])}
	case tag == tagFloat32:
		f := math.Float32frombits(binary.LittleEndian.Uint32(p[1:]))
		return Elem{kind: floatKind, bits: math.Float64bits(float64(f))}
	case tag == tagFloat64:
		return Elem{kind: floatKind, bits: binary.LittleEndian.Uint64(p[1:])}
	}
	panic("compact: unknown encoding; the bytes were not checked by Valid")
}

// after returns the offset just behind the element at off.
func after(b []byte, off int) int {
	size := encodedSize(b, off)
	return off + size + backSize(size)
}

// encodedSize returns the size of the element at off without its back length.
func encodedSize(b []byte, off int) int {
	switch tag := b[off]; {
	case tag < 0x80:
		return 1
	case tag < tagInt13:
		return 1 + int(tag&0x3f)
	case tag < tagString12:
		return 2
	case tag < tagString32:
		return 2 + int(tag&0xf)<<8 + int(b[off+1])
	case tag == tagString32:
		return 5 + int(binary.LittleEndian.Uint32(b[off+1:]))
	default:
		return fixedSizes[tag-tagInt16]
	}
}

// backSize returns the bytes that the back length of an encoding of size bytes takes.
func backSize(size int) int {
	switch {
	case size < 1<<7:
		return 1
	case size < 1<<14:
		return 2
	case size < 1<<21:
		return 3
	case size < 1<<28:
		return 4
	}
	return 5
}

// putBack fills p with size: the lowest seven bits last, and the top bit set where more follow to the left.
func putBack(p []byte, size int) {
	for i := len(p) - 1; i > 0; i-- {
		p[i] = byte(size) | 0x80
		size >>= 7
	}
	p[0] = byte(size)
}

// item is an element about to be stored: n bytes of head, then str.
type item struct {
	head [9]byte
	n    int
	str  []byte
}

func (it *item) size() int { return it.n + len(it.str) }

func itemOf(s []byte) item {
	if v, ok := parseInt(s); ok {
		return intItem(v)
	}
	it := item{str: s}
	switch n := len(s); {
	case n < 64:
		it.head[0], it.n = 0x80|byte(n), 1
	case n < 4096:
		it.head[0], it.head[1], it.n = tagString12|byte(n>>8), byte(n), 2
	case uint64(n) <= math.MaxUint32:
		it.head[0], it.n = tagString32, 5
		binary.LittleEndian.PutUint32(it.head[1:], uint32(n))
	default:
		panic("compact: element of more than 4 GB")
	}
	return it
}

func intItem(v int64) (it item) {
	switch {
	case v >= 0 && v < 128:
		it.head[0], it.n = byte(v), 1
		return it
	case v >= -1<<12 && v < 1<<12:
		it.head[0], it.head[1], it.n = tagInt13|byte(v>>8)&0x1f, byte(v), 2
		return it
	}
	binary.LittleEndian.PutUint64(it.head[1:], uint64(v))
	switch {
	case v == int64(int16(v)):
		it.head[0], it.n = tagInt16, 3
	case v == v<<40>>40:
		it.head[0], it.n = tagInt24, 4
	case v == int64(int32(v)):
		it.head[0], it.n = tagInt32, 5
	case v == v<<16>>16:
		it.head[0], it.n = tagInt48, 7
	default:
		it.head[0], it.n = tagInt64, 9
	}
	return it
}

func floatItem(f float64) (it item) {
	integer := f == math.Trunc(f) && math.Abs(f) < 1<<47 && !(f == 0 && math.Signbit(f))
	small := integer && f == float64(int32(int64(f)))
	switch {
	case small:
		return intItem(int64(f))
	case float64(float32(f)) == f:
		it.head[0], it.n = tagFloat32, 5
		binary.LittleEndian.PutUint32(it.head[1:], math.Float32bits(float32(f)))
	case integer:
		return intItem(int64(f))
	default:
		it.head[0], it.n = tagFloat64, 9
		binary.LittleEndian.PutUint64(it.head[1:], math.Float64bits(f))
	}
	return it
}

// parseInt reads the text of an int64 exactly as strconv.AppendInt writes it, and nothing else.
func parseInt(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) > 20 {
		return 0, false
	}
	digits, negative := s, s[0] == '-'
	if negative {
		digits = s[1:]
	}
	if len(digits) == 0 || digits[0] == '0' {
		return 0, len(s) == 1 && s[0] == '0'
	}
	if len(digits) > 19 {
		return 0, false
	}
	v := uint64(0)
	for _, c := range digits {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + uint64(c) // 19 digits always fit
	}
	if negative {
		return -int64(v), v <= 1<<63
	}
	return int64(v), v < 1<<63
}
