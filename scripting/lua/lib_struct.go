// The struct library: values packed as C lays them out. Sizes are those of 64-bit Linux.
package lua

import (
	"bytes"
	"encoding/binary"
	"math"
)

func openStruct(s *State) {
	s.Register("struct", []Function{
		{"pack", structPack},
		{"size", structSize},
		{"unpack", structUnpack},
	})
}

const (
	maxStructInt   = 32 // longest integer
	structMaxAlign = 8  // what ! without a number stands for
)

// structFormat reads a format string, which ends at its first NUL byte.
type structFormat struct {
	c      *Call
	text   []byte
	i      int
	bigEnd bool
	align  int
}

func newStructFormat(c *Call) structFormat {
	text := c.CheckBytes(1)
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	return structFormat{c: c, text: text, align: 1}
}

// next returns the next option and its size, which is 0 for the options that carry no data.
func (f *structFormat) next() (option byte, size int, more bool) {
	if f.i >= len(f.text) {
		return 0, 0, false
	}
	f.c.Steps(2)
	option = f.text[f.i]
	f.i++
	switch option {
	case 'b', 'B', 'x':
		size = 1
	case 'h', 'H':
		size = 2
	case 'f':
		size = 4
	case 'l', 'L', 'T', 'd':
		size = 8
	case 'c':
		size = f.number(1)
	case 'i', 'I':
		size = f.number(4)
		if size > maxStructInt {
			f.c.Errorf("integral size %d is larger than limit of %d", size, maxStructInt)
		}
	}
	return option, size, true
}

// number reads an optional number.
func (f *structFormat) number(otherwise int) int {
	if f.i >= len(f.text) || !isDigit(f.text[f.i]) {
		return otherwise
	}
	n := 0
	for ; f.i < len(f.text) && isDigit(f.text[f.i]); f.i++ {
		d := int(f.text[f.i] - '0')
		if n > (math.MaxInt32-d)/10 {
			f.c.Errorf("integral size overflow")
		}
		n = n*10 + d
	}
	return n
}

// padding returns how many bytes come before an element of that size at pos.
func (f *structFormat) padding(pos uint64, option byte, size int) uint64 {
	if size == 0 || option == 'c' {
		return 0
	}
	n := uint64(min(size, f.align))
	return (n - pos&(n-1)) & (n - 1)
}

// control carries out an option that sets byte order or alignment.
func (f *structFormat) control(option byte) {
	switch option {
	case ' ':
	case '>':
		f.bigEnd = true
	case '<':
		f.bigEnd = false
	case '!':
		n := f.number(structMaxAlign)
		if n <= 0 || n&(n-1) != 0 {
			f.c.Errorf("alignment %d is not a power of 2", n)
		}
		f.align = n
	default:
		f.c.ArgError(1, "invalid format option '"+string([]byte{option})+"'")
	}
}

func structPack(c *Call) int {
	f := newStructFormat(c)
	out := newBuffer(c)
	arg := 2
	for total := uint64(0); ; {
		option, size, more := f.next()
		if !more {
			return c.Return1(out.result())
		}
		pad := f.padding(total, option, size)
		out.room(2 * maxStructInt)
		out.b = appendRepeated(out.b, 0, int(pad))
		start := len(out.b)
		switch option {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			out.b = appendStructInt(out.b, checkPacked(c, arg), size, f.bigEnd)
			arg++
		case 'x':
			out.b = append(out.b, 0)
		case 'f':
			out.b = appendStructBits(out.b, uint64(math.Float32bits(float32(checkPacked(c, arg)))), size, f.bigEnd)
			arg++
		case 'd':
			out.b = appendStructBits(out.b, math.Float64bits(checkPacked(c, arg)), size, f.bigEnd)
			arg++
		case 'c', 's':
			if arg == c.N()+1 {
				c.ArgError(arg, "string expected, got nil")
			}
			text := c.CheckBytes(arg)
			arg++
			if size == 0 {
				size = len(text)
			}
			if len(text) < size {
				c.ArgError(arg, "string too short")
			}
			out.add(text[:size])
			if option == 's' {
				out.addByte(0)
			}
		default:
			f.control(option)
		}
		total += pad + uint64(len(out.b)-start)
	}
}

// checkPacked returns argument i, a number.
func checkPacked(c *Call, i int) float64 {
	if i == c.N()+1 {
		// sic: the C library has put a nil behind its arguments.
		c.ArgError(i, "number expected, got nil")
	}
	return c.CheckNumber(i)
}

// appendStructInt appends n in size bytes; bytes over the eighth are zero, for negative numbers as well.
func appendStructInt(dst []byte, n float64, size int, bigEnd bool) []byte {
	var value uint64
	if n < 0 {
		value = uint64(toInteger(n))
	} else {
		value = toUint64(n)
	}
	return appendStructBits(dst, value, size, bigEnd)
}

func appendStructBits(dst []byte, value uint64, size int, bigEnd bool) []byte {
	switch {
	case size == 1:
		return append(dst, byte(value))
	case size == 4 && bigEnd:
		return binary.BigEndian.AppendUint32(dst, uint32(value))
	case size == 4:
		return binary.LittleEndian.AppendUint32(dst, uint32(value))
	case size == 8 && bigEnd:
		return binary.BigEndian.AppendUint64(dst, value)
	case size == 8:
		return binary.LittleEndian.AppendUint64(dst, value)
	}
	for i := range size {
		at := i
		if bigEnd {
			at = size - 1 - i
		}
		b := byte(0)
		if at < 8 {
			b = byte(value >> (8 * at))
		}
		dst = append(dst, b)
	}
	return dst
}

// readStructInt reads an integer; of a long one only the low eight bytes count.
func readStructInt(b []byte, bigEnd, isSigned bool) float64 {
	value := readStructBits(b, bigEnd)
	if !isSigned {
		return float64(value)
	}
	// The shift wraps as it does on x86, which shows with integers of more than 8 bytes.
	mask := ^uint64(0) << ((len(b)*8 - 1) & 63)
	if value&mask != 0 {
		value |= mask
	}
	return float64(int64(value))
}

func readStructBits(b []byte, bigEnd bool) uint64 {
	switch {
	case len(b) == 8 && bigEnd:
		return binary.BigEndian.Uint64(b)
	case len(b) == 8:
		return binary.LittleEndian.Uint64(b)
	}
	value := uint64(0)
	for i := range b {
		at := len(b) - 1 - i
		if bigEnd {
			at = i
		}
		value = value<<8 | uint64(b[at])
	}
	return value
}

func structUnpack(c *Call) int {
	f := newStructFormat(c)
	data := c.CheckBytes(2)
	pos := uint64(c.OptInt(3, 1))
	if pos == 0 {
		c.ArgError(3, "offset must be 1 or greater")
	}
	pos--
	n := 0
	for {
		option, size, more := f.next()
		if !more {
			c.Push(Number(float64(int64(pos + 1))))
			return n + 1
		}
		pos += f.padding(pos, option, size)
		checkStructData(c, data, pos, size)
		stackError(c, 2, "too many results")
		var item []byte
		if size > 0 {
			item = data[pos : pos+uint64(size)]
		}
		switch option {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			c.Push(Number(readStructInt(item, f.bigEnd, option >= 'a')))
		case 'x':
			n--
		case 'f':
			c.Push(Number(float64(math.Float32frombits(uint32(readStructBits(item, f.bigEnd))))))
		case 'd':
			c.Push(Number(math.Float64frombits(readStructBits(item, f.bigEnd))))
		case 'c':
			if size == 0 {
				size = previousSize(c, n)
				n--
				checkStructData(c, data, pos, size)
				item = data[pos : pos+uint64(size)]
			}
			c.Push(c.NewString(item))
		case 's':
			end := bytes.IndexByte(data[pos:], 0)
			if end < 0 {
				c.Errorf("unfinished string in data")
			}
			c.Push(c.NewString(data[pos : pos+uint64(end)]))
			size = end + 1
		default:
			f.control(option)
			n--
		}
		n++
		pos += uint64(size)
	}
}

func checkStructData(c *Call, data []byte, pos uint64, size int) {
	if size < 0 || size > len(data) || pos > uint64(len(data)-size) {
		c.ArgError(2, "data string too short")
	}
}

// previousSize takes the size of a c0 from the result before it.
func previousSize(c *Call, n int) int {
	if n > 0 {
		if f, ok := c.ToNumber(c.Pushed(-1)); ok {
			c.Pop(1)
			return int(toUint64(f))
		}
	}
	c.Errorf("format 'c0' needs a previous size")
	return 0
}

func structSize(c *Call) int {
	f := newStructFormat(c)
	pos := uint64(0)
	for {
		option, size, more := f.next()
		if !more {
			return c.Return1(Number(float64(int64(pos))))
		}
		pos += f.padding(pos, option, size)
		switch {
		case option == 's':
			c.ArgError(1, "option 's' has no fixed size")
		case option == 'c' && size == 0:
			c.ArgError(1, "option 'c0' has no fixed size")
		}
		// A letter that is no option counts for nothing here.
		if !isAlnum(option) {
			f.control(option)
		}
		pos += uint64(size)
	}
}
