// The bit library: operations on 32-bit integers.
package lua

import (
	"math"
	"math/bits"
)

func openBit(s *State) {
	s.Register("bit", []Function{
		{"arshift", shift(func(b uint32, n int) uint32 { return uint32(int32(b) >> n) })},
		{"band", combine(func(a, b uint32) uint32 { return a & b })},
		{"bnot", func(c *Call) int { return returnBits(c, ^checkBits(c, 1)) }},
		{"bor", combine(func(a, b uint32) uint32 { return a | b })},
		{"bswap", func(c *Call) int { return returnBits(c, bits.ReverseBytes32(checkBits(c, 1))) }},
		{"bxor", combine(func(a, b uint32) uint32 { return a ^ b })},
		{"lshift", shift(func(b uint32, n int) uint32 { return b << n })},
		{"rol", shift(func(b uint32, n int) uint32 { return bits.RotateLeft32(b, n) })},
		{"ror", shift(func(b uint32, n int) uint32 { return bits.RotateLeft32(b, -n) })},
		{"rshift", shift(func(b uint32, n int) uint32 { return b >> n })},
		{"tobit", func(c *Call) int { return returnBits(c, checkBits(c, 1)) }},
		{"tohex", bitTohex},
	})
}

// toBits rounds f to the nearest integer and keeps its low 32 bits. Beyond 2^51 what is left is not that, but it is what
// adding the constant leaves in C as well.
func toBits(f float64) uint32 { return uint32(math.Float64bits(f + 0x1.8p52)) }

func checkBits(c *Call, i int) uint32 {
	f, ok := c.ToNumber(c.Arg(i))
	if !ok {
		c.TypeError(i, "number")
	}
	return toBits(f)
}

func returnBits(c *Call, b uint32) int { return c.Return1(Int(int(int32(b)))) }

// combine folds op over all arguments, the first one first and then from the last one down, as errors show.
func combine(op func(a, b uint32) uint32) Native {
	return func(c *Call) int {
		b := checkBits(c, 1)
		for i := c.N(); i > 1; i-- {
			b = op(b, checkBits(c, i))
		}
		c.Steps(c.N())
		return returnBits(c, b)
	}
}

func shift(op func(b uint32, n int) uint32) Native {
	return func(c *Call) int {
		b := checkBits(c, 1)
		return returnBits(c, op(b, int(checkBits(c, 2)&31)))
	}
}

func bitTohex(c *Call) int {
	b := checkBits(c, 1)
	n := 8
	if c.N() >= 2 {
		n = int(int32(checkBits(c, 2)))
	}
	digits := "0123456789abcdef"
	if n < 0 {
		n, digits = -n, "0123456789ABCDEF"
	}
	n = min(n, 8)
	var text [8]byte
	for i := n - 1; i >= 0; i-- {
		text[i] = digits[b&15]
		b >>= 4
	}
	return c.Return1(c.NewString(text[:n]))
}
