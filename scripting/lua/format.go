// C's printf conversions on bytes, as string.format needs them. Pure functions.
package lua

import (
	"bytes"
	"math"
	"strconv"
)

// formatSpec is one conversion: %[flags][width][.precision]verb.
type formatSpec struct {
	minus, plus, space, alt, zero bool
	plain                         bool // neither flags nor width nor precision
	width                         int
	precision                     int // -1 if there is none
	verb                          byte
}

// maxFormatItem is more than any conversion but %s and %q can give: 99 wide, or 309 digits and 99 more.
const maxFormatItem = 512

// Errors of parseSpec, with PUC's texts.
const (
	errRepeatedFlags = "invalid format (repeated flags)"
	errLongFormat    = "invalid format (width or precision too long)"
)

// parseSpec reads the conversion at f[i:], behind the %, and returns where it ends; the verb of an unfinished one is 0.
// problem is an error text or "".
func parseSpec(f []byte, i int) (spec formatSpec, end int, problem string) {
	spec.precision = -1
	at := func(i int) byte {
		if i < len(f) {
			return f[i]
		}
		return 0
	}
	start := i
flags:
	for ; ; i++ {
		switch at(i) {
		case '-':
			spec.minus = true
		case '+':
			spec.plus = true
		case ' ':
			spec.space = true
		case '#':
			spec.alt = true
		case '0':
			spec.zero = true
		default:
			break flags
		}
	}
	if i-start > 5 {
		return spec, i, errRepeatedFlags
	}
	for n := 0; n < 2 && isDigit(at(i)); n++ {
		spec.width = spec.width*10 + int(f[i]-'0')
		i++
	}
	if at(i) == '.' {
		i++
		spec.precision = 0
		for n := 0; n < 2 && isDigit(at(i)); n++ {
			spec.precision = spec.precision*10 + int(f[i]-'0')
			i++
		}
	}
	if isDigit(at(i)) {
		return spec, i, errLongFormat
	}
	spec.plain = i == start
	spec.verb = at(i)
	return spec, i + 1, ""
}

// appendPadded appends text in the width of spec, with spaces.
func (spec *formatSpec) appendPadded(dst, text []byte) []byte {
	pad := spec.width - len(text)
	if !spec.minus {
		dst = appendRepeated(dst, ' ', pad)
	}
	dst = append(dst, text...)
	if spec.minus {
		dst = appendRepeated(dst, ' ', pad)
	}
	return dst
}

func appendRepeated(dst []byte, c byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, c)
	}
	return dst
}

// appendNumeric appends prefix (sign or 0x) and digits in the width of spec, zeros between the two if it says so.
func (spec *formatSpec) appendNumeric(dst []byte, prefix string, digits []byte, zeros bool) []byte {
	pad := spec.width - len(prefix) - len(digits)
	if !spec.minus && !zeros {
		dst = appendRepeated(dst, ' ', pad)
	}
	dst = append(dst, prefix...)
	if !spec.minus && zeros {
		dst = appendRepeated(dst, '0', pad)
	}
	dst = append(dst, digits...)
	if spec.minus {
		dst = appendRepeated(dst, ' ', pad)
	}
	return dst
}

func (spec *formatSpec) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case spec.plus:
		return "+"
	case spec.space:
		return " "
	}
	return ""
}

// appendInt appends i by %d or %i.
func (spec *formatSpec) appendInt(dst []byte, i int64) []byte {
	if spec.plain {
		return strconv.AppendInt(dst, i, 10)
	}
	u := uint64(i)
	if i < 0 {
		u = -u
	}
	return spec.appendDigits(dst, spec.sign(i < 0), u, 10)
}

// appendUint appends u by %u, %o, %x or %X.
func (spec *formatSpec) appendUint(dst []byte, u uint64) []byte {
	prefix, base := "", 10
	switch spec.verb {
	case 'o':
		base = 8
	case 'x', 'X':
		base = 16
		if spec.alt && u != 0 {
			prefix = "0" + string(spec.verb)
		}
	}
	return spec.appendDigits(dst, prefix, u, base)
}

func (spec *formatSpec) appendDigits(dst []byte, prefix string, u uint64, base int) []byte {
	var scratch [128]byte
	digits := scratch[:0]
	var bare [24]byte
	text := strconv.AppendUint(bare[:0], u, base)
	if u == 0 && spec.precision == 0 {
		text = text[:0]
	}
	digits = appendRepeated(digits, '0', spec.precision-len(text))
	if spec.verb == 'o' && spec.alt && len(digits) == 0 && (len(text) == 0 || text[0] != '0') {
		digits = append(digits, '0')
	}
	digits = append(digits, text...)
	if spec.verb == 'X' {
		upperBytes(digits)
	}
	return spec.appendNumeric(dst, prefix, digits, spec.zero && spec.precision < 0)
}

func upperBytes(b []byte) {
	for i, c := range b {
		if c-'a' < 26 {
			b[i] = c - 32
		}
	}
}

// appendFloat appends f by %e, %E, %f, %g or %G.
func (spec *formatSpec) appendFloat(dst []byte, f float64) []byte {
	var scratch [maxFormatItem]byte
	upper := spec.verb < 'a'
	sign := spec.sign(math.Signbit(f))
	var digits []byte
	finite := isFinite(f)
	if finite {
		digits = spec.floatDigits(scratch[:0], math.Abs(f))
	} else {
		digits = appendNonFinite(scratch[:0], math.Abs(f))
	}
	if upper {
		upperBytes(digits)
	}
	return spec.appendNumeric(dst, sign, digits, spec.zero && finite)
}

// floatDigits appends f, which is not negative, without sign or padding.
func (spec *formatSpec) floatDigits(dst []byte, f float64) []byte {
	precision := spec.precision
	if precision < 0 {
		precision = 6
	}
	verb := spec.verb | 0x20
	if verb != 'g' {
		dst = strconv.AppendFloat(dst, f, verb, precision, 64)
		if spec.alt && precision == 0 {
			dst = insertPoint(dst)
		}
		return dst
	}
	precision = max(precision, 1)
	if !spec.alt {
		return strconv.AppendFloat(dst, f, 'g', precision, 64)
	}
	// The alternative form keeps trailing zeros, so the choice of notation is made here.
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', precision-1, 64)
	e := bytes.IndexByte(dst[start:], 'e')
	exponent, _ := strconv.Atoi(string(dst[start+e+1:]))
	if exponent >= -4 && exponent < precision {
		dst = strconv.AppendFloat(dst[:start], f, 'f', precision-1-exponent, 64)
	}
	if bytes.IndexByte(dst[start:], '.') < 0 {
		dst = insertPoint(dst)
	}
	return dst
}

// insertPoint adds a decimal point behind the digits, before any exponent.
func insertPoint(b []byte) []byte {
	e := bytes.IndexByte(b, 'e')
	if e < 0 {
		return append(b, '.')
	}
	b = append(b, 0)
	copy(b[e+1:], b[e:])
	b[e] = '.'
	return b
}

// appendChar appends the byte c by %c. What is behind a NUL byte is lost, as it is in C's buffer.
func (spec *formatSpec) appendChar(dst []byte, c byte) []byte {
	if c == 0 {
		if !spec.minus {
			dst = appendRepeated(dst, ' ', spec.width-1)
		}
		return dst
	}
	return spec.appendPadded(dst, []byte{c})
}

// appendString appends text by %s. It ends at its first NUL byte, as C's strings do.
func (spec *formatSpec) appendString(dst, text []byte) []byte {
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	if spec.precision >= 0 && len(text) > spec.precision {
		text = text[:spec.precision]
	}
	return spec.appendPadded(dst, text)
}

// appendEscaped appends text by %q, without the quotes around it.
func appendEscaped(dst, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '"', '\\', '\n':
			dst = append(dst, '\\', c)
		case '\r':
			dst = append(dst, `\r`...)
		case 0:
			dst = append(dst, `\000`...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// toUint64 is C's conversion of a double to an unsigned long on x86.
func toUint64(f float64) uint64 {
	if f >= 0x1p63 {
		return uint64(toInteger(f-0x1p63)) ^ 1<<63
	}
	return uint64(toInteger(f))
}

// toInt32 is C's conversion of a double to an int on x86.
func toInt32(f float64) int32 {
	if f > -0x1p31-1 && f < 0x1p31 {
		return int32(f)
	}
	return math.MinInt32
}
