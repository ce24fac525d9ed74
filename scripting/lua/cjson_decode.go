// cjson.decode: JSON text to Lua values, with cjson's leniency and its error texts.
package lua

import "unicode/utf8"

// Kinds of JSON tokens, and their names in error texts.
const (
	jsonObjectBegin = iota
	jsonObjectEnd
	jsonArrayBegin
	jsonArrayEnd
	jsonString
	jsonNumber
	jsonBoolean
	jsonNull
	jsonColon
	jsonComma
	jsonEnd
	jsonError
)

var jsonTokenNames = [...]string{"T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER", "T_BOOLEAN", "T_NULL",
	"T_COLON", "T_COMMA", "T_END", ""}

// jsonDecoder is one call of decode. The text ends where data does or at a NUL byte.
type jsonDecoder struct {
	c       *Call
	l       *library
	cfg     *jsonConfig
	data    []byte
	i       int
	depth   int
	token   uint8
	at      int     // where the token starts
	number  float64 // of jsonNumber, and 0 or 1 of jsonBoolean
	text    []byte  // of jsonString; valid until the next token
	problem string  // of jsonError
	scratch buffer
}

func (m *jsonModule) decode(c *Call) int {
	if c.N() != 1 {
		c.ArgError(1, "expected 1 argument")
	}
	d := jsonDecoder{c: c, l: m.l, cfg: m.cfg, data: c.CheckBytes(1)}
	if len(d.data) >= 2 && (d.data[0] == 0 || d.data[1] == 0) {
		c.Errorf("JSON parser does not support UTF-16 or UTF-32")
	}
	m.l.values = m.l.values[:0]
	d.scratch = newBuffer(c)
	d.next()
	v := d.value(1)
	d.next()
	if d.token != jsonEnd {
		d.unexpected("the end")
	}
	d.scratch.release()
	return c.Return1(v)
}

func (d *jsonDecoder) byteAt(i int) byte {
	if i < len(d.data) {
		return d.data[i]
	}
	return 0
}

func (d *jsonDecoder) unexpected(wanted string) {
	found := d.problem
	if d.token != jsonError {
		found = jsonTokenNames[d.token]
	}
	d.c.Errorf("Expected %s but found %s at character %d", wanted, found, d.at+1)
}

// value returns the value that starts with the current token. slots is how much of a C function's stack cjson would be
// using.
func (d *jsonDecoder) value(slots int) Value {
	switch d.token {
	case jsonString:
		return d.l.substring(d.c, d.text)
	case jsonNumber:
		return Number(d.number)
	case jsonBoolean:
		return Bool(d.number != 0)
	case jsonNull:
		return LightUserdata(0)
	case jsonObjectBegin:
		return d.object(slots)
	case jsonArrayBegin:
		return d.array(slots)
	}
	d.unexpected("value")
	return Nil
}

// descend counts one level more, which takes up to n slots.
func (d *jsonDecoder) descend(slots, n int) {
	d.depth++
	if d.depth > d.cfg.decodeMaxDepth || slots+n > maxNativeStack {
		d.c.Errorf("Found too many nested data structures (%d) at character %d", d.depth, d.i)
	}
}

func (d *jsonDecoder) object(slots int) Value {
	d.descend(slots, 3)
	d.next()
	if d.token == jsonObjectEnd {
		d.depth--
		return d.c.NewTable(0, 0).value()
	}
	base := len(d.l.values)
	for {
		if d.token != jsonString {
			d.unexpected("object key string")
		}
		d.l.push(d.c, d.l.key(d.c, d.text))
		d.next()
		if d.token != jsonColon {
			d.unexpected("colon")
		}
		d.next()
		d.l.push(d.c, d.value(slots+2))
		d.next()
		if d.token == jsonObjectEnd {
			d.depth--
			return d.l.popObject(d.c, base).value()
		}
		if d.token != jsonComma {
			d.unexpected("comma or object end")
		}
		d.next()
	}
}

// array collects the elements first, so that the table is made in its final size, a power of two as in PUC.
func (d *jsonDecoder) array(slots int) Value {
	d.descend(slots, 2)
	d.next()
	if d.token == jsonArrayEnd {
		d.depth--
		return d.c.NewTable(0, 0).value()
	}
	base := len(d.l.values)
	for {
		v := d.value(slots + 1)
		d.l.push(d.c, v)
		d.next()
		if d.token == jsonArrayEnd {
			d.depth--
			return d.l.popArray(d.c, base).value()
		}
		if d.token != jsonComma {
			d.unexpected("comma or array end")
		}
		d.next()
	}
}

// next reads the next token.
func (d *jsonDecoder) next() {
	i := d.i
	for i < len(d.data) && (d.data[i] == ' ' || d.data[i] == '\n' || d.data[i] == '\t' || d.data[i] == '\r') {
		i++
	}
	d.c.Steps((i - d.i + 8) >> 3)
	d.i, d.at = i, i
	ch := d.byteAt(i)
	switch {
	case ch == '"':
		d.string()
	case ch == '-' || isDigit(ch):
		d.readNumber(d.cfg.decodeInvalid == 0)
	case ch == 0:
		d.token = jsonEnd
	case ch == '{':
		d.single(jsonObjectBegin)
	case ch == '}':
		d.single(jsonObjectEnd)
	case ch == '[':
		d.single(jsonArrayBegin)
	case ch == ']':
		d.single(jsonArrayEnd)
	case ch == ',':
		d.single(jsonComma)
	case ch == ':':
		d.single(jsonColon)
	default:
		d.word()
	}
}

func (d *jsonDecoder) single(token uint8) {
	d.token = token
	d.i++
}

func (d *jsonDecoder) fail(problem string) {
	d.token, d.at, d.problem = jsonError, d.i, problem
}

// word reads true, false, null, or a number that JSON does not have.
func (d *jsonDecoder) word() {
	rest := d.data[d.i:]
	switch {
	case hasPrefix(rest, "true"):
		d.token, d.number = jsonBoolean, 1
		d.i += 4
	case hasPrefix(rest, "false"):
		d.token, d.number = jsonBoolean, 0
		d.i += 5
	case hasPrefix(rest, "null"):
		d.token = jsonNull
		d.i += 4
	case d.cfg.decodeInvalid != 0 && (rest[0] == '+' || hasPrefixFold(rest, "inf") || hasPrefixFold(rest, "nan")):
		d.readNumber(false)
	default:
		d.fail("invalid token")
	}
}

func hasPrefix(b []byte, text string) bool {
	return len(b) >= len(text) && string(b[:len(text)]) == text
}

func (d *jsonDecoder) readNumber(strict bool) {
	if strict && d.invalidNumber() {
		d.fail("invalid number")
		return
	}
	rest := d.data[d.i:]
	// The whole numbers of up to 15 digits that most numbers are.
	k, n := 0, int64(0)
	if rest[0] == '-' {
		k = 1
	}
	first := k
	for k < len(rest) && isDigit(rest[k]) && k < first+15 {
		n = n*10 + int64(rest[k]-'0')
		k++
	}
	if k > first && !continuesNumber(d.byteAt(d.i+k)) {
		d.token, d.number = jsonNumber, signed(float64(n), first == 1)
		d.i += k
		return
	}
	f, used := d.c.s.strtod(rest)
	if used == 0 {
		d.fail("invalid number")
		return
	}
	d.token, d.number = jsonNumber, f
	d.i += used
}

func continuesNumber(c byte) bool {
	return isDigit(c) || c == '.' || c|0x20 == 'e' || c|0x20 == 'x'
}

// invalidNumber reports whether strtod would take what is no number in JSON.
func (d *jsonDecoder) invalidNumber() bool {
	i := d.i
	if d.byteAt(i) == '-' {
		i++
	}
	switch ch := d.byteAt(i); {
	case ch == '0':
		after := d.byteAt(i + 1)
		return after|0x20 == 'x' || isDigit(after)
	case ch <= '9':
		return false
	}
	return hasPrefixFold(d.data[i:], "inf") || hasPrefixFold(d.data[i:], "nan")
}

// string reads a string token. One without escapes is a piece of the input.
func (d *jsonDecoder) string() {
	d.i++
	start := d.i
	for i := start; i < len(d.data); i++ {
		switch d.data[i] {
		case '"':
			d.token, d.text = jsonString, d.data[start:i]
			d.i = i + 1
			d.c.Steps((i - start) >> 3)
			return
		case '\\', 0:
			d.escapedString(start, i)
			return
		}
	}
	d.i = len(d.data)
	d.fail("unexpected end of string")
}

// escapedString goes on at i with a string that started at start.
func (d *jsonDecoder) escapedString(start, i int) {
	d.scratch.b = d.scratch.b[:0]
	d.scratch.add(d.data[start:i])
	for d.i = i; ; d.i++ {
		ch := d.byteAt(d.i)
		switch ch {
		case '"':
			d.i++
			d.token, d.text = jsonString, d.scratch.b
			d.c.Steps((d.i - start) >> 3)
			return
		case 0:
			d.fail("unexpected end of string")
			return
		case '\\':
			if !d.escape() {
				return
			}
			continue
		}
		d.scratch.addByte(ch)
	}
}

// escape appends what the escape at d.i stands for and leaves d.i at its last byte.
func (d *jsonDecoder) escape() bool {
	ch := d.byteAt(d.i + 1)
	switch ch {
	case '"', '\\', '/':
	case 'b':
		ch = '\b'
	case 't':
		ch = '\t'
	case 'n':
		ch = '\n'
	case 'f':
		ch = '\f'
	case 'r':
		ch = '\r'
	case 'u':
		return d.unicodeEscape()
	default:
		d.fail("invalid escape code")
		return false
	}
	d.scratch.addByte(ch)
	d.i++
	return true
}

func (d *jsonDecoder) unicodeEscape() bool {
	r, used := d.hex4(d.i+2), 6
	if r >= 0xD800 && r < 0xE000 {
		low := rune(-1)
		if r < 0xDC00 && d.byteAt(d.i+6) == '\\' && d.byteAt(d.i+7) == 'u' {
			low = d.hex4(d.i + 8)
		}
		if low < 0xDC00 || low > 0xDFFF {
			r = -1
		} else {
			r, used = (r&0x3FF<<10|low&0x3FF)+0x10000, 12
		}
	}
	if r < 0 {
		d.fail("invalid unicode escape code")
		return false
	}
	d.scratch.room(utf8.UTFMax)
	d.scratch.b = utf8.AppendRune(d.scratch.b, r)
	d.i += used - 1
	return true
}

// hex4 returns the value of the four hexadecimal digits at i, -1 if they are not there.
func (d *jsonDecoder) hex4(i int) rune {
	r := rune(0)
	for k := range 4 {
		ch := d.byteAt(i + k)
		if !isHexDigit(ch) {
			return -1
		}
		r = r<<4 | rune(hexValue(ch))
	}
	return r
}
