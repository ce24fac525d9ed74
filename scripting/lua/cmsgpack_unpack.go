// cmsgpack.unpack: MessagePack bytes to Lua values, with the limits and error texts of Redis's library.
package lua

import (
	"encoding/binary"
	"math"
)

// unpacker is one call of an unpack function.
type unpacker struct {
	c    *Call
	l    *library
	data []byte
	i    int
}

func (l *library) msgpackUnpack(c *Call) int { return l.unpackFrom(c, 0, 0) }

func (l *library) msgpackUnpackOne(c *Call) int {
	return l.unpackFrom(c, 1, c.OptInt(2, 0))
}

func (l *library) msgpackUnpackLimit(c *Call) int {
	limit := c.CheckInt(2)
	return l.unpackFrom(c, limit, c.OptInt(3, 0))
}

// unpackFrom pushes up to limit values from offset on, with the offset behind them in front: -1 at the end of the data.
// No limit and no offset stand for all values and no offset in front.
func (l *library) unpackFrom(c *Call, limit, offset int) int {
	all := limit == 0 && offset == 0
	data := c.CheckBytes(1)
	switch {
	case offset < 0 || limit < 0:
		// sic: the text gives the length of the data for the limit, as Redis's does.
		c.Errorf("Invalid request to unpack with offset of %d and limit of %d.", int32(offset), len(data))
	case offset > len(data):
		c.Errorf("Start offset %d greater than input length %d.", int32(offset), len(data))
	}
	results, slots := 0, 1
	if all {
		limit, slots = math.MaxInt32, c.N()
	} else {
		c.Push(Nil)
	}
	first := c.t.top
	l.values = l.values[:0]
	u := unpacker{c: c, l: l, data: data, i: offset}
	for results < limit && u.i < len(data) {
		v := u.value(slots + results)
		c.Push(v)
		results++
	}
	if !all {
		next := -1
		if u.i < len(data) {
			next = u.i
		}
		c.t.stack[first-1] = Int(next)
		results++
	}
	return results
}

const tooManyResults = "too many return values at once; use unpack_one or unpack_limit instead."

// check raises cmsgpack's error unless n more values would fit on the stack of a C function.
func (u *unpacker) check(slots int, text string) {
	if slots+1 > maxNativeStack {
		u.c.Errorf("stack overflow (%s)", text)
	}
}

// need returns the n bytes at the current place and goes on behind them.
func (u *unpacker) need(n int) []byte {
	if len(u.data)-u.i < n {
		u.c.Errorf("Missing bytes in input.")
	}
	b := u.data[u.i : u.i+n]
	u.i += n
	return b
}

// value reads one value. slots is how much of the stack the C library would be using.
func (u *unpacker) value(slots int) Value {
	if u.i >= len(u.data) {
		u.need(1)
	}
	u.check(slots, tooManyResults)
	u.c.Steps(1)
	op := u.data[u.i]
	switch {
	case op < 0x80, op >= 0xe0:
		u.i++
		return Int(int(int8(op)))
	case op < 0x90:
		u.i++
		return u.hash(int(op&0xf), slots)
	case op < 0xa0:
		u.i++
		return u.array(int(op&0xf), slots)
	case op < 0xc0:
		return u.text(u.need(1 + int(op&0x1f))[1:])
	}
	switch op {
	case 0xc0:
		u.i++
		return Nil
	case 0xc2, 0xc3:
		u.i++
		return Bool(op == 0xc3)
	case 0xca:
		return Number(float64(math.Float32frombits(binary.BigEndian.Uint32(u.need(5)[1:]))))
	case 0xcb:
		return Number(math.Float64frombits(binary.BigEndian.Uint64(u.need(9)[1:])))
	case 0xcc, 0xcd, 0xce, 0xcf, 0xd0, 0xd1, 0xd2, 0xd3:
		return u.integer(op)
	case 0xd9, 0xda, 0xdb:
		return u.longText(op)
	case 0xdc, 0xde:
		n := int(binary.BigEndian.Uint16(u.need(3)[1:]))
		return u.collection(op == 0xdc, n, slots)
	case 0xdd, 0xdf:
		n := int(binary.BigEndian.Uint32(u.need(5)[1:]))
		return u.collection(op == 0xdd, n, slots)
	}
	u.c.Errorf("Bad data format in input.")
	return Nil
}

func (u *unpacker) integer(op byte) Value {
	switch op {
	case 0xcc:
		return Int(int(u.need(2)[1]))
	case 0xcd:
		return Int(int(binary.BigEndian.Uint16(u.need(3)[1:])))
	case 0xce:
		return Int(int(binary.BigEndian.Uint32(u.need(5)[1:])))
	case 0xd0:
		return Int(int(int8(u.need(2)[1])))
	case 0xd1:
		return Int(int(int16(binary.BigEndian.Uint16(u.need(3)[1:]))))
	case 0xd2:
		return Int(int(int32(binary.BigEndian.Uint32(u.need(5)[1:]))))
	}
	// sic: an unsigned integer (0xcf) is read as a signed one, as Redis does.
	return Number(float64(int64(binary.BigEndian.Uint64(u.need(9)[1:]))))
}

func (u *unpacker) longText(op byte) Value {
	header, n := u.need(2)[1:], 0
	switch op {
	case 0xd9:
		n = int(header[0])
	case 0xda:
		n = int(header[0])<<8 | int(u.need(1)[0])
	default:
		rest := u.need(3)
		n = int(header[0])<<24 | int(rest[0])<<16 | int(rest[1])<<8 | int(rest[2])
	}
	return u.text(u.need(n))
}

func (u *unpacker) text(b []byte) Value {
	u.c.Steps(len(b) >> 4)
	return u.l.substring(u.c, b)
}

func (u *unpacker) collection(isArray bool, n, slots int) Value {
	if isArray {
		return u.array(n, slots)
	}
	return u.hash(n, slots)
}

// array reads n elements. They are collected first, so that the table is made in its final size; but if one is nil the
// table has to grow as it does in C, because its border shows.
func (u *unpacker) array(n, slots int) Value {
	u.check(slots+1, "in function mp_decode_to_lua_array")
	if n == 0 {
		return u.c.NewTable(0, 0).value()
	}
	l := u.l
	base, holes := len(l.values), false
	for range n {
		v := u.value(slots + 2)
		holes = holes || v.IsNil()
		l.push(u.c, v)
	}
	if !holes {
		return l.popArray(u.c, base).value()
	}
	t := u.c.NewTable(0, 0)
	for i, v := range l.values[base:] {
		t.setInt(u.c.s, int64(i+1), v)
	}
	l.pop(base)
	return t.value()
}

// hash reads n keys and values. A key that no table takes is an error before the rest is read.
func (u *unpacker) hash(n, slots int) Value {
	if n == 0 {
		return u.c.NewTable(0, 0).value()
	}
	base := len(u.l.values)
	var t *Table
	for range n {
		k := u.key(slots + 1)
		v := u.value(slots + 2)
		u.c.Steps(1)
		if t == nil {
			u.l.push(u.c, k)
			u.l.push(u.c, v)
			if k.IsNil() || k.IsNumber() || len(u.l.values)-base > 2*maxShapeKeys {
				t = growObject(u.c, u.l.values[base:])
				u.l.pop(base)
			}
			continue
		}
		t.set(u.c.s, k, v)
	}
	if t == nil {
		t = u.l.popObject(u.c, base)
	}
	return t.value()
}

// key is value for a key: short strings come from the cache of keys.
func (u *unpacker) key(slots int) Value {
	if u.i < len(u.data) && u.data[u.i]&0xe0 == 0xa0 {
		u.check(slots, tooManyResults)
		u.c.Steps(1)
		return u.l.key(u.c, u.need(1 + int(u.data[u.i]&0x1f))[1:])
	}
	return u.value(slots)
}
