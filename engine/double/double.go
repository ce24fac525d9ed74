// Package double prints floating-point numbers as Redis does.
package double

import (
	"math"
	"strconv"
)

// Append appends the text of a score as Redis prints it: integers without a point, else as C's "%.17g".
func Append(dst []byte, f float64) []byte {
	switch {
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case f == 0 && math.Signbit(f):
		return append(dst, "-0"...)
	case f > -1<<52 && f < 1<<52 && f == math.Trunc(f):
		return strconv.AppendInt(dst, int64(f), 10)
	}
	return AppendG17(dst, f)
}

// AppendG17 appends f as C's "%.17g": 17 significant digits, trailing zeros cut, an exponent below -4 or from 17 on.
func AppendG17(dst []byte, f float64) []byte {
	var buf [32]byte
	b := strconv.AppendFloat(buf[:0], f, 'e', 16, 64)
	e := len(b) - 1
	for b[e] != 'e' {
		e--
	}
	exp, _ := strconv.Atoi(string(b[e+1:]))
	if exp < -4 || exp >= 17 {
		m := trimZeros(b[:e])
		dst = append(dst, m...)
		dst = append(dst, 'e', b[e+1])
		if d := b[e+2:]; len(d) == 1 {
			dst = append(dst, '0', d[0])
		} else {
			dst = append(dst, d...)
		}
		return dst
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', 16-exp, 64)
	return dst[:start+len(trimZeros(dst[start:]))]
}

func trimZeros(b []byte) []byte {
	point := false
	for _, c := range b {
		point = point || c == '.'
	}
	if !point {
		return b
	}
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	if b[len(b)-1] == '.' {
		b = b[:len(b)-1]
	}
	return b
}
