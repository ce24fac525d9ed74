// C's pow, whose results for whole exponents Go's does not always match. Pure functions.
package lua

import "math"

// power is C's pow. Whole exponents are multiplied out with twice the precision, because Go's Pow is not exact for them.
func power(x, y float64) float64 {
	if y == 2 {
		return x * x
	}
	n := math.Abs(y)
	switch {
	case y == 0.5 && x > 0:
		return math.Sqrt(x)
	case n > 1024 || n != math.Trunc(n) || !isFinite(x) || x == 0:
		return powInvalid(x, y)
	}
	hi, lo := 1.0, 0.0
	baseHi, baseLo := x, 0.0
	for e := int(n); ; {
		if e&1 != 0 {
			hi, lo = multiply(hi, lo, baseHi, baseLo)
		}
		if e >>= 1; e == 0 {
			break
		}
		baseHi, baseLo = multiply(baseHi, baseLo, baseHi, baseLo)
	}
	r := hi + lo
	if !isFinite(r) || math.Abs(r) < 0x1p-960 {
		return powInvalid(x, y)
	}
	if y < 0 {
		// One step of Newton's method takes the low part in.
		q := 1 / hi
		return q + q*(math.FMA(-q, hi, 1)-q*lo)
	}
	return r
}

// powInvalid is math.Pow with the signs of NaN that C gives.
func powInvalid(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case y != y || x != x && !isFinite(y):
		return x + y
	case x != x:
		if math.Signbit(x) && math.Mod(y, 2) != 0 && y == math.Trunc(y) {
			return math.Abs(x)
		}
		return x
	}
	r := math.Pow(x, y)
	if r != r {
		return math.Copysign(r, -1)
	}
	return r
}

// multiply returns the product of two numbers that are each the sum of a high and a low part.
func multiply(ah, al, bh, bl float64) (hi, lo float64) {
	p := ah * bh
	e := math.FMA(ah, bh, -p) + (ah*bl + al*bh)
	hi = p + e
	return hi, e - (hi - p)
}
