// The math library.
package lua

import "math"

func (l *library) openMath(s *State) {
	t := s.Register("math", []Function{
		{"abs", func(c *Call) int { return c.Return1(Number(math.Abs(c.CheckNumber(1)))) }},
		{"acos", func(c *Call) int { return c.Return1(Number(math.Acos(c.CheckNumber(1)))) }},
		{"asin", func(c *Call) int { return c.Return1(Number(math.Asin(c.CheckNumber(1)))) }},
		{"atan", func(c *Call) int { return c.Return1(Number(math.Atan(c.CheckNumber(1)))) }},
		{"atan2", mathAtan2},
		{"ceil", func(c *Call) int { return c.Return1(Number(math.Ceil(c.CheckNumber(1)))) }},
		{"cos", func(c *Call) int { return c.Return1(Number(invalid(math.Cos, c.CheckNumber(1)))) }},
		{"cosh", func(c *Call) int { return c.Return1(Number(invalid(math.Cosh, c.CheckNumber(1)))) }},
		{"deg", func(c *Call) int { return c.Return1(Number(c.CheckNumber(1) / (math.Pi / 180))) }},
		{"exp", func(c *Call) int { return c.Return1(Number(math.Exp(c.CheckNumber(1)))) }},
		{"floor", func(c *Call) int { return c.Return1(Number(math.Floor(c.CheckNumber(1)))) }},
		{"fmod", mathFmod},
		{"frexp", mathFrexp},
		{"ldexp", mathLdexp},
		{"log", func(c *Call) int { return c.Return1(Number(invalid(math.Log, c.CheckNumber(1)))) }},
		{"log10", func(c *Call) int { return c.Return1(Number(log10(c.CheckNumber(1)))) }},
		{"max", mathMax},
		{"min", mathMin},
		{"modf", mathModf},
		{"pow", func(c *Call) int { return c.Return1(Number(power(checkSecondFirst(c)))) }},
		{"rad", func(c *Call) int { return c.Return1(Number(c.CheckNumber(1) * (math.Pi / 180))) }},
		{"random", l.mathRandom},
		{"randomseed", l.mathRandomseed},
		{"sin", func(c *Call) int { return c.Return1(Number(invalid(math.Sin, c.CheckNumber(1)))) }},
		{"sinh", func(c *Call) int { return c.Return1(Number(math.Sinh(c.CheckNumber(1)))) }},
		{"sqrt", func(c *Call) int { return c.Return1(Number(invalid(math.Sqrt, c.CheckNumber(1)))) }},
		{"tan", func(c *Call) int { return c.Return1(Number(invalid(math.Tan, c.CheckNumber(1)))) }},
		{"tanh", func(c *Call) int { return c.Return1(Number(math.Tanh(c.CheckNumber(1)))) }},
	})
	s.SetField(t, "mod", t.GetStr("fmod"))
	s.SetField(t, "pi", Number(math.Pi))
	s.SetField(t, "huge", Number(math.Inf(1)))
}

// invalid is f(x) with the NaN that x86 makes of an invalid operation, which prints as -nan; a NaN stays what it is.
func invalid(f func(float64) float64, x float64) float64 {
	if x != x {
		return x
	}
	r := f(x)
	if r != r {
		return math.Copysign(r, -1)
	}
	return r
}

// checkSecondFirst returns two numbers. The second is checked first, as it happens in C, which shows in errors.
func checkSecondFirst(c *Call) (x, y float64) {
	y = c.CheckNumber(2)
	return c.CheckNumber(1), y
}

func mathAtan2(c *Call) int {
	x, y := checkSecondFirst(c)
	if x != x || y != y {
		return c.Return1(Number(x + y))
	}
	return c.Return1(Number(math.Atan2(x, y)))
}

func mathLdexp(c *Call) int {
	e := c.CheckInt32(2)
	return c.Return1(Number(math.Ldexp(c.CheckNumber(1), e)))
}

func mathFmod(c *Call) int {
	x, y := checkSecondFirst(c)
	switch {
	case x != x || y != y:
		return c.Return1(Number(x + y))
	case isFinite(x) && !isFinite(y):
		return c.Return1(Number(x))
	}
	r := math.Mod(x, y)
	if r != r {
		r = math.Copysign(r, -1)
	}
	return c.Return1(Number(r))
}

func mathFrexp(c *Call) int {
	m, e := math.Frexp(c.CheckNumber(1))
	return c.Return2(Number(m), Int(e))
}

func mathModf(c *Call) int {
	x := c.CheckNumber(1)
	whole := math.Trunc(x)
	fraction := math.Copysign(0, x)
	if x != x {
		fraction = x
	} else if isFinite(x) {
		fraction = math.Copysign(x-whole, x)
	}
	return c.Return2(Number(whole), Number(fraction))
}

func mathMax(c *Call) int {
	r := c.CheckNumber(1)
	for i := 2; i <= c.N(); i++ {
		if f := c.CheckNumber(i); f > r {
			r = f
		}
	}
	c.Steps(c.N())
	return c.Return1(Number(r))
}

func mathMin(c *Call) int {
	r := c.CheckNumber(1)
	for i := 2; i <= c.N(); i++ {
		if f := c.CheckNumber(i); f < r {
			r = f
		}
	}
	c.Steps(c.N())
	return c.Return1(Number(r))
}

// log10 is exact for powers of ten, as C's is and Go's is not: the logarithm of the fraction, plus the exponent times
// log10(2) in two parts.
func log10(x float64) float64 {
	const (
		inverseLn10 = 4.34294481903251816668e-01
		log10of2hi  = 3.01029995663611771306e-01
		log10of2lo  = 3.69423907715893078616e-13
	)
	switch {
	case x != x:
		return x
	case !(x > 0) || !isFinite(x):
		return math.Log10(x)
	}
	fraction, e := math.Frexp(x) // in [0.5, 1)
	fraction, e = fraction*2, e-1
	if e < 0 {
		fraction, e = fraction/2, e+1
	}
	return float64(e)*log10of2lo + inverseLn10*math.Log(fraction) + float64(e)*log10of2hi
}

func (l *library) mathRandom(c *Call) int {
	r := l.random.float()
	switch c.N() {
	case 0:
		return c.Return1(Number(r))
	case 1:
		upper := c.CheckInt32(1)
		if upper < 1 {
			c.ArgError(1, "interval is empty")
		}
		return c.Return1(Number(math.Floor(r*float64(upper)) + 1))
	case 2:
		lower, upper := c.CheckInt32(1), c.CheckInt32(2)
		if lower > upper {
			c.ArgError(2, "interval is empty")
		}
		// The width is a C int and overflows as one.
		return c.Return1(Number(math.Floor(r*float64(int32(upper-lower+1))) + float64(lower)))
	}
	c.Errorf("wrong number of arguments")
	return 0
}

func (l *library) mathRandomseed(c *Call) int {
	seed := c.CheckInt32(1)
	if !l.seeded {
		l.unseeded, l.seeded = l.random, true
	}
	l.random = seedRandom(int32(seed))
	return 0
}
