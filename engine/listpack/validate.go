// Checking listpacks that come from outside.

package listpack

import (
	"encoding/binary"
	"errors"
)

// ErrCorrupt says that bytes are not a listpack.
var ErrCorrupt = errors.New("listpack: corrupt")

// Validate walks foreign bytes and returns the number of elements. After it, every function of this package is safe on lp.
func Validate(lp []byte) (count int, err error) {
	if len(lp) < headerSize+1 || int64(binary.LittleEndian.Uint32(lp)) != int64(len(lp)) || lp[len(lp)-1] != terminator {
		return 0, ErrCorrupt
	}
	end := len(lp) - 1
	p := headerSize
	for p < end {
		n, ok := checkedSize(lp[p:end])
		if !ok || n+backlenSize(n) > end-p {
			return 0, ErrCorrupt
		}
		back, size := backlenWithin(lp[:p+n+backlenSize(n)])
		if back != n || size != backlenSize(n) {
			return 0, ErrCorrupt
		}
		p += n + size
		count++
	}
	if n := binary.LittleEndian.Uint16(lp[4:]); n != unknownCount && int(n) != count {
		return 0, ErrCorrupt
	}
	return count, nil
}

// checkedSize is entrySize for bytes that may end early.
func checkedSize(b []byte) (int, bool) {
	c := b[0]
	need := 1
	switch {
	case c >= 0xE0 && c < 0xF0:
		need = 2
	case c == 0xF0:
		need = 5
	case c > 0xF4:
		return 0, false
	}
	if len(b) < need {
		return 0, false
	}
	n := entrySize(b)
	return n, n <= len(b)
}

// backlenWithin decodes a back length at the end of b without stepping over five bytes.
func backlenWithin(b []byte) (n, size int) {
	for shift := uint(0); size < 5 && size < len(b); shift += 7 {
		size++
		c := b[len(b)-size]
		n |= int(c&127) << shift
		if c&128 == 0 {
			return n, size
		}
	}
	return -1, 0
}
