// LZF, the compression of strings in payloads: literal runs and references of up to 264 bytes within the last 8 kB.

package rdb

const (
	lzfHashBits   = 16
	lzfMaxOffset  = 1 << 13
	lzfMaxMatch   = 264
	lzfMaxLiteral = 32
	// lzfMaxRatio bounds what a compressed byte can stand for: three bytes make at most one longest match.
	lzfMaxRatio = lzfMaxMatch / 3
)

// lzfTable remembers where three-byte sequences were last seen. Entries count from base, which grows from call to call, so that the
// table need not be cleared.
type lzfTable struct {
	slots [1 << lzfHashBits]uint32
	base  uint32
}

// lzfHash is the slot of the sequence h, with the same collisions as in Redis: they decide which matches are found.
func lzfHash(h uint32) uint32 {
	return (h>>(24-lzfHashBits) - h*5) & (1<<lzfHashBits - 1)
}

// compress appends src to dst, using at most limit bytes; false means that did not suffice. It makes exactly the choices of the
// LibLZF compressor in Redis, so that payloads are the same byte for byte.
func (t *lzfTable) compress(dst, src []byte, limit int) ([]byte, bool) {
	if uint64(t.base)+uint64(len(src)) >= 1<<32 {
		clear(t.slots[:])
		t.base = 0
	}
	start := len(dst)
	base := t.base
	t.base += uint32(len(src)) + 1
	end := start + limit
	dst = append(dst, 0) // place of the run's length
	lit, i := 0, 0
	h := uint32(src[0])<<8 | uint32(src[1])
	for i < len(src)-2 {
		h = h<<8 | uint32(src[i+2])
		slot := &t.slots[lzfHash(h)]
		ref := int(int64(*slot) - int64(base) - 1)
		*slot = base + uint32(i) + 1
		// Position 0 is never referred to, as in Redis (sic): there it stands for "none".
		if off := i - ref - 1; ref > 0 && off < lzfMaxOffset && src[ref+2] == src[i+2] && src[ref+1] == src[i+1] && src[ref] == src[i] {
			if len(dst)+4 >= end && len(dst)-boolInt(lit == 0)+4 >= end {
				return dst, false
			}
			dst = closeRun(dst, lit)
			n := matchLength(src, ref, i)
			code := n - 2
			if code < 7 {
				dst = append(dst, byte(off>>8)|byte(code<<5), byte(off))
			} else {
				dst = append(dst, byte(off>>8)|7<<5, byte(code-7), byte(off))
			}
			lit = 0
			dst = append(dst, 0)
			i += n
			if i >= len(src)-2 {
				break
			}
			h = t.note(src, base, i)
			continue
		}
		if len(dst) >= end {
			return dst, false
		}
		dst, lit = appendLiteral(dst, src[i], lit)
		i++
	}
	if len(dst)+3 > end {
		return dst, false
	}
	for ; i < len(src); i++ {
		dst, lit = appendLiteral(dst, src[i], lit)
	}
	return closeRun(dst, lit), true
}

// note enters the last two positions of a match that ends before i, no others, and returns the hash state at i.
func (t *lzfTable) note(src []byte, base uint32, i int) (h uint32) {
	h = uint32(src[i-2])<<8 | uint32(src[i-1])
	for p := i - 2; p < i; p++ {
		h = h<<8 | uint32(src[p+2])
		t.slots[lzfHash(h)] = base + uint32(p) + 1
	}
	return h
}

// closeRun writes the length of the literal run that ends dst, or takes back its place if it is empty.
func closeRun(dst []byte, lit int) []byte {
	if lit == 0 {
		return dst[:len(dst)-1]
	}
	dst[len(dst)-lit-1] = byte(lit - 1)
	return dst
}

func appendLiteral(dst []byte, c byte, lit int) ([]byte, int) {
	dst = append(dst, c)
	lit++
	if lit == lzfMaxLiteral {
		dst[len(dst)-lit-1] = byte(lit - 1)
		return append(dst, 0), 0
	}
	return dst, lit
}

// matchLength returns how many bytes at i equal those at ref, knowing that three do. Near the end the original looks a little
// beyond its own limit.
func matchLength(src []byte, ref, i int) int {
	limit := min(len(src)-i-2, lzfMaxMatch)
	n := 2
	if limit > 16 {
		for range 16 {
			if n++; src[ref+n] != src[i+n] {
				return n
			}
		}
	}
	for n++; n < limit && src[ref+n] == src[i+n]; n++ {
	}
	return n
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// decompress returns the size bytes that src stands for; false means src is corrupt.
func decompress(src []byte, size uint64) ([]byte, bool) {
	if size > uint64(len(src))*lzfMaxRatio {
		return nil, false
	}
	dst := make([]byte, 0, size)
	for i := 0; i < len(src); {
		c := int(src[i])
		i++
		if c < lzfMaxLiteral {
			c++
			if i+c > len(src) || len(dst)+c > cap(dst) {
				return nil, false
			}
			dst = append(dst, src[i:i+c]...)
			i += c
			continue
		}
		n := c >> 5
		if n == 7 && i < len(src) {
			n += int(src[i])
			i++
		}
		if i >= len(src) {
			return nil, false
		}
		ref := len(dst) - c&0x1F<<8 - 1 - int(src[i])
		i++
		n += 2
		if ref < 0 || len(dst)+n > cap(dst) {
			return nil, false
		}
		for ; n > 0; n-- { // the two may overlap
			dst = append(dst, dst[ref])
			ref++
		}
	}
	return dst, uint64(len(dst)) == size
}
