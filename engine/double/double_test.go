package double

import (
	"math"
	"testing"
)

// Texts of Redis since 7.2, from its layout rules; integers and infinities are as in every version.
func TestAppend(t *testing.T) {
	for want, f := range map[string]float64{
		"0": 0, "-0": math.Copysign(0, -1), "3": 3, "-17": -17, "0.1": 0.1, "0.30000000000000004": 0.30000000000000004,
		"3.0000000001": 3.0000000001, "1e+20": 1e20, "123456789012345680": 123456789012345680, "4503599627370497": 4503599627370497,
		"1e-7": 1e-7, "1.5e-7": 1.5e-7, "0.000015": 0.000015, "17179869184.5": 17179869184.5, "inf": math.Inf(1), "-inf": math.Inf(-1),
		"9223372036854776000": 1 << 63, "1.7976931348623157e+308": math.MaxFloat64, "5e-324": 5e-324, "-1.25": -1.25, "1700000000123": 1700000000123,
	} {
		if got := string(Append(nil, f)); got != want {
			t.Errorf("%g: %s, want %s", f, got, want)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { Append(buf, 0.1234567); Append(buf, 12) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
