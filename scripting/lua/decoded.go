// What the decoders of cjson and cmsgpack share: a stack of elements whose table is not made yet, and known keys.
package lua

import "math/bits"

// keyCache remembers the strings of object keys seen lately, so that a list of like objects shares its keys.
type keyCache [64]*String

const maxCachedKey = 64

// key returns b as a string value, the same one as the last time if it is remembered.
func (l *library) key(c *Call, b []byte) Value {
	n := len(b)
	if n < 2 || n > maxCachedKey {
		return l.substring(c, b)
	}
	l.shaped = true
	h := uint(n)<<4 ^ uint(b[0])<<2 ^ uint(b[n-1]) ^ uint(b[n/2])<<1
	slot := &l.keys[h%uint(len(l.keys))]
	if *slot == nil || (*slot).str() != string(b) {
		*slot = c.NewString(b).string()
	}
	return (*slot).value()
}

// push puts v on the stack of decoded elements.
func (l *library) push(c *Call, v Value) {
	if len(l.values) == cap(l.values) {
		size := max(2*cap(l.values), 64)
		c.Charge((size - cap(l.values)) * int(valueSize))
		grown := allot[Value](c.s, size)[:len(l.values)]
		c.s.moveValues(grown, l.values)
		l.values = grown
	}
	l.values = append(l.values, v.clean())
}

// popArray makes a table of the elements from base on.
func (l *library) popArray(c *Call, base int) *Table {
	elements := l.values[base:]
	t := c.NewTable(1<<bits.Len(uint(len(elements)-1)), 0)
	c.s.moveValues(t.elements(len(elements)), elements)
	l.pop(base)
	return t
}

// pop drops the elements from base on, which are cleared when the run is over.
func (l *library) pop(base int) {
	l.deepest = max(l.deepest, len(l.values))
	l.values = l.values[:base]
}
