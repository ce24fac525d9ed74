// Package compact keeps a small collection as a sequence of elements in one []byte, as Redis's listpack does.
//
// Shape: a two-byte element count (65535 means "count by walking"), then the elements. An element is its encoding, whose
// first byte tells kind and length, followed by its back length: the encoding's size, readable from the right, so that
// the sequence can be walked backwards. Strings that are the decimal text of an int64 are stored as integers of the
// least width and read back as the same text. Every value has exactly one encoding, so equal elements are equal bytes.
//
//	0xxxxxxx            integer 0..127
//	10xxxxxx            string of 0..63 bytes, which follow
//	110xxxxx +1         integer of 13 bits, signed
//	1110xxxx +1         string of 64..4095 bytes, length big-endian
//	11110000 +4         string of more bytes, length little-endian
//	11110001 +2, ..2 +3, ..3 +4, ..4 +6, ..5 +8   integers, little-endian
//	11110110 +4, ..7 +8                           float32, float64 bits, little-endian
//
// A nil slice is the empty sequence. Offsets are positions of elements; -1 stands for "none". Functions that change the
// sequence return it like append does; what they are given to store must not be a view into it. Offsets and views from
// before a change are no longer valid, except that the changed element itself stays where it was. Functions trust
// their input: bytes from elsewhere go through Valid first.
package compact

import (
	"encoding/binary"
	"math"
	"slices"
)

const (
	headerSize = 2
	uncounted  = math.MaxUint16
)

// Len returns the number of elements.
func Len(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	if n := binary.LittleEndian.Uint16(b); n != uncounted {
		return int(n)
	}
	n := 0
	for off := First(b); off >= 0; off = Next(b, off) {
		n++
	}
	return n
}

func addLen(b []byte, delta int) {
	if n := binary.LittleEndian.Uint16(b); n != uncounted {
		binary.LittleEndian.PutUint16(b, uint16(min(int(n)+delta, uncounted)))
	}
}

// First returns the offset of the first element, or -1.
func First(b []byte) int {
	if len(b) <= headerSize {
		return -1
	}
	return headerSize
}

// Last returns the offset of the last element, or -1.
func Last(b []byte) int {
	if len(b) <= headerSize {
		return -1
	}
	return Prev(b, len(b))
}

// Next returns the offset of the element after the one at off, or -1.
func Next(b []byte, off int) int {
	if off = after(b, off); off < len(b) {
		return off
	}
	return -1
}

// Prev returns the offset of the element before the one at off, or -1. off may be len(b).
func Prev(b []byte, off int) int {
	if off <= headerSize {
		return -1
	}
	size, shift := 0, 0
	for {
		off--
		size |= int(b[off]&0x7f) << shift
		if b[off] < 0x80 {
			return off - size
		}
		shift += 7
	}
}

// Index returns the offset of element i, counted from 0, or from -1 backwards; -1 if there is none.
func Index(b []byte, i int) int {
	n := Len(b)
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return -1
	}
	if i < n/2 {
		off := First(b)
		for ; i > 0; i-- {
			off = after(b, off)
		}
		return off
	}
	off := len(b)
	for ; i < n; i++ {
		off = Prev(b, off)
	}
	return off
}

// Find returns the offset of the first element that equals key, or -1. It looks at the element at off, skips skip
// elements, looks at the next, and so on. off may be -1: nothing is found.
func Find(b []byte, off int, key []byte, skip int) int {
	if off < 0 {
		return -1
	}
	it := itemOf(key)
	head, size := it.head[:it.n], it.size()
	last := head[len(head)-1]
	if len(it.str) > 0 {
		last = it.str[len(it.str)-1]
	}
	for off < len(b) {
		// Names of one collection tend to be of one length and to begin alike: their ends tell them apart.
		if b[off] == head[0] {
			end := off + size
			if end < len(b) && b[end-1] == last && string(b[off:off+len(head)]) == string(head) && string(b[off+len(head):end]) == string(it.str) {
				return off
			}
		}
		for i := 0; i <= skip && off < len(b); i++ {
			switch tag := b[off]; { // after, without a call for what is common
			case tag < 0x80:
				off += 2
			case tag < tagInt13:
				off += 2 + int(tag&0x3f)
			default:
				off = after(b, off)
			}
		}
	}
	return -1
}

// Append adds s at the end.
func Append(b, s []byte) []byte { it := itemOf(s); return splice(b, len(b), 0, &it) }

// AppendInt adds v at the end.
func AppendInt(b []byte, v int64) []byte { it := intItem(v); return splice(b, len(b), 0, &it) }

// AppendFloat adds f at the end. It may be stored as an integer or a float32 if that is exact and smaller.
func AppendFloat(b []byte, f float64) []byte { it := floatItem(f); return splice(b, len(b), 0, &it) }

// InsertBefore adds s before the element at off; -1 or len(b) means at the end.
func InsertBefore(b []byte, off int, s []byte) []byte { it := itemOf(s); return splice(b, off, 0, &it) }

// InsertIntBefore is InsertBefore for an integer.
func InsertIntBefore(b []byte, off int, v int64) []byte {
	it := intItem(v)
	return splice(b, off, 0, &it)
}

// InsertFloatBefore is InsertBefore for a float.
func InsertFloatBefore(b []byte, off int, f float64) []byte {
	it := floatItem(f)
	return splice(b, off, 0, &it)
}

// Replace stores s in place of the element at off.
func Replace(b []byte, off int, s []byte) []byte {
	it := itemOf(s)
	return splice(b, off, after(b, off)-off, &it)
}

// ReplaceInt is Replace for an integer.
func ReplaceInt(b []byte, off int, v int64) []byte {
	it := intItem(v)
	return splice(b, off, after(b, off)-off, &it)
}

// ReplaceFloat is Replace for a float.
func ReplaceFloat(b []byte, off int, f float64) []byte {
	it := floatItem(f)
	return splice(b, off, after(b, off)-off, &it)
}

// SizeOf returns the bytes that s would add to a sequence.
func SizeOf(s []byte) int {
	it := itemOf(s)
	return it.size() + backSize(it.size())
}

// Delete removes up to n elements starting with the one at off. The element after them, if any, is then at off;
// if there is none, off equals the new length.
func Delete(b []byte, off, n int) []byte {
	end, deleted := off, 0
	for ; deleted < n && end < len(b); deleted++ {
		end = after(b, end)
	}
	if deleted == 0 {
		return b
	}
	b = append(b[:off], b[end:]...)
	addLen(b, -deleted)
	return b
}

// AppendFrom adds the n elements of src that start at offset off to the end of b.
func AppendFrom(b, src []byte, off, n int) []byte {
	end := off
	for range n {
		end = after(src, end)
	}
	if n == 0 {
		return b
	}
	if len(b) == 0 {
		b = grow(b, headerSize)
		b[0], b[1] = 0, 0
	}
	old := len(b)
	b = grow(b, old+end-off)
	copy(b[old:], src[off:end])
	addLen(b, n)
	return b
}

// splice puts it at off, where it takes the place of del bytes (0, or one whole element).
func splice(b []byte, off, del int, it *item) []byte {
	if len(b) == 0 {
		b = grow(b, headerSize)
		b[0], b[1] = 0, 0
		off = headerSize
	}
	if off < 0 {
		off = len(b)
	}
	size := it.size()
	whole := size + backSize(size)
	old := len(b)
	if whole >= del {
		b = grow(b, old+whole-del)
	}
	if whole != del {
		copy(b[off+whole:], b[off+del:old])
		b = b[:old+whole-del]
	}
	copy(b[off:], it.head[:it.n])
	copy(b[off+it.n:], it.str)
	putBack(b[off+size:off+whole], size)
	if del == 0 {
		addLen(b, 1)
	}
	return b
}

// grow returns b with length n >= len(b). A new block is one allocation class larger, about an eighth, not twice:
// there are very many small collections and they seldom grow.
func grow(b []byte, n int) []byte {
	if n <= cap(b) {
		return b[:n]
	}
	grown := slices.Grow([]byte(nil), n)[:n]
	copy(grown, b)
	return grown
}
