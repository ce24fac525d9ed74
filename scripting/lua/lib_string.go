// The string library: everything but patterns.
package lua

import (
	"bytes"
	"math"
	"strconv"
)

// openString registers the library and returns the metatable of strings.
func (l *library) openString(s *State) *Table {
	t := s.Register("string", []Function{
		{"byte", stringByte},
		{"char", l.stringChar},
		{"dump", stringDump},
		{"find", l.stringFind},
		{"format", stringFormat},
		{"gmatch", l.stringGmatch},
		{"gsub", l.stringGsub},
		{"len", stringLen},
		{"lower", stringLower},
		{"match", l.stringMatch},
		{"rep", stringRep},
		{"reverse", stringReverse},
		{"sub", l.stringSub},
		{"upper", stringUpper},
	})
	s.SetField(t, "gfind", t.GetStr("gmatch"))
	meta := s.NewTable(0, 1)
	s.SetField(meta, "__index", TableValue(t))
	return meta
}

// relative turns a position that may count from the end into one that counts from the start.
func relative(pos, size int) int {
	if pos < 0 {
		pos += size + 1
	}
	return max(pos, 0)
}

func stringByte(c *Call) int {
	b := c.CheckBytes(1)
	first := relative(c.OptInt(2, 1), len(b))
	last := relative(c.OptInt(3, first), len(b))
	first, last = max(first, 1), min(last, len(b))
	if first > last {
		return 0
	}
	n := last - first + 1
	stackError(c, n, "string slice too long")
	c.Steps(n)
	for _, ch := range b[first-1 : last] {
		c.Push(Int(int(ch)))
	}
	return n
}

func (l *library) stringChar(c *Call) int {
	n := c.N()
	c.Steps(n)
	if n == 1 {
		return c.Return1(l.chars[checkByte(c, 1)])
	}
	v, b := c.AllocString(n)
	for i := range b {
		b[i] = checkByte(c, i+1)
	}
	return c.Return1(v)
}

func checkByte(c *Call, i int) byte {
	n := c.CheckInt32(i)
	if n < 0 || n > 255 {
		c.ArgError(i, "invalid value")
	}
	return byte(n)
}

// stringDump returns the header of a chunk and no bytecode: Redis loads no chunk of bytecode, so no script can do more with one.
func stringDump(c *Call) int {
	c.CheckKind(1, KindFunction)
	if c.Arg(1).n == tagNative {
		c.Errorf("unable to dump given function")
	}
	return c.Return1(c.NewText("\x1bLuaQ\x00\x01\x04\x08\x04\x08\x00"))
}

func stringLen(c *Call) int { return c.Return1(Int(len(c.CheckBytes(1)))) }

func stringLower(c *Call) int { return mapBytes(c, 'A', 32) }

func stringUpper(c *Call) int { return mapBytes(c, 'a', ^uint8(31)) }

// mapBytes adds delta to every byte that is one of the 26 letters from first on.
func mapBytes(c *Call, first, delta byte) int {
	src := c.CheckBytes(1)
	v, dst := c.AllocString(len(src))
	for from := 0; from < len(src); from += pieceSize {
		piece := src[from:min(from+pieceSize, len(src))]
		c.Steps(len(piece) >> 2)
		for i, ch := range piece {
			if ch-first < 26 {
				ch += delta
			}
			dst[from+i] = ch
		}
	}
	return c.Return1(v)
}

func stringReverse(c *Call) int {
	src := c.CheckBytes(1)
	v, dst := c.AllocString(len(src))
	for from := 0; from < len(src); from += pieceSize {
		piece := src[from:min(from+pieceSize, len(src))]
		c.Steps(len(piece) >> 2)
		for i, ch := range piece {
			dst[len(src)-1-from-i] = ch
		}
	}
	return c.Return1(v)
}

func stringRep(c *Call) int {
	src := c.CheckBytes(1)
	n := c.CheckInt32(2)
	if n <= 0 || len(src) == 0 {
		return c.Return1(emptyString.value())
	}
	if n == 1 {
		return c.Return1(c.CheckStringValue(1))
	}
	if n > maxString/len(src) {
		tooLong(c)
	}
	total := n * len(src)
	c.Steps(total >> 5) // half before it takes memory, half as it goes
	v, dst := c.AllocString(total)
	for done := copy(dst, src); done < total; {
		n := copy(dst[done:], dst[:min(done, max(pieceSize/len(src), 1)*len(src))])
		done += n
		c.Steps(n >> 5)
	}
	return c.Return1(v)
}

func (l *library) stringSub(c *Call) int {
	v := c.CheckStringValue(1)
	b := v.Bytes()
	first := max(relative(c.CheckInt(2), len(b)), 1)
	last := min(relative(c.OptInt(3, -1), len(b)), len(b))
	switch {
	case first > last:
		return c.Return1(emptyString.value())
	case last-first+1 == len(b):
		return c.Return1(v)
	}
	return c.Return1(l.substring(c, b[first-1:last]))
}

func stringFormat(c *Call) int {
	format := c.CheckBytes(1)
	if i, ok := integerItem(c, format); ok {
		c.Steps(4)
		var scratch [24]byte
		return c.Return1(c.NewString(strconv.AppendInt(scratch[:0], i, 10)))
	}
	out := newBuffer(c)
	arg := 1
	for i := 0; i < len(format); {
		n := bytes.IndexByte(format[i:], '%')
		if n < 0 {
			out.add(format[i:])
			break
		}
		out.add(format[i : i+n])
		i += n + 1
		if i < len(format) && format[i] == '%' {
			out.addByte('%')
			i++
			continue
		}
		arg++
		if arg > c.N() {
			c.ArgError(arg, "no value")
		}
		spec, end, problem := parseSpec(format, i)
		if problem != "" {
			c.Errorf("%s", problem)
		}
		i = end
		c.Steps(4)
		formatArg(c, &out, &spec, arg)
	}
	return c.Return1(out.result())
}

// integerItem returns the integer that a format of nothing but %d or %.0f, which is how scripts write integers beyond 2^31, shows; ok is
// false for all else.
func integerItem(c *Call, format []byte) (i int64, ok bool) {
	if string(format) != "%.0f" && string(format) != "%d" || c.N() < 2 {
		return 0, false
	}
	v := c.Arg(2)
	if !v.IsNumber() {
		return 0, false
	}
	f := v.Number()
	i = int64(f)
	return i, float64(i) == f && math.Abs(f) < 1<<53 && (i != 0 || !math.Signbit(f))
}

func formatArg(c *Call, out *buffer, spec *formatSpec, arg int) {
	out.room(maxFormatItem)
	switch spec.verb {
	case 'c':
		out.b = spec.appendChar(out.b, byte(toInt32(c.CheckNumber(arg))))
	case 'd', 'i':
		out.b = spec.appendInt(out.b, toInteger(c.CheckNumber(arg)))
	case 'o', 'u', 'x', 'X':
		out.b = spec.appendUint(out.b, toUint64(c.CheckNumber(arg)))
	case 'e', 'E', 'f', 'g', 'G':
		out.b = spec.appendFloat(out.b, c.CheckNumber(arg))
	case 'q':
		text := c.CheckBytes(arg)
		c.Steps(len(text) >> 3)
		if len(text) > maxString/4 {
			tooLong(c)
		}
		out.addByte('"')
		for len(text) > 0 {
			n := min(len(text), pieceSize)
			out.room(4*n + 1)
			out.b = appendEscaped(out.b, text[:n])
			c.Steps(n >> 2)
			text = text[n:]
		}
		out.addByte('"')
	case 's':
		text := c.CheckBytes(arg)
		// Long strings skip C's buffer, and with it the width and the end at a NUL byte.
		if spec.precision < 0 && len(text) >= 100 {
			out.add(text)
		} else {
			text = text[:min(len(text), maxFormatItem)] // a precision has two digits
			out.b = spec.appendString(out.b, text)
		}
	case 0:
		c.Errorf("invalid option '%%' to 'format'")
	default:
		c.Errorf("invalid option '%%%s' to 'format'", []byte{spec.verb})
	}
}
