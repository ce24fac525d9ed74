// Package bitops counts, finds and combines bits of strings, and reads and writes integers of any width in them. Bit 0 is the most
// significant bit of byte 0, as in Redis. Functions here are pure: the caller owns all slices.
package bitops

import (
	"encoding/binary"
	"math/bits"
)

// Count returns the number of bits set.
func Count(b []byte) int64 {
	var n int
	for ; len(b) >= 32; b = b[32:] {
		n += bits.OnesCount64(binary.NativeEndian.Uint64(b)) + bits.OnesCount64(binary.NativeEndian.Uint64(b[8:])) +
			bits.OnesCount64(binary.NativeEndian.Uint64(b[16:])) + bits.OnesCount64(binary.NativeEndian.Uint64(b[24:]))
	}
	for ; len(b) >= 8; b = b[8:] {
		n += bits.OnesCount64(binary.NativeEndian.Uint64(b))
	}
	for _, c := range b {
		n += bits.OnesCount8(c)
	}
	return int64(n)
}

// CountRange counts from start to end, both included, in bytes or if inBits in bits (BITCOUNT). Negative positions count from the
// end.
func CountRange(b []byte, start, end int64, inBits bool) int64 {
	if start < 0 && end < 0 && start > end {
		return 0
	}
	from, to, ok := window(b, start, end, inBits)
	if !ok {
		return 0
	}
	first, last := from>>3, to>>3
	n := Count(b[first : last+1])
	n -= int64(bits.OnesCount8(b[first] &^ (0xFF >> (from & 7))))
	return n - int64(bits.OnesCount8(b[last]&(0x7F>>(to&7))))
}

// window turns a range as commands take it into bit positions, both included; ok is false if it is empty.
func window(b []byte, start, end int64, inBits bool) (from, to int64, ok bool) {
	total := int64(len(b))
	if inBits {
		total <<= 3
	}
	if start < 0 {
		start += total
	}
	if end < 0 {
		end += total
	}
	start, end = max(start, 0), min(max(end, 0), total-1)
	if start > end {
		return 0, 0, false
	}
	if inBits {
		return start, end, true
	}
	return start << 3, end<<3 + 7, true
}

// Pos returns the position of the first bit that is bit (0 or 1) from start to end, both included, in bytes or if inBits in bits,
// or -1 (BITPOS). Negative positions count from the end. If no end was given (hasEnd is false, end is ignored) a string of
// ones is taken to go on with zeros.
func Pos(b []byte, bit byte, start, end int64, hasEnd, inBits bool) int64 {
	if !hasEnd {
		end = -1
	}
	from, to, ok := window(b, start, end, inBits)
	if !ok {
		return -1
	}
	if p := find(b, bit, from, to); p >= 0 {
		return p
	}
	if bit == 0 && !hasEnd {
		return int64(len(b)) << 3
	}
	return -1
}

// find returns the first bit that is bit among the positions from to to, or -1.
func find(b []byte, bit byte, from, to int64) int64 {
	var flip uint64 // what turns the bit looked for into a 1
	if bit == 0 {
		flip = ^uint64(0)
	}
	i, last := from>>3, to>>3
	result := int64(-1)
	if c := (b[i] ^ byte(flip)) & (0xFF >> (from & 7)); c != 0 {
		result = i<<3 + int64(bits.LeadingZeros8(c))
	} else {
		for i++; i+8 <= last+1; i += 8 {
			if w := binary.BigEndian.Uint64(b[i:]) ^ flip; w != 0 {
				result = i<<3 + int64(bits.LeadingZeros64(w))
				break
			}
		}
		for ; result < 0 && i <= last; i++ {
			if c := b[i] ^ byte(flip); c != 0 {
				result = i<<3 + int64(bits.LeadingZeros8(c))
			}
		}
	}
	if result > to {
		return -1
	}
	return result
}

// Op is an operation of BITOP.
type Op uint8

// Operations of BITOP.
const (
	And Op = iota
	Or
	Xor
	Not
)

// Combine returns the combination of the strings, as long as the longest of them: shorter ones go on with zeros. Not takes one
// string. The result uses dst's capacity where it suffices; dst may not overlap the strings.
func Combine(dst []byte, op Op, srcs ...[]byte) []byte {
	length := 0
	for _, s := range srcs {
		length = max(length, len(s))
	}
	if cap(dst) < length {
		dst = make([]byte, length)
	}
	dst = dst[:length]
	if length == 0 {
		return dst
	}
	clear(dst[copy(dst, srcs[0]):])
	if op == Not {
		invert(dst)
		return dst
	}
	for _, s := range srcs[1:] {
		apply(dst, s, op)
		if op == And {
			clear(dst[len(s):])
		}
	}
	return dst
}

func invert(b []byte) {
	for ; len(b) >= 8; b = b[8:] {
		binary.NativeEndian.PutUint64(b, ^binary.NativeEndian.Uint64(b))
	}
	for i := range b {
		b[i] = ^b[i]
	}
}

// apply combines s into the first len(s) bytes of dst.
func apply(dst, s []byte, op Op) {
	for ; len(s) >= 8; dst, s = dst[8:], s[8:] {
		x, y := binary.NativeEndian.Uint64(dst), binary.NativeEndian.Uint64(s)
		switch op {
		case And:
			x &= y
		case Or:
			x |= y
		case Xor:
			x ^= y
		}
		binary.NativeEndian.PutUint64(dst, x)
	}
	for i, c := range s {
		switch op {
		case And:
			dst[i] &= c
		case Or:
			dst[i] |= c
		case Xor:
			dst[i] ^= c
		}
	}
}
