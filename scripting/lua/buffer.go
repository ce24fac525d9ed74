// A byte buffer for library functions that build strings: reused between calls, charged to the byte budget before it grows.
package lua

// maxString is the size in bytes of the longest string the library makes, that of Redis's longest value.
const maxString = 512 << 20

// buffer collects bytes. Bytes may be appended to b directly, within what room has made sure of.
type buffer struct {
	c       *Call
	b       []byte
	charged int
}

func newBuffer(c *Call) buffer { return buffer{c: c, b: c.TakeBuffer()} }

// room makes sure that n more bytes fit.
func (b *buffer) room(n int) {
	if cap(b.b)-len(b.b) < n {
		b.grow(n)
	}
}

func (b *buffer) grow(n int) {
	if n > maxString-len(b.b) {
		tooLong(b.c)
	}
	size := max(2*cap(b.b), len(b.b)+n, 512)
	b.c.Charge(size - b.charged)
	b.charged = size
	s := b.c.s
	grown := allotBytes(s, size)[:len(b.b)]
	s.copyBytes(grown, b.b)
	b.b = grown
}

// tooLong raises PUC's error of an allocation that failed.
func tooLong(c *Call) { c.Throw(c.NewText("not enough memory")) }

func (b *buffer) addByte(c byte) {
	b.room(1)
	b.b = append(b.b, c)
}

// add appends p and draws steps for it.
func (b *buffer) add(p []byte) {
	b.room(len(p))
	for len(p) > pieceSize {
		b.b = append(b.b, p[:pieceSize]...)
		b.c.Steps(pieceSize >> 4)
		p = p[pieceSize:]
	}
	b.b = append(b.b, p...)
	b.c.Steps(len(p) >> 4)
}

func (b *buffer) addText(p string) {
	b.room(len(p))
	b.b = append(b.b, p...)
}

func (b *buffer) addNumber(f float64) {
	b.room(32)
	b.b = formatNumber(b.b, f)
}

// addValue appends a string or number and reports whether v is one.
func (b *buffer) addValue(v Value) bool {
	switch {
	case v.IsString():
		b.add(v.Bytes())
	case v.IsNumber():
		b.addNumber(v.Number())
	default:
		return false
	}
	return true
}

// result returns the bytes as a string value and hands the buffer back.
func (b *buffer) result() Value {
	v := b.c.NewString(b.b)
	b.release()
	return v
}

func (b *buffer) release() {
	if b.charged > 0 {
		b.c.Charge(-b.charged)
	}
	b.c.GiveBuffer(b.b)
}
