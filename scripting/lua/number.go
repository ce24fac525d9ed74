// Conversion between Lua numbers and text: "%.14g" one way, C strtod the other. Pure functions, used by the core and the library.
package lua

import (
	"bytes"
	"math"
	"strconv"
	"unsafe"
)

// formatNumber appends f as C printf("%.14g") writes it, which is what tostring and .. show.
func formatNumber(dst []byte, f float64) []byte {
	if i := int64(f); float64(i) == f && i > -1e14 && i < 1e14 {
		if i == 0 && math.Signbit(f) {
			return append(dst, '-', '0')
		}
		return strconv.AppendInt(dst, i, 10)
	}
	if !isFinite(f) {
		return appendNonFinite(dst, f)
	}
	return strconv.AppendFloat(dst, f, 'g', 14, 64)
}

// appendNonFinite appends inf, -inf, nan or -nan; C prints the sign bit of a NaN, and 0/0 sets it on x86.
func appendNonFinite(dst []byte, f float64) []byte {
	if math.Signbit(f) {
		dst = append(dst, '-')
	}
	if f != f {
		return append(dst, "nan"...)
	}
	return append(dst, "inf"...)
}

func isFinite(f float64) bool { return f-f == 0 }

// parseNumber reads the whole of b as a number by the rules of PUC's luaO_str2d: strtod, white space around it, and
// the text ends at the first NUL byte. Decimal, hexadecimal (with fraction and p exponent), inf and nan are numbers.
func parseNumber(b []byte) (float64, bool) {
	if n := len(b); n > 0 && n <= 15 && isDigits(b) {
		return smallUint(b), true
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	f, n := strtod(b)
	if n == 0 {
		return 0, false
	}
	for _, c := range b[n:] {
		if !isSpace(c) {
			return 0, false
		}
	}
	return f, true
}

// strtod reads the longest number at the start of b, as C's does; n is the count of bytes used, 0 if there is none.
func strtod(b []byte) (f float64, n int) {
	i := 0
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	start := i
	negative := false
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		negative = b[i] == '-'
		i++
	}
	if i == len(b) {
		return 0, 0
	}
	if c := b[i] | 0x20; c == 'i' || c == 'n' {
		return strtodWord(b, i, negative)
	}
	if b[i] == '0' && i+1 < len(b) && b[i+1]|0x20 == 'x' {
		if f, n := strtodHex(b, i+2, negative); n > 0 {
			return f, n
		}
		// A bare "0x" is the number 0 followed by an x.
		return signed(0, negative), i + 1
	}
	end, digits, exact := scanDecimal(b, i)
	if digits == 0 {
		return 0, 0
	}
	if exact && end-i <= 15 {
		return signed(smallUint(b[i:end]), negative), end
	}
	// The text is well formed, so the only error is overflow, and then f is an infinity as in C.
	f, _ = strconv.ParseFloat(unsafe.String(&b[start], end-start), 64)
	return f, end
}

// scanDecimal returns the end of the decimal number at b[i:], its count of mantissa digits, and whether it is digits only.
func scanDecimal(b []byte, i int) (end, digits int, plain bool) {
	plain = true
	for i < len(b) && isDigit(b[i]) {
		i++
		digits++
	}
	if i < len(b) && b[i] == '.' {
		j := i + 1
		for j < len(b) && isDigit(b[j]) {
			j++
		}
		if frac := j - i - 1; digits+frac > 0 {
			digits += frac
			i, plain = j, false
		}
	}
	if digits > 0 && i < len(b) && b[i]|0x20 == 'e' {
		if j := scanExponent(b, i+1); j > 0 {
			i, plain = j, false
		}
	}
	return i, digits, plain
}

// scanExponent returns the end of an optionally signed run of digits at b[i:], 0 if there is none.
func scanExponent(b []byte, i int) int {
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		i++
	}
	start := i
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	if i == start {
		return 0
	}
	return i
}

// strtodWord reads inf, infinity, nan and nan(chars), in any case, at b[i:].
func strtodWord(b []byte, i int, negative bool) (float64, int) {
	if hasPrefixFold(b[i:], "infinity") {
		return signed(math.Inf(1), negative), i + 8
	}
	if hasPrefixFold(b[i:], "inf") {
		return signed(math.Inf(1), negative), i + 3
	}
	if !hasPrefixFold(b[i:], "nan") {
		return 0, 0
	}
	end := i + 3
	if end < len(b) && b[end] == '(' {
		j := end + 1
		for j < len(b) && (isAlnum(b[j]) || b[j] == '_') {
			j++
		}
		if j < len(b) && b[j] == ')' {
			end = j + 1
		}
	}
	return signed(math.Float64frombits(0x7FF8000000000000), negative), end
}

// strtodHex reads the hexadecimal digits at b[i:], after 0x.
func strtodHex(b []byte, i int, negative bool) (float64, int) {
	start, digits, mantissa, small := i, 0, uint64(0), true
	for i < len(b) && isHexDigit(b[i]) {
		mantissa = mantissa<<4 | uint64(hexValue(b[i]))
		i++
		digits++
	}
	small = digits <= 13
	if i < len(b) && b[i] == '.' {
		j := i + 1
		for j < len(b) && isHexDigit(b[j]) {
			j++
		}
		if frac := j - i - 1; digits+frac > 0 {
			small = small && frac == 0
			digits += frac
			i = j
		}
	}
	if digits == 0 {
		return 0, 0
	}
	end := i
	if i < len(b) && b[i]|0x20 == 'p' {
		if j := scanExponent(b, i+1); j > 0 {
			end, small = j, false
		}
	}
	if small {
		return signed(float64(mantissa), negative), end
	}
	text := make([]byte, 0, 32)
	text = append(text, '0', 'x')
	text = append(text, b[start:end]...)
	if end == i {
		text = append(text, 'p', '0')
	}
	f, _ := strconv.ParseFloat(unsafe.String(&text[0], len(text)), 64)
	return signed(f, negative), end
}

func signed(f float64, negative bool) float64 {
	if negative {
		return -f
	}
	return f
}

// smallUint returns the value of at most 15 digits, which a float64 holds exactly.
func smallUint(b []byte) float64 {
	var n int64
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	return float64(n)
}

func isDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

func hasPrefixFold(b []byte, lower string) bool {
	if len(b) < len(lower) {
		return false
	}
	for i := range len(lower) {
		if b[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}
