package command

import (
	"math/big"
	"strconv"
)

// Redis adds floats in x86's long double, 64 bits of mantissa, and prints them with 17 decimals without an exponent. big.Float of
// that precision rounds the same way; INCRBYFLOAT and HINCRBYFLOAT use it.
const longDoubleBits = 64

// maxLongDouble is the length at which Redis takes a text for no number.
const maxLongDouble = 5 * 1024

// addLongDouble returns the text of a+b. The error is for text that is no finite float, or for a sum that is not.
func addLongDouble(a, b []byte) ([]byte, error) {
	x, infX, ok := parseLongDouble(a)
	if !ok {
		return nil, ErrNotFloat
	}
	y, infY, ok := parseLongDouble(b)
	if !ok {
		return nil, ErrNotFloat
	}
	if infX || infY {
		return nil, ErrNaNOrInf
	}
	if x.Add(x, y); outOfLongDouble(x) {
		return nil, ErrNaNOrInf
	}
	return formatLongDouble(x), nil
}

func parseLongDouble(b []byte) (f *big.Float, inf, ok bool) {
	if len(b) == 0 || len(b) >= maxLongDouble {
		return nil, false, false
	}
	for _, c := range b {
		if c <= ' ' || c == '_' || c == 'n' && len(b) == 3 && equalFold(b, "nan") {
			return nil, false, false
		}
	}
	s := string(b)
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	if equalFold([]byte(s), "inf") || equalFold([]byte(s), "infinity") {
		return nil, true, true
	}
	if len(s) > 1 && s[0] == '0' && (s[1]|0x20 == 'b' || s[1]|0x20 == 'o') {
		return nil, false, false // Go's prefixes, not C's
	}
	base := 10
	if len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' {
		base = 0
	}
	f, _, err := big.ParseFloat(string(b), base, longDoubleBits, big.ToNearestEven)
	if err != nil || outOfLongDouble(f) {
		return nil, false, false
	}
	return f, false, true
}

// outOfLongDouble tells whether f is too large, or too near to 0, for 15 bits of exponent.
func outOfLongDouble(f *big.Float) bool {
	exp := f.MantExp(nil)
	return f.IsInf() || exp > 16384 || exp < -16445
}

// formatLongDouble prints as "%.17Lf" without the trailing zeros.
func formatLongDouble(f *big.Float) []byte {
	b := f.Append(nil, 'f', 17)
	end := len(b)
	for end > 0 && b[end-1] == '0' {
		end--
	}
	if end > 0 && b[end-1] == '.' {
		end--
	}
	if b = b[:end]; string(b) == "-0" {
		return []byte("0")
	}
	return b
}

// zero is the text of 0, what an absent number counts as.
var zero = []byte("0")

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }
