// The cmsgpack library: MessagePack, byte for byte as Redis writes it.
package lua

import (
	"encoding/binary"
	"math"
)

func (l *library) openCmsgpack(s *State) {
	t := s.Register("cmsgpack", []Function{
		{"pack", msgpackPack},
		{"unpack", l.msgpackUnpack},
		{"unpack_limit", l.msgpackUnpackLimit},
		{"unpack_one", l.msgpackUnpackOne},
	})
	s.SetField(t, "_NAME", s.Intern("cmsgpack"))
	s.SetField(t, "_VERSION", s.Intern("lua-cmsgpack 0.4.0"))
	s.SetField(t, "_COPYRIGHT", s.Intern("Copyright (C) 2012, Salvatore Sanfilippo"))
	s.SetField(t, "_DESCRIPTION", s.Intern("MessagePack C implementation for Lua"))
}

// maxPackNesting is how many tables deep packing goes; a table deeper down is packed as nil.
const maxPackNesting = 16

func msgpackPack(c *Call) int {
	if c.N() == 0 {
		c.ArgError(0, "MessagePack pack needs input.")
	}
	out := newBuffer(c)
	for i := 1; i <= c.N(); i++ {
		packValue(&out, c.Arg(i), 0)
	}
	return c.Return1(out.result())
}

func packValue(out *buffer, v Value, level int) {
	out.room(16)
	switch v.Kind() {
	case KindString:
		packString(out, v.Bytes())
	case KindNumber:
		packNumber(out, v.Number())
	case KindBoolean:
		if v.Truthy() {
			out.b = append(out.b, 0xc3)
		} else {
			out.b = append(out.b, 0xc2)
		}
	case KindTable:
		if level < maxPackNesting {
			packTable(out, v.table(), level)
			return
		}
		out.b = append(out.b, 0xc0)
	default:
		out.b = append(out.b, 0xc0)
	}
}

func packString(out *buffer, b []byte) {
	switch n := len(b); {
	case n < 32:
		out.b = append(out.b, 0xa0|byte(n))
	case n <= 0xff:
		out.b = append(out.b, 0xd9, byte(n))
	case n <= 0xffff:
		out.b = binary.BigEndian.AppendUint16(append(out.b, 0xda), uint16(n))
	default:
		out.b = binary.BigEndian.AppendUint32(append(out.b, 0xdb), uint32(n))
	}
	out.add(b)
}

// packNumber writes a whole number in as few bytes as it can and others as float32 if that loses nothing.
func packNumber(out *buffer, f float64) {
	if i := toInteger(f); float64(i) == f {
		packInt(out, i)
	} else if single := float32(f); float64(single) == f {
		out.b = binary.BigEndian.AppendUint32(append(out.b, 0xca), math.Float32bits(single))
	} else {
		out.b = binary.BigEndian.AppendUint64(append(out.b, 0xcb), math.Float64bits(f))
	}
}

func packInt(out *buffer, i int64) {
	switch {
	case i >= -32 && i <= 127:
		out.b = append(out.b, byte(i))
	case i >= 0 && i <= 0xff:
		out.b = append(out.b, 0xcc, byte(i))
	case i >= 0 && i <= 0xffff:
		out.b = binary.BigEndian.AppendUint16(append(out.b, 0xcd), uint16(i))
	case i >= 0 && i <= 0xffffffff:
		out.b = binary.BigEndian.AppendUint32(append(out.b, 0xce), uint32(i))
	case i >= 0:
		out.b = binary.BigEndian.AppendUint64(append(out.b, 0xcf), uint64(i))
	case i >= math.MinInt8:
		out.b = append(out.b, 0xd0, byte(i))
	case i >= math.MinInt16:
		out.b = binary.BigEndian.AppendUint16(append(out.b, 0xd1), uint16(i))
	case i >= math.MinInt32:
		out.b = binary.BigEndian.AppendUint32(append(out.b, 0xd2), uint32(i))
	default:
		out.b = binary.BigEndian.AppendUint64(append(out.b, 0xd3), uint64(i))
	}
}

// packHeader writes the header of an array (0x90, 0xdc) or map (0x80, 0xde) of n elements.
func packHeader(out *buffer, n int, short, long byte) {
	switch {
	case n <= 15:
		out.b = append(out.b, short|byte(n))
	case n <= 0xffff:
		out.b = binary.BigEndian.AppendUint16(append(out.b, long), uint16(n))
	default:
		out.b = binary.BigEndian.AppendUint32(append(out.b, long+1), uint32(n))
	}
}

// packTable writes a table whose keys are just the numbers from 1 to their count as an array, any other as a map.
func packTable(out *buffer, t *Table, level int) {
	count, isArray := countKeys(out.c.s, t)
	out.c.Steps(1)
	if isArray {
		packHeader(out, t.Len(), 0x90, 0xdc)
		for i := 1; i <= t.Len(); i++ {
			out.c.Steps(1)
			packValue(out, t.GetInt(i), level+1)
		}
		return
	}
	packHeader(out, count, 0x80, 0xde)
	for it := (tableIter{s: out.c.s, t: t}); ; {
		k, v, more := it.next()
		if !more {
			return
		}
		out.c.Steps(2)
		packValue(out, k, level+1)
		packValue(out, v, level+1)
	}
}

// countKeys returns the number of keys and whether they are those of an array.
func countKeys(s *State, t *Table) (count int, isArray bool) {
	greatest := 0.0
	isArray = true
	for it := (tableIter{s: s, t: t}); ; count++ {
		k, _, more := it.next()
		if !more {
			return count, isArray && greatest == float64(count)
		}
		if !isArray {
			continue
		}
		if !k.IsNumber() {
			isArray = false
			continue
		}
		if f := k.Number(); f <= 0 || f != float64(toInt32(f)) {
			isArray = false
		} else {
			greatest = max(greatest, f)
		}
	}
}
