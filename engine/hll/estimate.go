// The estimator of Otmar Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", arXiv:1702.01284.

package hll

import "math"

// alpha is 0.5/ln(2).
const alpha = 0.721347520444481703680

// estimate turns a histogram of register values into a cardinality. Products are rounded before they are added: results must
// not depend on whether a machine fuses the two.
func estimate(histogram *[regMax + 1]int) uint64 {
	const m = float64(registers)
	z := m * tau((m-float64(histogram[hashBits+1]))/m)
	for j := hashBits; j >= 1; j-- {
		z += float64(histogram[j])
		z *= 0.5
	}
	z += float64(m * sigma(float64(histogram[0])/m))
	return uint64(math.Round(alpha * m * m / z))
}

func sigma(x float64) float64 {
	if x == 1 {
		return math.Inf(1)
	}
	for y, z := 1.0, x; ; y += y {
		x *= x
		prev := z
		z += float64(x * y)
		if z == prev {
			return z
		}
	}
}

func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	for y, z := 1.0, 1-x; ; {
		x = math.Sqrt(x)
		prev := z
		y *= 0.5
		z -= float64(float64((1-x)*(1-x)) * y)
		if z == prev {
			return z / 3
		}
	}
}
