package lua

import (
	"math"
	"testing"
)

func TestFormatNumber(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "-0"}, {1, "1"}, {-7, "-7"}, {1e13, "10000000000000"}, {99999999999999, "99999999999999"},
		{1e14, "1e+14"}, {-1e14, "-1e+14"}, {123456789012345, "1.2345678901234e+14"}, {1 << 53, "9.007199254741e+15"},
		{0.1, "0.1"}, {0.1 + 0.2, "0.3"}, {1.0 / 3, "0.33333333333333"}, {1e100, "1e+100"}, {0.00001, "1e-05"}, {0.0001, "0.0001"},
		{1234567.891, "1234567.891"}, {5e-324, "4.9406564584125e-324"}, {math.MaxFloat64, "1.7976931348623e+308"},
		{math.Inf(1), "inf"}, {math.Inf(-1), "-inf"}, {math.Float64frombits(0x7FF8000000000000), "nan"}, {math.Float64frombits(0xFFF8000000000000), "-nan"},
		{99999999999999.5, "1e+14"}, {12345678901234.5, "12345678901234"}, {12345678901235.5, "12345678901236"},
	} {
		if got := string(formatNumber(nil, c.f)); got != c.want {
			t.Errorf("formatNumber(%v) = %q, want %q", c.f, got, c.want)
		}
	}
}

func TestParseNumber(t *testing.T) {
	bad := math.Float64frombits(0x7FF8DEAD00000000)
	for _, c := range []struct {
		s    string
		want float64
	}{
		{"10", 10}, {" 10 ", 10}, {"\t\n\v\f\r1", 1}, {"+5", 5}, {"-5", -5}, {"5.", 5}, {".5", .5}, {".", bad}, {"", bad}, {" ", bad}, {"-", bad},
		{"1e3", 1000}, {"1e", bad}, {"1e+", bad}, {"1E-2", .01}, {"0x10", 16}, {"-0x10", -16}, {"0X1F", 31}, {"0x", bad}, {"0xg", bad}, {"0x.8", .5},
		{"0xA.8p0", 10.5}, {"0x1p4", 16}, {"0x1p", bad}, {"1_000", bad}, {"1 2", bad}, {"1\x00zz", 1}, {"inf", math.Inf(1)}, {"-Infinity", math.Inf(-1)},
		{"infin", bad}, {"1e999", math.Inf(1)}, {"1e-999", 0}, {"9223372036854775808", 1 << 63}, {"99999999999999999999", 1e20},
		{"0xffffffffffffffffff", 0xffffffffffffffffff}, {"1-", bad}, {"--1", bad}, {"1.5e3", 1500}, {"123456789012345678", 123456789012345678},
		{"1..2", bad}, {"5.e1", 50}, {"x", bad}, {"0b1", bad}, {"1f", bad}, {"in", bad},
	} {
		got, ok := parseNumber([]byte(c.s))
		if c.want != c.want {
			if ok {
				t.Errorf("parseNumber(%q) = %v, want none", c.s, got)
			}
		} else if !ok || got != c.want {
			t.Errorf("parseNumber(%q) = %v %v, want %v", c.s, got, ok, c.want)
		}
	}
	for s, negative := range map[string]bool{"nan": false, "-NaN": true, "nan(12_a)": false} {
		if f, ok := parseNumber([]byte(s)); !ok || f == f || math.Signbit(f) != negative {
			t.Errorf("parseNumber(%q) = %v %v", s, f, ok)
		}
	}
	if _, ok := parseNumber([]byte("nan(")); ok {
		t.Error("parseNumber accepted nan(")
	}
}

func TestNumberAllocs(t *testing.T) {
	buf := make([]byte, 0, 64)
	text := []byte("1234.5678e3")
	if n := testing.AllocsPerRun(100, func() { buf = formatNumber(buf[:0], 1234.5678); parseNumber(text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
