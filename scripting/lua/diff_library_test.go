// Differential fuzzing of the library against a live redis-server: make it run with LUA_DIFF=<number of scripts>.
package lua

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestLibraryDiff(t *testing.T) {
	count, err := strconv.Atoi(os.Getenv("LUA_DIFF"))
	if err != nil {
		t.Skip("LUA_DIFF does not say how many scripts to compare")
	}
	seed := uint64(1)
	if n, err := strconv.ParseUint(os.Getenv("LUA_DIFF_SEED"), 10, 64); err == nil {
		seed = n
	}
	redis := startRedis(t)
	s := New()
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	kinds := []func() string{g.formatCall, g.patternCall, g.jsonEncode, g.jsonDecode, g.packCall, g.unpackCall, g.structPack, g.structUnpack, g.numbers, g.tableCall, g.stringCall, g.bitCall}
	different := 0
	for i := range count {
		script := answerScript(kinds[i%len(kinds)]())
		want := redis.eval(t, script)
		if got := evalText(s, script); got != want {
			different++
			t.Errorf("%s\n\tgot  %s\n\twant %s", strings.TrimSuffix(strings.TrimPrefix(script, answerPrefix), answerSuffix), got, want)
			if different > 40 {
				t.Fatal("too many differences")
			}
		}
		if i%5000 == 4999 {
			fmt.Fprint(redis.conn, "*3\r\n$6\r\nSCRIPT\r\n$5\r\nFLUSH\r\n$4\r\nSYNC\r\n")
			if _, err := redis.r.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// generator makes one-line scripts.
type generator struct{ *rand.Rand }

func (g generator) pick(choices ...string) string { return choices[g.IntN(len(choices))] }

// quoted returns b as a Lua string.
func quoted(b []byte) string {
	var o strings.Builder
	o.WriteByte('\'')
	for _, c := range b {
		if c >= ' ' && c < 127 && c != '\'' && c != '\\' {
			o.WriteByte(c)
		} else {
			fmt.Fprintf(&o, "\\%03d", c)
		}
	}
	return o.String() + "'"
}

func (g generator) from(alphabet string, n int) []byte {
	b := make([]byte, g.IntN(n+1))
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return b
}

func (g generator) bytes(n int) []byte {
	b := make([]byte, g.IntN(n+1))
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g generator) number() string {
	switch g.IntN(12) {
	case 0:
		return g.pick("0", "-0", "1/0", "-1/0", "0/0", "2^31", "2^32", "2^53", "2^63", "-2^63", "2^64", "1e15", "1e14", "0.1", "1e308", "5e-324", "-1", "1e100")
	case 1, 2, 3, 4:
		return strconv.Itoa(g.IntN(400) - 100)
	case 5:
		return strconv.FormatInt(int64(g.Uint64()), 10)
	case 6:
		return strconv.FormatFloat(g.NormFloat64(), 'g', 1+g.IntN(17), 64)
	case 7:
		return strconv.FormatFloat(g.NormFloat64()*1e6, 'f', g.IntN(6), 64)
	case 8:
		return strconv.FormatFloat(g.ExpFloat64()*float64(uint64(1)<<g.IntN(63)), 'e', g.IntN(17), 64)
	case 9:
		return fmt.Sprintf("%d.%d", g.IntN(1000), g.IntN(1000))
	case 10:
		return fmt.Sprintf("%de%d", g.IntN(1000), g.IntN(60)-30)
	}
	return fmt.Sprintf("%d/%d", g.IntN(1000), 1+g.IntN(100))
}

func (g generator) text() string {
	switch g.IntN(5) {
	case 0:
		return quoted(g.bytes(12))
	case 1:
		return quoted(g.from("0123456789.eE+-x ", 6))
	}
	return quoted(g.from("abcxyz ,=0129.-()[]%\"\\/\n", 12))
}

func (g generator) value(depth int) string {
	switch n := g.IntN(12); {
	case n < 3:
		return g.number()
	case n < 6:
		return g.text()
	case n == 6:
		return g.pick("true", "false", "nil", "cjson.null", "string.rep")
	case depth <= 0:
		return g.number()
	}
	var o []string
	for range g.IntN(6) {
		v := g.value(depth - 1)
		switch g.IntN(8) {
		case 0:
			v = "[" + g.pick("1", "2", "3", "5", "-1", "0.5", "12", "'1'", "true", "2^31") + "]=" + v
		case 1, 2, 3:
			v = g.pick("a", "b", "key", "id", "name", "x1", "longer_name") + "=" + v
		}
		o = append(o, v)
	}
	return "{" + strings.Join(o, ",") + "}"
}

func (g generator) spec() string {
	s := "%"
	for range g.IntN(3) {
		s += g.pick("-", "+", " ", "#", "0")
	}
	if g.IntN(2) == 0 {
		s += strconv.Itoa(g.IntN(25))
	}
	if g.IntN(2) == 0 {
		s += "." + g.pick("", strconv.Itoa(g.IntN(25)))
	}
	return s + g.pick("d", "i", "u", "o", "x", "X", "e", "E", "f", "g", "G", "c", "s", "q", "g", "f", "d", "s", "%", "y")
}

func (g generator) formatCall() string {
	f, args := "", ""
	for range 1 + g.IntN(3) {
		f += string(g.from("ab %\x00", 2)) + g.spec()
		args += "," + g.pick(g.number(), g.number(), g.text(), g.pick("nil", "{}", "true"))
	}
	return "return string.format(" + quoted([]byte(f)) + args + ")"
}

func (g generator) pattern() string {
	p := g.pick("", "", "", "^")
	for range g.IntN(6) {
		p += g.pick("a", "b", "x", ".", "%a", "%d", "%s", "%w", "%p", "%A", "%W", "[abc]", "[^a]", "[a-c]", "[%a_]", "[%d.]", "[]]", "[^%s]", "=", ",", " ", "%.", "%%", "%x", "-", "\x00", "%z")
		p += g.pick("", "", "", "*", "+", "-", "?")
		p += g.pick("", "", "", "", "", "(", ")", "()", "(", ")", "%1", "%b()", "%f[%w]", "$", "[", "%")
	}
	return p + g.pick("", "", "$", ")", "))")
}

func (g generator) patternCall() string {
	subject := quoted(g.from("aaabbcx ,=12.()_\x00", 12))
	p := quoted([]byte(g.pattern()))
	switch g.IntN(6) {
	case 0:
		return fmt.Sprintf("return string.find(%s,%s,%d)", subject, p, g.IntN(10)-4)
	case 1:
		return fmt.Sprintf("return string.match(%s,%s)", subject, p)
	case 2:
		return fmt.Sprintf("local r={} for a,b in string.gmatch(%s,%s) do r[#r+1]=a r[#r+1]=b end return unpack(r)", subject, p)
	case 3:
		return fmt.Sprintf("return string.gsub(%s,%s,%s)", subject, p, quoted(g.from("<>%%%012x", 5)))
	case 4:
		return fmt.Sprintf("return string.gsub(%s,%s,%s,%d)", subject, p, g.pick("function(a,b) return b end", "function(...) return select('#',...) end", "{a=1,b='x',aa=false,['']=2.5}", "{[1]='one',[2]=2}"), g.IntN(5))
	}
	return fmt.Sprintf("return string.find(%s,%s)", subject, p)
}

func (g generator) jsonEncode() string {
	v := g.value(4)
	switch g.IntN(4) {
	case 0:
		return "local t=" + v + " cjson.encode_sparse_array(true) local r={pcall(cjson.encode,t)} cjson.encode_sparse_array(false) return unpack(r)"
	case 1:
		return fmt.Sprintf("local t=%s cjson.encode_number_precision(%d) local r={pcall(cjson.encode,t)} cjson.encode_number_precision(14) return unpack(r)", v, 1+g.IntN(14))
	}
	return "return cjson.encode(" + v + ")"
}

func (g generator) document(depth int) string {
	space := g.pick("", "", "", " ", "\t")
	switch n := g.IntN(10); {
	case n < 3:
		return space + g.pick(strconv.Itoa(g.IntN(1000)), "-1.5", "1e3", "0.1", "12345678901234567890", "-0", "1E-2", strconv.FormatFloat(g.NormFloat64(), 'g', -1, 64))
	case n < 5:
		return space + `"` + string(g.from(`abc é\nu0041/`+"\x7f", 8)) + `"`
	case n == 5:
		return space + g.pick("true", "false", "null", "nan", "inf", "-inf", "0x1F", "+1", "01")
	case depth <= 0:
		return "[]"
	}
	var o []string
	object := g.IntN(2) == 0
	for range g.IntN(5) {
		v := g.document(depth - 1)
		if object {
			v = fmt.Sprintf(`%s"%s":%s`, space, g.pick("a", "b", "c", "key", "id", "name", "value", "", "k"+strconv.Itoa(g.IntN(40))), v)
		}
		o = append(o, v)
	}
	if object {
		return space + "{" + strings.Join(o, ",") + space + "}"
	}
	return space + "[" + strings.Join(o, ",") + space + "]"
}

func (g generator) jsonDecode() string {
	d := []byte(g.document(4))
	if g.IntN(3) == 0 {
		for range 1 + g.IntN(2) {
			d[g.IntN(len(d))] = `[]{},:"\0 1atn.-`[g.IntN(16)]
		}
	}
	if g.IntN(8) == 0 {
		d = d[:g.IntN(len(d))+1]
	}
	if g.IntN(3) == 0 {
		return "return cjson.encode(cjson.decode(" + quoted(d) + "))"
	}
	return "return cjson.decode(" + quoted(d) + ")"
}

func (g generator) packCall() string {
	v := g.value(4)
	if g.IntN(2) == 0 {
		return "return cmsgpack.pack(" + v + "," + g.value(2) + ")"
	}
	return "return cmsgpack.unpack(cmsgpack.pack(" + v + "))"
}

func (g generator) unpackCall() string {
	var b []byte
	for range 1 + g.IntN(8) {
		b = append(b, g.pick("\x90", "\x91", "\x92", "\x93", "\x80", "\x81", "\x82", "\xa1", "\xa2", "\xc0", "\xc2", "\xc3", "\xca", "\xcb", "\xcc", "\xcd", "\xce", "\xcf", "\xd0", "\xd1", "\xd2",
			"\xd3", "\xd9\x01", "\xda\x00\x01", "\xdb\x00\x00\x00\x01", "\xdc\x00\x02", "\xdd\x00\x00\x00\x02", "\xde\x00\x01", "\xdf\x00\x00\x00\x01", "\x01", "\xff", "\xe0", "\x7f", "\xc1")...)
		b = append(b, g.bytes(4)...)
	}
	if g.IntN(4) == 0 {
		return fmt.Sprintf("return cmsgpack.unpack_limit(%s,%d,%d)", quoted(b), g.IntN(4), g.IntN(4))
	}
	return "return cmsgpack.unpack(" + quoted(b) + ")"
}

func (g generator) structFormat() string {
	f := ""
	for range 1 + g.IntN(6) {
		f += g.pick("b", "B", "h", "H", "i", "I", "l", "L", "T", "f", "d", "s", "x", "c"+strconv.Itoa(g.IntN(4)), "i"+strconv.Itoa(g.IntN(18)), "I"+strconv.Itoa(g.IntN(18)), ">", "<", "!", "!"+strconv.Itoa(g.IntN(9)), " ", "z")
	}
	return f
}

func (g generator) structPack() string {
	args := ""
	for range g.IntN(7) {
		args += "," + g.pick(g.number(), g.number(), g.text())
	}
	f := g.structFormat()
	if g.IntN(4) == 0 {
		return "return struct.size('" + f + "')"
	}
	return "return struct.pack('" + f + "'" + args + ")"
}

func (g generator) structUnpack() string {
	data := append(g.bytes(40), g.from("abc\x00\x01\x02", 20)...)
	return fmt.Sprintf("return struct.unpack('%s',%s,%d)", g.structFormat(), quoted(data), 1+g.IntN(4))
}

func (g generator) numbers() string {
	a, b := g.number(), g.number()
	switch g.IntN(4) {
	case 0:
		return fmt.Sprintf("return tostring(%s),(%s)..''", a, b)
	case 1:
		return "return tonumber(" + g.text() + ")"
	case 2:
		return fmt.Sprintf("return (%s)%s(%s)", a, g.pick("+", "-", "*", "/", "%"), b)
	}
	return fmt.Sprintf("return math.%s(%s,%s)", g.pick("max", "min", "fmod", "floor", "ceil", "abs", "modf", "frexp", "sqrt"), a, b)
}

func (g generator) tableCall() string {
	v := g.value(1)
	i, j := g.IntN(8)-1, g.IntN(8)-1
	switch g.IntN(6) {
	case 0:
		return fmt.Sprintf("local t=%s return table.insert(t,%d,'N'),t,#t", v, i)
	case 1:
		return fmt.Sprintf("local t=%s return table.remove(t,%d),t,#t", v, i)
	case 2:
		return fmt.Sprintf("return table.concat(%s,',',%d,%d)", v, i, j)
	case 3:
		return fmt.Sprintf("local t=%s table.sort(t%s) return t", v, g.pick("", ",function(a,b) return tostring(a)<tostring(b) end", ",function(a,b) return type(a)<=type(b) end"))
	case 4:
		return fmt.Sprintf("local t=%s return table.maxn(t),#t,select('#',unpack(t)),unpack(t,%d,%d)", v, i, j)
	}
	return fmt.Sprintf("local r={} for k,v in pairs(%s) do r[#r+1]=type(k)=='table' and 't' or tostring(k) end return table.concat(r,' ')", v)
}

func (g generator) stringCall() string {
	s := g.text()
	i, j := g.IntN(12)-4, g.IntN(12)-4
	return g.pick(fmt.Sprintf("return string.sub(%s,%d,%d)", s, i, j), fmt.Sprintf("return string.byte(%s,%d,%d)", s, i, j), fmt.Sprintf("return string.rep(%s,%d)", s, i),
		fmt.Sprintf("return string.upper(%s),string.lower(%s),string.reverse(%s),string.len(%s)", s, s, s, s), fmt.Sprintf("return string.find(%s,%s,%d,true)", s, g.text(), i), fmt.Sprintf("return %s<%s,%s<=%s", s, g.text(), g.text(), s))
}

func (g generator) bitCall() string {
	return fmt.Sprintf("return bit.%s(%s,%s)", g.pick("band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "tohex", "bnot", "bswap", "tobit"), g.number(), g.number())
}
