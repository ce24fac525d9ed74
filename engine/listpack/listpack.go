// Package listpack reads and writes Redis's listpack, a sequence of strings and integers packed into one []byte.
//
// Layout: total bytes (uint32 LE), element count (uint16 LE, 65535 = unknown), elements, 0xFF. An element is an encoding
// byte with its payload, followed by a back length that lets a reader step backwards. The bytes are those Redis itself
// would write, since streams and DUMP payloads carry them verbatim.
//
// Offsets are positions in the slice; End (-1) stands for "no element". Apart from Validate
// everything here trusts its input: foreign bytes go through Validate first.
package listpack

import (
	"encoding/binary"
	"strconv"
)

const (
	headerSize   = 6
	terminator   = 0xFF
	unknownCount = 65535

	// End is the offset that follows the last element and precedes the first.
	End = -1

	// MaxIntText is the longest decimal form of an int64, for callers' buffers.
	MaxIntText = 20
)

// New returns an empty listpack with room for capacity bytes.
func New(capacity int) []byte {
	lp := make([]byte, headerSize+1, max(capacity, headerSize+1))
	lp[headerSize] = terminator
	binary.LittleEndian.PutUint32(lp, headerSize+1)
	return lp
}

// Len returns the number of elements; O(1) below 65535, O(n) above.
func Len(lp []byte) int {
	if n := binary.LittleEndian.Uint16(lp[4:]); n != unknownCount {
		return int(n)
	}
	n := 0
	for p := First(lp); p != End; p = Next(lp, p) {
		n++
	}
	return n
}

// First returns the offset of the first element, or End.
func First(lp []byte) int {
	if lp[headerSize] == terminator {
		return End
	}
	return headerSize
}

// Next returns the offset of the element after the one at p, or End.
func Next(lp []byte, p int) int {
	p = Skip(lp, p)
	if lp[p] == terminator {
		return End
	}
	return p
}

// Skip returns the offset just behind the element at p, which may be the terminator's.
func Skip(lp []byte, p int) int {
	n := entrySize(lp[p:])
	return p + n + backlenSize(n)
}

// Last returns the offset of the last element, or End.
func Last(lp []byte) int { return Prev(lp, len(lp)-1) }

// Prev returns the offset of the element before the one at p (or before the terminator), or End.
func Prev(lp []byte, p int) int {
	if p <= headerSize {
		return End
	}
	n, size := backlen(lp, p)
	return p - size - n
}

// backlen decodes the back length that ends just before p: the element's size and the back length's own size.
func backlen(lp []byte, p int) (n, size int) {
	for shift := uint(0); ; shift += 7 {
		p--
		size++
		n |= int(lp[p]&127) << shift
		if lp[p]&128 == 0 {
			return n, size
		}
	}
}

// Get returns the element at p: either text (aliasing lp) or, if isInt, the number n.
func Get(lp []byte, p int) (text []byte, n int64, isInt bool) {
	b := lp[p:]
	switch c := b[0]; {
	case c < 0x80:
		return nil, int64(c), true
	case c < 0xC0:
		end := 1 + int(c&0x3F)
		return b[1:end:end], 0, false
	case c < 0xE0:
		v := int64(c&0x1F)<<8 | int64(b[1])
		return nil, v << 51 >> 51, true // sign-extend 13 bits
	case c < 0xF0:
		end := 2 + int(c&0x0F)<<8 + int(b[1])
		return b[2:end:end], 0, false
	}
	switch b[0] {
	case 0xF0:
		end := 5 + int(binary.LittleEndian.Uint32(b[1:]))
		return b[5:end:end], 0, false
	case 0xF1:
		return nil, int64(int16(binary.LittleEndian.Uint16(b[1:]))), true
	case 0xF2:
		v := uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
		return nil, int64(int32(v) >> 8), true
	case 0xF3:
		return nil, int64(int32(binary.LittleEndian.Uint32(b[1:]))), true
	case 0xF4:
		return nil, int64(binary.LittleEndian.Uint64(b[1:])), true
	}
	panic("listpack: unknown element encoding")
}

// Int returns the element at p as a number; ok is false if it is text.
func Int(lp []byte, p int) (n int64, ok bool) {
	_, n, ok = Get(lp, p)
	return n, ok
}

// Text returns the element at p as text. A number is written into buf (MaxIntText bytes are enough).
func Text(lp []byte, p int, buf []byte) []byte {
	text, n, isInt := Get(lp, p)
	if isInt {
		return strconv.AppendInt(buf[:0], n, 10)
	}
	return text
}

// Append adds s at the end, as a number if it reads back as the same text.
func Append(lp, s []byte) []byte {
	if n, ok := ParseInt(s); ok {
		return AppendInt(lp, n)
	}
	start := len(lp) - 1
	lp = lp[:start]
	switch n := len(s); {
	case n < 64:
		lp = append(lp, 0x80|byte(n))
	case n < 4096:
		lp = append(lp, 0xE0|byte(n>>8), byte(n))
	default:
		lp = append(lp, 0xF0)
		lp = binary.LittleEndian.AppendUint32(lp, uint32(n))
	}
	lp = append(lp, s...)
	return finish(lp, start)
}

// AppendInt adds the number v at the end.
func AppendInt(lp []byte, v int64) []byte {
	start := len(lp) - 1
	return finish(appendIntEntry(lp[:start], v), start)
}

func appendIntEntry(b []byte, v int64) []byte {
	switch {
	case v >= 0 && v <= 127:
		return append(b, byte(v))
	case v >= -4096 && v <= 4095:
		return append(b, 0xC0|byte(v>>8)&0x1F, byte(v))
	case v >= -32768 && v <= 32767:
		return append(b, 0xF1, byte(v), byte(v>>8))
	case v >= -8388608 && v <= 8388607:
		return append(b, 0xF2, byte(v), byte(v>>8), byte(v>>16))
	case v >= -2147483648 && v <= 2147483647:
		return append(b, 0xF3, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	}
	return binary.LittleEndian.AppendUint64(append(b, 0xF4), uint64(v))
}

// finish closes the element that begins at start: back length, terminator, header.
func finish(lp []byte, start int) []byte {
	lp = appendBacklen(lp, len(lp)-start)
	lp = append(lp, terminator)
	addCount(lp, 1)
	setTotal(lp)
	return lp
}

// SetInt replaces the number at p by v. The listpack may move when the encodings differ in size.
func SetInt(lp []byte, p int, v int64) []byte {
	var buf [16]byte
	b := appendIntEntry(buf[:0], v)
	b = appendBacklen(b, len(b))
	lp = splice(lp, p, Skip(lp, p), b)
	setTotal(lp)
	return lp
}

// Truncate drops count elements from the one at p to the end.
func Truncate(lp []byte, p, count int) []byte {
	lp = append(lp[:p], terminator)
	addCount(lp, -count)
	setTotal(lp)
	return lp
}

// Elements returns the bytes of all elements, for Splice.
func Elements(lp []byte) []byte { return lp[headerSize : len(lp)-1] }

// AppendElements adds count elements, given as their bytes.
func AppendElements(lp, elems []byte, count int) []byte {
	lp = append(append(lp[:len(lp)-1], elems...), terminator)
	addCount(lp, count)
	setTotal(lp)
	return lp
}

// Splice replaces the bytes from p to q by other element bytes, which hold added elements more (or, if negative, fewer).
// elems must not alias lp.
func Splice(lp []byte, p, q int, elems []byte, added int) []byte {
	lp = splice(lp, p, q, elems)
	addCount(lp, added)
	setTotal(lp)
	return lp
}

func splice(lp []byte, p, q int, with []byte) []byte {
	old := len(lp)
	if grow := len(with) - (q - p); grow > 0 {
		lp = append(lp, with[:grow]...) // any bytes: room only
		copy(lp[q+grow:], lp[q:old])
	} else {
		copy(lp[q+grow:], lp[q:])
		lp = lp[:old+grow]
	}
	copy(lp[p:], with)
	return lp
}

func setTotal(lp []byte) { binary.LittleEndian.PutUint32(lp, uint32(len(lp))) }

// addCount keeps the element count until it overflows its 16 bits, from where on it is unknown for good, as in Redis.
func addCount(lp []byte, d int) {
	n := int(binary.LittleEndian.Uint16(lp[4:]))
	if n == unknownCount {
		return
	}
	binary.LittleEndian.PutUint16(lp[4:], uint16(min(n+d, unknownCount)))
}

// entrySize returns the size of the element that b starts with, without its back length.
func entrySize(b []byte) int {
	switch c := b[0]; {
	case c < 0x80:
		return 1
	case c < 0xC0:
		return 1 + int(c&0x3F)
	case c < 0xE0:
		return 2
	case c < 0xF0:
		return 2 + int(c&0x0F)<<8 + int(b[1])
	case c == 0xF0:
		return 5 + int(binary.LittleEndian.Uint32(b[1:]))
	case c < 0xF4:
		return int(c) - 0xF0 + 2
	case c == 0xF4:
		return 9
	}
	panic("listpack: unknown element encoding")
}

// backlenSize and appendBacklen use Redis's thresholds, one short of what the bits could hold.
func backlenSize(n int) int {
	switch {
	case n <= 127:
		return 1
	case n < 16383:
		return 2
	case n < 2097151:
		return 3
	case n < 268435455:
		return 4
	}
	return 5
}

func appendBacklen(b []byte, n int) []byte {
	for i := backlenSize(n) - 1; i >= 0; i-- {
		c := byte(n>>(7*i)) & 127
		if i < backlenSize(n)-1 {
			c |= 128
		}
		b = append(b, c)
	}
	return b
}

// ParseInt reads s as an integer if s is exactly how that integer is printed.
func ParseInt(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) > MaxIntText {
		return 0, false
	}
	digits, neg := s, s[0] == '-'
	if neg {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || (digits[0] == '0' && len(s) > 1) {
		return 0, false
	}
	var v uint64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0') // 19 digits fit
	}
	if neg {
		return -int64(v), v <= 1<<63
	}
	return int64(v), v < 1<<63
}
