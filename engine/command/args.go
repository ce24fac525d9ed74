package command

import (
	"math"
	"strconv"
)

// equalFold tells whether b is the lower-case word s in any case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		l := s[i]
		if 'A' <= l && l <= 'Z' {
			l += 'a' - 'A'
		}
		if c != l {
			return false
		}
	}
	return true
}

// Is tells whether argument i is the word s in any case; false past the end.
func (c *Ctx) Is(i int, s string) bool { return i < len(c.Args) && equalFold(c.Args[i], s) }

// Int returns argument i as an int64, strictly as Redis's string2ll parses: no spaces, no plus sign, no leading zeros.
func (c *Ctx) Int(i int) (int64, error) {
	n, ok := ParseInt(c.Args[i])
	if !ok {
		return 0, ErrNotInt
	}
	return n, nil
}

// Float returns argument i as a finite or infinite float64; NaN and bad text are ErrNotFloat.
func (c *Ctx) Float(i int) (float64, error) {
	f, ok := ParseFloat(c.Args[i])
	if !ok {
		return 0, ErrNotFloat
	}
	return f, nil
}

// ParseInt parses a canonical decimal int64.
func ParseInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	i, neg := 0, b[0] == '-'
	if neg {
		i = 1
	}
	if i == len(b) {
		return 0, false
	}
	if b[i] == '0' {
		return 0, len(b) == 1
	}
	n := uint64(0)
	for _, d := range b[i:] {
		if d -= '0'; d > 9 || n > (math.MaxUint64-uint64(d))/10 {
			return 0, false
		} else {
			n = n*10 + uint64(d)
		}
	}
	if neg {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}

// ParseFloat parses a float64 as strtod does for Redis: decimal, hexadecimal, inf and infinity in any case, no spaces, no NaN.
func ParseFloat(b []byte) (float64, bool) {
	if n, ok := ParseInt(b); ok && n > -1<<53 && n < 1<<53 {
		return float64(n), true
	}
	if len(b) == 0 {
		return 0, false
	}
	for _, c := range b {
		if c == '_' || c <= ' ' {
			return 0, false // strconv would take digit separators
		}
	}
	f, err := strconv.ParseFloat(hexFloat(string(b)), 64)
	if err != nil && !math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, false
	}
	if err != nil || f == 0 && underflows(b) {
		return 0, false // ERANGE: strtod's HUGE_VAL is refused too
	}
	return f, true
}

// underflows tells whether a text that gave 0 names another number, which is too small.
func underflows(b []byte) bool {
	hex := false
	for _, c := range b {
		switch {
		case c == 'x' || c == 'X':
			hex = true
		case c == 'p' || c == 'P' || !hex && (c == 'e' || c == 'E'):
			return false
		case c >= '1' && c <= '9' || hex && c|0x20 >= 'a' && c|0x20 <= 'f':
			return true
		}
	}
	return false
}

// hexFloat adds the exponent that Go wants of a hexadecimal float and C does not.
func hexFloat(s string) string {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '0' && (s[i+1] == 'x' || s[i+1] == 'X') {
			for _, c := range s[i+2:] {
				if c == 'p' || c == 'P' {
					return s
				}
			}
			return s + "p0"
		}
	}
	return s
}
