package double

import (
	"math"
	"testing"
)

// The texts were replied by ZSCORE of redis-server 7.0.15.
func TestAppend(t *testing.T) {
	for want, f := range map[string]float64{
		"0": 0, "-0": math.Copysign(0, -1), "3": 3, "-17": -17, "0.10000000000000001": 0.1, "0.30000000000000004": 0.30000000000000004,
		"3.0000000001": 3.0000000001, "1e+20": 1e20, "1.2345678901234568e+17": 123456789012345680, "4503599627370497": 4503599627370497,
		"9.9999999999999995e-08": 1e-7, "17179869184.5": 17179869184.5, "inf": math.Inf(1), "-inf": math.Inf(-1),
		"9007199254740992": 1 << 53, "1.7976931348623157e+308": math.MaxFloat64, "4.9406564584124654e-324": 5e-324,
	} {
		if got := string(Append(nil, f)); got != want {
			t.Errorf("%g: %s, want %s", f, got, want)
		}
	}
}
