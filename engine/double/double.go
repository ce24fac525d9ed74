// Package double prints floating-point numbers as Redis replies them.
package double

import (
	"math"
	"strconv"
)

// Append appends the text of a score or of a number that a script passes to redis.call: integers below 2^52 in full, else the
// shortest digits that read back as f, in Redis's layout (since 7.2; earlier ones print 17 digits).
func Append(dst []byte, f float64) []byte {
	switch {
	case f > -1<<52 && f < 1<<52 && f == math.Trunc(f):
		if f == 0 && math.Signbit(f) {
			return append(dst, "-0"...)
		}
		return strconv.AppendInt(dst, int64(f), 10)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case math.IsNaN(f):
		return append(dst, "nan"...)
	}
	return appendShortest(dst, f)
}

// AppendFixed appends f with up to 17 decimals, without zeros at the end.
func AppendFixed(dst []byte, f float64) []byte {
	b := strconv.AppendFloat(dst, f, 'f', 17, 64)
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	return b
}

// appendShortest lays the shortest digits d1d2...dn * 10^k out: in full if that adds fewer than 7 zeros, else with an exponent
// without padding, as "1e+20" and "1.5e-7".
func appendShortest(dst []byte, f float64) []byte {
	var buf [32]byte
	b := strconv.AppendFloat(buf[:0], f, 'e', -1, 64)
	if b[0] == '-' {
		dst, b = append(dst, '-'), b[1:]
	}
	e := len(b) - 1
	for b[e] != 'e' {
		e--
	}
	exp, _ := strconv.Atoi(string(b[e+1:]))
	digits := append(b[:1], b[min(2, e):e]...)
	n := len(digits)
	k := exp - n + 1
	abs := max(exp, -exp)
	switch {
	case k >= 0 && abs < n+7:
		dst = append(dst, digits...)
		for range k {
			dst = append(dst, '0')
		}
		return dst
	case k < 0 && (k > -7 || abs < 4):
		if whole := n + k; whole > 0 {
			dst = append(append(dst, digits[:whole]...), '.')
			return append(dst, digits[whole:]...)
		}
		dst = append(dst, "0."...)
		for range -k - n {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	dst = append(dst, digits[0])
	if n > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	sign := byte('+')
	if exp < 0 {
		sign = '-'
	}
	return strconv.AppendInt(append(dst, 'e', sign), int64(abs), 10)
}
