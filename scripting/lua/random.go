// Redis's random numbers: the 48-bit generator of lrand48, the same on every machine.
package lua

// randomState is the state of the generator, 48 bits.
type randomState uint64

// newRandomState returns the state that a Redis server starts with; it never seeds it.
func newRandomState() randomState { return 0x1234ABCD330E }

// seedRandom is srand48.
func seedRandom(seed int32) randomState { return randomState(uint32(seed))<<16 | 0x330E }

// next returns the next number, 31 bits.
func (r *randomState) next() int32 {
	*r = (*r*0x5DEECE66D + 0xB) & (1<<48 - 1)
	return int32(*r >> 17)
}

// float returns the next number as math.random has it, from 0 up to but not including 1.
func (r *randomState) float() float64 {
	const limit = 1<<31 - 1
	return float64(r.next()%limit) / limit
}
