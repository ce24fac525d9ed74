// Reading numbers of very many characters: the host has its say in between.
package lua

import "strconv"

// longNumber is from how many bytes on a text is read in pieces. It is less than keptDigits, beyond which strconv misplaces the point
// of some numbers.
const longNumber = 512

// longReader reads a number as strtod does, and keeps of its digits as many as matter.
type longReader struct {
	s      *State
	b      []byte
	i      int
	kept   []byte // the first significant digits
	scale  int    // what to add to the exponent, in digits
	lost   bool   // a digit that is not kept was not 0
	digits int
}

// keptDigits are more than a float64 can tell apart: no shorter decimal is in the middle between two of them. One more says whether
// there was anything behind.
const keptDigits = 800

// parseLongNumber is parseNumber for long texts.
func (s *State) parseLongNumber(b []byte) (float64, bool) {
	if i := s.indexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	r := longReader{s: s, b: b}
	r.skip(isSpace)
	rest := b[r.i:]
	f, n := s.strtodLong(rest)
	r.i += n
	r.skip(isSpace)
	if n == 0 || r.i < len(b) {
		return 0, false
	}
	return f, true
}

// strtod is strtod, in pieces if the number is long.
func (s *State) strtod(b []byte) (f float64, n int) {
	if len(b) > longNumber {
		for _, c := range b[:longNumber] {
			if !isHexDigit(c) && c != '.' && c != 'x' && c != '-' {
				return strtod(b)
			}
		}
		return s.strtodLong(b)
	}
	return strtod(b)
}

// strtodLong is strtod for a text without white space in front.
func (s *State) strtodLong(b []byte) (f float64, n int) {
	r := longReader{s: s, b: b}
	negative := false
	if c := r.peek(0); c == '-' || c == '+' {
		negative = c == '-'
		r.i++
	}
	digit, exponent, perDigit, prefix := isDigit, byte('e'), 1, "0."
	if r.peek(0) == '0' && r.peek(1)|0x20 == 'x' && (isHexDigit(r.peek(2)) || r.peek(2) == '.' && isHexDigit(r.peek(3))) {
		digit, exponent, perDigit, prefix = isHexDigit, 'p', 4, "0x0."
		r.i += 2
	} else if c := r.peek(0) | 0x20; c == 'i' || c == 'n' {
		return strtod(b)
	}
	r.mantissa(digit)
	if r.digits == 0 {
		return strtod(b[:min(len(b), longNumber)])
	}
	e := r.scale * perDigit
	if r.peek(0)|0x20 == exponent {
		e += r.exponent()
	}
	if len(r.kept) == 0 {
		return signed(0, negative), r.i
	}
	if r.lost {
		r.kept = append(r.kept, '1')
	}
	text := append(append([]byte(prefix), r.kept...), exponent)
	f, _ = strconv.ParseFloat(string(strconv.AppendInt(text, int64(e), 10)), 64)
	return signed(f, negative), r.i
}

func (r *longReader) peek(n int) byte {
	if r.i+n < len(r.b) {
		return r.b[r.i+n]
	}
	return 0
}

func (r *longReader) skip(is func(byte) bool) {
	for r.i < len(r.b) && is(r.b[r.i]) {
		r.s.every(r.i)
		r.i++
	}
}

// mantissa reads digits with or without a point. The value is 0.kept times the base to the power of scale.
func (r *longReader) mantissa(is func(byte) bool) {
	point := false
	for ; r.i < len(r.b); r.i++ {
		r.s.every(r.i)
		c := r.b[r.i]
		switch {
		case c == '.' && !point:
			point = true
			continue
		case !is(c):
			return
		}
		r.digits++
		switch {
		case c == '0' && len(r.kept) == 0:
			if point {
				r.scale--
			}
			continue
		case len(r.kept) < keptDigits:
			r.kept = append(r.kept, c)
		case c != '0':
			r.lost = true
		}
		if !point {
			r.scale++
		}
	}
}

// exponent reads what follows the mantissa, if it is an exponent.
func (r *longReader) exponent() int {
	const most = 1 << 40 // beyond, nothing but 0 or infinity comes out
	first := r.i
	r.i++
	negative := r.peek(0) == '-'
	if negative || r.peek(0) == '+' {
		r.i++
	}
	if !isDigit(r.peek(0)) {
		r.i = first
		return 0
	}
	e := 0
	for ; r.i < len(r.b) && isDigit(r.b[r.i]); r.i++ {
		r.s.every(r.i)
		e = min(e*10+int(r.b[r.i]-'0'), most)
	}
	if negative {
		return -e
	}
	return e
}
