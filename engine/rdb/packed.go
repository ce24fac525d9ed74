// Collections packed into one string: listpacks, and the ziplists, zipmaps and integer sets of older versions.

package rdb

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/evald/evald/engine/listpack"
)

// int returns the text of a number. Texts share memory: most values have many short ones.
func (r *decoder) int(v int64) []byte {
	if cap(r.digits)-len(r.digits) < listpack.MaxIntText {
		r.digits = make([]byte, 0, min(max(64, 2*cap(r.digits)), 1<<16))
	}
	start := len(r.digits)
	r.digits = strconv.AppendInt(r.digits, v, 10)
	return r.digits[start:len(r.digits):len(r.digits)]
}

// listpack returns the elements of a listpack as text.
func (r *decoder) listpack(lp []byte) [][]byte {
	n, err := listpack.Validate(lp)
	if err != nil {
		r.fail()
		return nil
	}
	items := make([][]byte, 0, n)
	for p := listpack.First(lp); p != listpack.End; p = listpack.Next(lp, p) {
		text, v, isInt := listpack.Get(lp, p)
		if isInt {
			text = r.int(v)
		}
		items = append(items, text)
	}
	return items
}

// intset returns the members of an integer set as text: width and count (uint32 LE), then the numbers in ascending order.
func (r *decoder) intset(b []byte) [][]byte {
	if len(b) < 8 {
		r.fail()
		return nil
	}
	width, n := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	b = b[8:]
	if width != 2 && width != 4 && width != 8 || n*width != uint64(len(b)) {
		r.fail()
		return nil
	}
	items := make([][]byte, 0, n)
	prev := int64(math.MinInt64)
	for i := range n {
		var v int64
		switch p := b[i*width:]; width {
		case 2:
			v = int64(int16(binary.LittleEndian.Uint16(p)))
		case 4:
			v = int64(int32(binary.LittleEndian.Uint32(p)))
		default:
			v = int64(binary.LittleEndian.Uint64(p))
		}
		if i > 0 && v <= prev {
			r.fail()
			return nil
		}
		prev = v
		items = append(items, r.int(v))
	}
	return items
}

// ziplist returns the elements of a ziplist as text. Layout: total bytes and offset of the last element (uint32 LE each), count
// (uint16 LE, 65535 = unknown), elements, 0xFF. An element is the previous one's size, an encoding, and the content.
func (r *decoder) ziplist(b []byte) (items [][]byte) {
	const header = 10
	if len(b) < header+1 || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[len(b)-1] != 0xFF {
		r.fail()
		return nil
	}
	count, tail := binary.LittleEndian.Uint16(b[8:]), uint64(binary.LittleEndian.Uint32(b[4:]))
	e := decoder{rest: b[header : len(b)-1], digits: r.digits}
	last, prevSize := header, 0
	for len(e.rest) > 0 {
		last = len(b) - 1 - len(e.rest)
		size := len(e.rest)
		back := int(e.byte())
		if back == 254 {
			if p := e.take(4); p != nil {
				back = int(binary.LittleEndian.Uint32(p))
			}
		}
		item := e.ziplistItem()
		if e.bad || back != prevSize {
			r.fail()
			return nil
		}
		prevSize = size - len(e.rest)
		items = append(items, item)
	}
	r.digits = e.digits
	if tail != uint64(last) || count != 0xFFFF && int(count) != len(items) {
		r.fail()
		return nil
	}
	return items
}

// ziplistItem reads an element behind its back length.
func (e *decoder) ziplistItem() []byte {
	c := e.byte()
	switch c >> 6 {
	case 0:
		return e.take(uint64(c))
	case 1:
		return e.take(uint64(c&0x3F)<<8 | uint64(e.byte()))
	case 2:
		if n := e.take(4); c == 0x80 && n != nil {
			return e.take(uint64(binary.BigEndian.Uint32(n)))
		}
		e.fail()
		return nil
	}
	var v int64
	switch {
	case c == 0xC0:
		v = int64(int16(e.little(2)))
	case c == 0xD0:
		v = int64(int32(e.little(4)))
	case c == 0xE0:
		v = int64(e.little(8))
	case c == 0xF0:
		v = int64(int32(uint32(e.little(3))<<8) >> 8)
	case c == 0xFE:
		v = int64(int8(e.byte()))
	case c >= 0xF1 && c <= 0xFD:
		v = int64(c&0x0F) - 1
	default:
		e.fail()
		return nil
	}
	return e.int(v)
}

// little reads an n-byte number.
func (e *decoder) little(n int) (v uint64) {
	for i := range n {
		v |= uint64(e.byte()) << (8 * i)
	}
	return v
}

// zipmap returns names and values of a zipmap, the small hash of Redis 2.4: a count, then names and values with their lengths,
// the values also with a number of unused bytes behind them, then 0xFF.
func (r *decoder) zipmap(b []byte) (items [][]byte) {
	if len(b) < 2 || b[len(b)-1] != 0xFF {
		r.fail()
		return nil
	}
	e := decoder{rest: b[1 : len(b)-1]}
	for len(e.rest) > 0 && !e.bad {
		items = append(items, e.take(e.zipmapLength()))
		n := e.zipmapLength()
		unused := e.byte()
		items = append(items, e.take(n))
		e.take(uint64(unused))
	}
	if count := b[0]; e.bad || count < 254 && int(count) != len(items)/2 {
		r.fail()
		return nil
	}
	return items
}

func (e *decoder) zipmapLength() uint64 {
	switch c := e.byte(); {
	case c < 254:
		return uint64(c)
	case c == 254:
		return e.little(4)
	}
	e.fail()
	return 0
}
