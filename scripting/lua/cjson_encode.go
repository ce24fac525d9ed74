// cjson.encode: Lua values to JSON text.
package lua

import (
	"math"
	"strconv"
)

// jsonEscapes holds what stands for a byte in a JSON string, "" for itself.
var jsonEscapes = makeJSONEscapes()

func makeJSONEscapes() (escapes [256]string) {
	const hex = "0123456789abcdef"
	for c := range 32 {
		escapes[c] = `\u00` + string(hex[c>>4]) + string(hex[c&15])
	}
	for c, e := range map[byte]string{'\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`, '"': `\"`, '/': `\/`, '\\': `\\`, 127: `\u007f`} {
		escapes[c] = e
	}
	return escapes
}

// jsonEncoder is one call of encode.
type jsonEncoder struct {
	c   *Call
	cfg *jsonConfig
	out buffer
}

func (m *jsonModule) encode(c *Call) int {
	if c.N() != 1 {
		c.ArgError(1, "expected 1 argument")
	}
	e := jsonEncoder{c: c, cfg: m.cfg, out: newBuffer(c)}
	e.value(c.Arg(1), 0, 1)
	return c.Return1(e.out.result())
}

// value appends v. slots is how much of a C function's stack cjson would be using, which has its own limit.
func (e *jsonEncoder) value(v Value, depth, slots int) {
	switch v.Kind() {
	case KindString:
		e.text(v.Bytes())
	case KindNumber:
		e.number(v)
	case KindBoolean:
		if v.Truthy() {
			e.out.addText("true")
		} else {
			e.out.addText("false")
		}
	case KindTable:
		e.table(v, depth+1, slots)
	case KindNil:
		e.out.addText("null")
	default:
		if v != LightUserdata(0) {
			e.fail(v, "type not supported")
		}
		e.out.addText("null")
	}
}

func (e *jsonEncoder) fail(v Value, reason string) {
	e.c.Errorf("Cannot serialise %s: %s", v.TypeName(), reason)
}

func (e *jsonEncoder) text(b []byte) {
	e.out.addByte('"')
	for ; len(b) > pieceSize; b = b[pieceSize:] {
		e.escaped(b[:pieceSize])
	}
	e.escaped(b)
	e.out.addByte('"')
}

// escaped appends a piece of a text.
func (e *jsonEncoder) escaped(b []byte) {
	e.c.Steps(len(b) >> 3)
	e.out.room(len(b))
	done := 0
	for i, ch := range b {
		if escape := jsonEscapes[ch]; escape != "" {
			e.out.room(len(b) - done + len(escape))
			e.out.b = append(append(e.out.b, b[done:i]...), escape...)
			done = i + 1
		}
	}
	e.out.b = append(e.out.b, b[done:]...)
}

func (e *jsonEncoder) number(v Value) {
	f := v.Number()
	e.out.room(32)
	if !isFinite(f) {
		switch e.cfg.encodeInvalid {
		case invalidRefused:
			e.fail(v, "must not be NaN or Inf")
		case invalidNull:
			e.out.b = append(e.out.b, "null"...)
			return
		}
		if f != f {
			f = math.Abs(f)
		}
		e.out.b = appendNonFinite(e.out.b, f)
		return
	}
	if e.cfg.precision == 14 {
		e.out.b = formatNumber(e.out.b, f)
		return
	}
	e.out.b = strconv.AppendFloat(e.out.b, f, 'g', e.cfg.precision, 64)
}

func (e *jsonEncoder) table(v Value, depth, slots int) {
	if depth > e.cfg.encodeMaxDepth || slots+3 > maxNativeStack {
		e.c.Errorf("Cannot serialise, excessive nesting (%d)", depth)
	}
	t := v.table()
	if n := e.arrayLength(v); n > 0 {
		e.array(t, int(n), depth, slots)
	} else {
		e.object(t, depth, slots)
	}
}

func (e *jsonEncoder) array(t *Table, n, depth, slots int) {
	e.out.addByte('[')
	for i := 1; i <= n; i++ {
		e.c.Steps(1)
		if i > 1 {
			e.out.addByte(',')
		}
		e.value(t.GetInt(i), depth, slots+1)
	}
	e.out.addByte(']')
}

func (e *jsonEncoder) object(t *Table, depth, slots int) {
	e.out.addByte('{')
	comma := false
	for it := (tableIter{s: e.c.s, t: t}); ; {
		k, v, more := it.next()
		if !more {
			break
		}
		e.c.Steps(2)
		if comma {
			e.out.addByte(',')
		}
		comma = true
		switch {
		case k.IsNumber():
			e.out.addByte('"')
			e.number(k)
			e.out.addText(`":`)
		case k.IsString():
			e.text(k.Bytes())
			e.out.addByte(':')
		default:
			e.fail(k, "table key must be a number or string")
		}
		e.value(v, depth, slots+2)
	}
	e.out.addByte('}')
}

// arrayLength returns the number of elements if every key is a whole number over 0 and not too many are missing, 0 or
// less if the table is an object. Sizes are C ints and overflow as such.
func (e *jsonEncoder) arrayLength(v Value) int32 {
	greatest, items := int32(0), int32(0)
	it := tableIter{s: e.c.s, t: v.table()}
	for {
		k, _, more := it.next()
		if !more {
			break
		}
		if !k.IsNumber() {
			return -1
		}
		f := k.Number()
		if f < 1 || f != math.Floor(f) {
			return -1
		}
		if f > float64(greatest) {
			greatest = toInt32(f)
		}
		items++
	}
	if ratio := int32(e.cfg.sparseRatio); ratio > 0 && greatest > items*ratio && greatest > int32(e.cfg.sparseSafe) {
		if e.cfg.sparseConvert == 0 {
			e.fail(v, "excessively sparse array")
		}
		return -1
	}
	return greatest
}
