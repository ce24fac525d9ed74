// The sparse encoding: runs of equal registers, as opcodes that cover all 16384.
//
//	00xxxxxx           x+1 zeros, at most 64
//	01xxxxxx yyyyyyyy  xy+1 zeros, at most 16384
//	1vvvvvxx           x+1 registers, at most 4, of value v+1, at most 32

package hll

import "strconv"

const (
	maxZeros      = 64
	maxValue      = 32
	maxValueRun   = 4
	longZerosFlag = 0x40
	valueFlag     = 0x80

	// mergeScan is how many opcodes around a change are looked at for runs to merge: fixed, as the bytes must match.
	mergeScan = 5
)

func isValue(op byte) bool     { return op&valueFlag != 0 }
func isLongZeros(op byte) bool { return op&0xC0 == longZerosFlag }

func valueOp(v byte, run int) byte { return valueFlag | (v-1)<<2 | byte(run-1) }

// appendZeros appends the opcode for n zeros, 1 to 16384.
func appendZeros(b []byte, n int) []byte {
	if n > maxZeros {
		return append(b, longZerosFlag|byte((n-1)>>8), byte(n-1))
	}
	return append(b, byte(n-1))
}

// decode reads the opcode at p: its size, register value and run length; ok is false if it is cut off.
func decode(h []byte, p int) (size int, value byte, run int, ok bool) {
	switch op := h[p]; {
	case isValue(op):
		return 1, op>>2&0x1F + 1, int(op&3) + 1, true
	case isLongZeros(op):
		if p+1 >= len(h) {
			return 0, 0, 0, false
		}
		return 2, 0, int(op&0x3F)<<8 + int(h[p+1]) + 1, true
	default:
		return 1, 0, int(op) + 1, true
	}
}

// eachRun calls f for every run until it returns false; ok is false if it did or if the bytes are cut off.
func eachRun(h []byte, f func(value byte, n int) bool) (ok bool) {
	for p := headerSize; p < len(h); {
		size, value, n, ok := decode(h, p)
		if !ok || !f(value, n) {
			return false
		}
		p += size
	}
	return true
}

// AppendOpcodes appends the opcodes of a sparse h as PFDEBUG DECODE shows them, one space between them; ok is false if it is corrupt.
func AppendOpcodes(dst, h []byte) (out []byte, ok bool) {
	ok = eachRun(h, func(value byte, n int) bool {
		if len(dst) > 0 {
			dst = append(dst, ' ')
		}
		switch {
		case value > 0:
			dst = append(strconv.AppendUint(append(dst, "v:"...), uint64(value), 10), ',')
		case n > maxZeros:
			dst = append(dst, "Z:"...)
		default:
			dst = append(dst, "z:"...)
		}
		dst = strconv.AppendInt(dst, int64(n), 10)
		return true
	})
	return dst, ok
}

// setSparse raises the register index to count, turning h dense when it has to.
func setSparse(h []byte, index int, count byte, sparseMax int) (out []byte, changed bool, err error) {
	if count > maxValue {
		return promote(h, index, count)
	}
	p, prev, first := headerSize, headerSize, 0
	for { // the hot loop: only run lengths
		if p >= len(h) {
			return h, false, ErrCorrupt
		}
		op, size, run := h[p], 1, 0
		switch {
		case op < longZerosFlag:
			run = int(op) + 1
		case op >= valueFlag:
			run = int(op&3) + 1
		case p+1 < len(h):
			size, run = 2, int(op&0x3F)<<8+int(h[p+1])+1
		default:
			return h, false, ErrCorrupt
		}
		if index < first+run {
			break
		}
		prev = p
		p += size
		first += run
	}
	size, value, run, _ := decode(h, p)
	if value >= count {
		return h, false, nil
	}
	if run == 1 && size == 1 {
		h[p] = valueOp(count, 1)
	} else {
		var buf [5]byte
		ops := split(buf[:0], value, run, index-first, count)
		grow := len(ops) - size
		if grow > 0 && len(h)+grow > sparseMax {
			return promote(h, index, count)
		}
		h = replace(h, p, size, ops)
	}
	h = mergeValues(h, prev)
	Invalidate(h)
	return h, true, nil
}

// split encodes a run of value with the register at offset at raised to count.
func split(ops []byte, value byte, run, at int, count byte) []byte {
	part := func(n int) {
		switch {
		case n == 0:
		case value == 0:
			ops = appendZeros(ops, n)
		default:
			ops = append(ops, valueOp(value, n))
		}
	}
	part(at)
	ops = append(ops, valueOp(count, 1))
	part(run - at - 1)
	return ops
}

// replace puts ops in the place of size bytes at p.
func replace(h []byte, p, size int, ops []byte) []byte {
	old := len(h)
	if grow := len(ops) - size; grow > 0 {
		h = append(h, ops[:grow]...) // room only
		copy(h[p+len(ops):], h[p+size:old])
	} else {
		h = append(h[:p+len(ops)], h[p+size:]...)
	}
	copy(h[p:], ops)
	return h
}

// mergeValues joins neighbouring runs of the same value, from the opcode at p on.
func mergeValues(h []byte, p int) []byte {
	for scan := mergeScan; p < len(h) && scan > 0; scan-- {
		switch {
		case isLongZeros(h[p]):
			p += 2
			continue
		case !isValue(h[p]):
			p++
			continue
		}
		if p+1 < len(h) && isValue(h[p+1]) && h[p]>>2 == h[p+1]>>2 {
			if run := int(h[p]&3+1) + int(h[p+1]&3+1); run <= maxValueRun {
				h[p+1] = h[p+1]&^3 | byte(run-1)
				h = append(h[:p], h[p+1:]...)
				continue
			}
		}
		p++
	}
	return h
}

// promote turns h dense and raises the register there.
func promote(h []byte, index int, count byte) ([]byte, bool, error) {
	dense, err := ToDense(h)
	if err != nil {
		return h, false, err
	}
	if register(dense, index) < count {
		setRegister(dense, index, count)
	}
	Invalidate(dense)
	return dense, true, nil
}
