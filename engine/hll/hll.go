// Package hll is Redis's HyperLogLog: a string that estimates how many distinct elements were added to it.
//
// The string is "HYLL", an encoding byte, three unused bytes, the cached cardinality (8 bytes LE, top bit set when it is out of
// date) and 16384 registers, either dense (6 bits each) or sparse (run lengths, sparse.go). All bytes are exactly those Redis
// writes, since GET shows them and DUMP carries them. Functions that change a string change it in place where its capacity
// allows and return it, as append does; callers own it.
package hll

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

const (
	precision  = 14
	hashBits   = 64 - precision
	registers  = 1 << precision
	regBits    = 6
	regMax     = 1<<regBits - 1
	headerSize = 16
	denseSize  = headerSize + registers*regBits/8

	encDense  = 0
	encSparse = 1
)

// DefaultSparseMax is Redis's hll-sparse-max-bytes.
const DefaultSparseMax = 3000

// ErrCorrupt says that a string with a HyperLogLog header has impossible registers.
var ErrCorrupt = errors.New("hll: corrupt registers")

// New returns an empty HyperLogLog.
func New() []byte {
	h := make([]byte, headerSize, headerSize+2)
	copy(h, "HYLL")
	h[4] = encSparse
	return appendZeros(h, registers)
}

// Valid tells whether a string has the header and size of a HyperLogLog. Registers are checked as they are read.
func Valid(h []byte) bool {
	if len(h) < headerSize || string(h[:4]) != "HYLL" {
		return false
	}
	return h[4] == encSparse || h[4] == encDense && len(h) == denseSize
}

// Dense tells whether h has the dense encoding.
func Dense(h []byte) bool { return h[4] == encDense }

// Add adds an element, keeping the sparse encoding up to sparseMax bytes; changed tells whether a register grew.
func Add(h, element []byte, sparseMax int) (out []byte, changed bool, err error) {
	index, count := pattern(element)
	return set(h, index, count, sparseMax)
}

func set(h []byte, index int, count byte, sparseMax int) ([]byte, bool, error) {
	if Dense(h) {
		if register(h, index) >= count {
			return h, false, nil
		}
		setRegister(h, index, count)
		Invalidate(h)
		return h, true, nil
	}
	return setSparse(h, index, count, sparseMax)
}

// Cached returns the cached cardinality; ok is false if it is out of date.
func Cached(h []byte) (n uint64, ok bool) {
	n = binary.LittleEndian.Uint64(h[8:])
	return n, n>>63 == 0
}

// SetCached stores the cardinality.
func SetCached(h []byte, n uint64) { binary.LittleEndian.PutUint64(h[8:], n) }

// Invalidate marks the cached cardinality as out of date.
func Invalidate(h []byte) { h[15] |= 0x80 }

// Count estimates the number of distinct elements added to h, without regard to the cache.
func Count(h []byte) (uint64, error) {
	var histogram [regMax + 1]int
	if Dense(h) {
		var parts [4][regMax + 1]int // apart, lest equal registers wait for each other
		for b := h[headerSize:denseSize]; len(b) >= 3; b = b[3:] {
			w := four(b)
			parts[0][w&regMax]++
			parts[1][w>>6&regMax]++
			parts[2][w>>12&regMax]++
			parts[3][w>>18&regMax]++
		}
		for v := range histogram {
			histogram[v] = parts[0][v] + parts[1][v] + parts[2][v] + parts[3][v]
		}
		return estimate(&histogram), nil
	}
	total := 0
	ok := eachRun(h, func(value byte, n int) bool {
		total += n
		histogram[value] += n
		return true
	})
	if !ok || total != registers {
		return 0, ErrCorrupt
	}
	return estimate(&histogram), nil
}

// ToDense returns h in the dense encoding, with the same cache.
func ToDense(h []byte) ([]byte, error) {
	if Dense(h) {
		return h, nil
	}
	dense := make([]byte, denseSize)
	copy(dense, h[:headerSize])
	dense[4] = encDense
	index := 0
	ok := eachRun(h, func(value byte, n int) bool {
		if value == 0 {
			index += n
			return true
		}
		if index+n > registers {
			return false
		}
		for range n {
			setRegister(dense, index, value)
			index++
		}
		return true
	})
	if !ok || index != registers {
		return h, ErrCorrupt
	}
	return dense, nil
}

// A Union is the merge of any number of HyperLogLogs, one register per byte. The zero value is empty.
type Union struct {
	max   [registers]byte
	dense bool
}

// Add merges h into u.
func (u *Union) Add(h []byte) error {
	if Dense(h) {
		u.dense = true
		b := h[headerSize:denseSize]
		for m := u.max[:]; len(m) >= 4 && len(b) >= 3; m, b = m[4:], b[3:] {
			w := four(b)
			m[0] = max(m[0], byte(w&regMax))
			m[1] = max(m[1], byte(w>>6&regMax))
			m[2] = max(m[2], byte(w>>12&regMax))
			m[3] = max(m[3], byte(w>>18&regMax))
		}
		return nil
	}
	index := 0
	ok := eachRun(h, func(value byte, n int) bool {
		if value == 0 {
			index += n
			return true
		}
		if index+n > registers {
			return false
		}
		for range n {
			u.max[index] = max(u.max[index], value)
			index++
		}
		return true
	})
	if !ok || index != registers {
		return ErrCorrupt
	}
	return nil
}

// Count estimates the number of distinct elements in the union.
func (u *Union) Count() uint64 {
	var histogram [regMax + 1]int
	for _, v := range u.max {
		histogram[v]++
	}
	return estimate(&histogram)
}

// Registers returns the value of every register.
func (u *Union) Registers() []byte { return u.max[:] }

// Store raises the registers of h (PFMERGE's destination, New if it does not exist) to those of u, densely if any part of the
// union was dense, and invalidates its cache.
func (u *Union) Store(h []byte, sparseMax int) ([]byte, error) {
	var err error
	if u.dense {
		if h, err = ToDense(h); err != nil {
			return h, err
		}
	}
	for i, v := range u.max {
		if v == 0 {
			continue
		}
		if h, _, err = set(h, i, v, sparseMax); err != nil {
			return h, err
		}
	}
	Invalidate(h)
	return h, nil
}

// four reads the four dense registers in the first three bytes of b, the first one lowest.
func four(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// register reads the dense register i, which may straddle two bytes.
func register(h []byte, i int) byte {
	p, shift := headerSize+i*regBits/8, uint(i*regBits%8)
	v := h[p] >> shift
	if shift > 8-regBits {
		v |= h[p+1] << (8 - shift)
	}
	return v & regMax
}

func setRegister(h []byte, i int, v byte) {
	p, shift := headerSize+i*regBits/8, uint(i*regBits%8)
	h[p] = h[p]&^(regMax<<shift) | v<<shift
	if shift > 8-regBits {
		h[p+1] = h[p+1]&^(regMax>>(8-shift)) | v>>(8-shift)
	}
}

// pattern hashes an element to a register and the length of its run of zero bits, the closing 1 included.
func pattern(element []byte) (index int, count byte) {
	hash := murmur64A(element, 0xadc83b19)
	index = int(hash & (registers - 1))
	hash = hash>>precision | 1<<hashBits
	return index, byte(bits.TrailingZeros64(hash) + 1)
}

// murmur64A is Austin Appleby's MurmurHash64A, reading little-endian everywhere.
func murmur64A(b []byte, seed uint64) uint64 {
	const m, r = 0xc6a4a7935bd1e995, 47
	h := seed ^ uint64(len(b))*m
	for ; len(b) >= 8; b = b[8:] {
		k := binary.LittleEndian.Uint64(b) * m
		k ^= k >> r
		h = (h ^ k*m) * m
	}
	if len(b) > 0 {
		for i, c := range b {
			h ^= uint64(c) << (8 * i)
		}
		h *= m
	}
	h ^= h >> r
	h *= m
	return h ^ h>>r
}
