// A generator of random Lua programs that end, for the differential and the native fuzz tests.
package lua

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// programWriter writes one random program. Loops are bounded by their form, recursion by a depth argument.
type programWriter struct {
	*rand.Rand
	b       strings.Builder
	locals  []string // variables in scope
	funcs   []string // functions of (depth, ...) in scope
	depth   int      // nesting of blocks
	loops   int      // nesting of loops
	inLoop  bool     // break can be used
	vararg  bool     // ... can be used
	nameSeq int
	budget  int // statements left
}

// randomProgram returns a program that returns a string made of everything it emitted.
func randomProgram(r *rand.Rand) string {
	w := &programWriter{Rand: r, vararg: true, budget: 6 + r.IntN(30)}
	w.b.WriteString(`local out, ne = {}, 0
local function show(v)
  local k = type(v)
  if k == 'number' then return string.format('%.14g', v) end
  if k == 'string' then return '"' .. string.sub(v, 1, 80) .. '"' .. #v end
  if k == 'boolean' or k == 'nil' then return tostring(v) end
  return k
end
local function emit(...)
  ne = ne + 1
  if ne > 200 then return ... end
  local t = {}
  for i = 1, select('#', ...) do t[i] = show((select(i, ...))) end
  out[#out + 1] = table.concat(t, ',')
  return ...
end
local function dump(t)
  local n, r = 0, {}
  if type(t) ~= 'table' then return emit(t) end
  for k, v in pairs(t) do
    n = n + 1
    local kk = type(k)
    if kk == 'table' or kk == 'function' or kk == 'thread' then r = {'objects'} break end
    if n <= 30 then r[#r + 1] = show(k) .. '=' .. show(v) end
  end
  out[#out + 1] = table.concat(r, ';') .. '#' .. #t
end
local function first(t, k)
  for o in pairs(t) do if type(o) == 'table' or type(o) == 'function' or type(o) == 'thread' then return 'objects' end end
  return next(t, k)
end
local function N(x) if type(x) == 'number' then return x end return 3 end
local function T(x) if type(x) == 'table' then return x end return {1, 2, x = 'f'} end
local function S(x) local k = type(x) if k == 'string' or k == 'number' then return x end return k end
local function main(...)
`)
	w.locals = []string{"out_"}
	w.line("local out_ = 1")
	w.blockOf(3 + r.IntN(5))
	w.b.WriteString("end\n")
	w.b.WriteString("local r = {pcall(main, 7, 'seven', nil, true)}\nemit(unpack(r, 1, 4))\nreturn table.concat(out, '|')\n")
	return w.b.String()
}

func (w *programWriter) pick(choices ...string) string { return choices[w.IntN(len(choices))] }

func (w *programWriter) line(format string, args ...any) {
	w.b.WriteString(strings.Repeat(" ", w.depth))
	text := fmt.Sprintf(format, args...)
	w.b.WriteString(text)
	if opensBlock(text) {
		w.b.WriteString(w.pick("\n", "\n", " "))
		return
	}
	w.b.WriteString(w.pick("\n", "\n", "\n", " ", ";\n"))
}

// opensBlock reports whether a semicolon must not follow.
func opensBlock(text string) bool {
	for _, end := range []string{"do", "then", "else", "repeat"} {
		if strings.HasSuffix(text, end) {
			return true
		}
	}
	i := strings.LastIndex(text, "function")
	return i >= 0 && !strings.Contains(text[i:], "end")
}

func (w *programWriter) fresh() string {
	w.nameSeq++
	return fmt.Sprintf("%s%d", w.pick("a", "b", "x", "v"), w.nameSeq)
}

func (w *programWriter) local() string {
	if len(w.locals) == 0 || w.IntN(40) == 0 {
		return w.pick("KEYS", "undefinedglobal")
	}
	// Mostly recent ones.
	i := len(w.locals) - 1 - w.IntN(min(len(w.locals), 6))
	return w.locals[i]
}

func (w *programWriter) assignable() string {
	if len(w.locals) == 0 {
		return "out_"
	}
	return w.locals[len(w.locals)-1-w.IntN(min(len(w.locals), 6))]
}

// scope runs f and forgets the names it declared.
func (w *programWriter) scope(f func()) {
	locals, funcs := len(w.locals), len(w.funcs)
	w.depth++
	f()
	w.depth--
	w.locals, w.funcs = w.locals[:locals], w.funcs[:funcs]
}

func (w *programWriter) blockOf(n int) {
	w.scope(func() {
		for range n {
			if w.budget <= 0 {
				return
			}
			w.budget--
			w.statement()
		}
		switch w.IntN(12) {
		case 0:
			w.line("do return %s end", w.exprList(2))
		case 1:
			if w.inLoop {
				w.line("if %s then break end", w.expr(2))
			}
		}
	})
}

func (w *programWriter) exprList(depth int) string {
	n := w.IntN(3) + 1
	parts := make([]string, n)
	for i := range parts {
		parts[i] = w.expr(depth)
	}
	return strings.Join(parts, ", ")
}

func (w *programWriter) literal() string {
	switch w.IntN(14) {
	case 0:
		return "nil"
	case 1:
		return w.pick("true", "false")
	case 2:
		return w.pick("0", "-0", "1/0", "-1/0", "0/0", "2^53", "1e15", "1e300*1e10", "0x10", "1e-5", "123456789012", "-7.5", "3.14159", "5e-324", ".5", "2^31", "-2^31", "1e14")
	case 3:
		return w.pick("'10'", "' 3 '", "'0x1F'", "'abc'", "''", "'1e2'", "'x'", "'10a'", "'inf'", "'nan'", "'-5'", "'a\\0b'", "[[long]]", "\"q\\\"\\n\\065\"")
	case 4:
		return w.table()
	case 5:
		return "{}"
	default:
		return fmt.Sprint(w.IntN(12) - 2)
	}
}

func (w *programWriter) table() string {
	n := w.IntN(5)
	parts := make([]string, n)
	for i := range parts {
		switch w.IntN(5) {
		case 0:
			parts[i] = fmt.Sprintf("%s = %s", w.field(), w.expr(1))
		case 1:
			// Not objects as keys: where they hash to depends on their addresses.
			parts[i] = fmt.Sprintf("[S(%s)] = %s", w.expr(1), w.expr(1))
		default:
			parts[i] = w.expr(1)
		}
	}
	list := strings.Join(parts, w.pick(", ", "; "))
	if n > 0 {
		list += w.pick("", "", ",")
	}
	return "{" + list + "}"
}

// primary is an operand that a number before it does not run into.
func (w *programWriter) primary() string { return "(" + w.literal() + ")" }

// safely wraps an expression most of the time, so that it has the type that an operator wants.
func (w *programWriter) safely(f, e string) string {
	if w.IntN(12) == 0 {
		return e
	}
	return f + "(" + e + ")"
}

func (w *programWriter) number(d int) string { return w.safely("N", w.expr(d)) }
func (w *programWriter) text(d int) string   { return w.safely("S", w.expr(d)) }

func (w *programWriter) field() string { return w.pick("x", "y", "name", "n", "key", "id", "f") }

func (w *programWriter) expr(depth int) string {
	if depth <= 0 || w.IntN(4) == 0 {
		if w.IntN(2) == 0 {
			return w.local()
		}
		return w.literal()
	}
	d := depth - 1
	switch w.IntN(30) {
	case 0, 1, 2, 3:
		return fmt.Sprintf("%s %s %s", w.number(d), w.pick("+", "-", "*", "/", "%", "+", "-"), w.number(d))
	case 4:
		return fmt.Sprintf("(%s %s %s)", w.number(d), w.pick("+", "-", "*", "/", "%"), w.number(d))
	case 5:
		return fmt.Sprintf("%s ^ %s", w.number(d), w.pick("2", "3", "0.5", "-1", "0", "10"))
	case 6, 7, 8:
		return w.comparison(d)
	case 9, 10:
		return fmt.Sprintf("(%s %s %s)", w.expr(d), w.pick("and", "or"), w.expr(d))
	case 11:
		return "not " + w.expr(d)
	case 12:
		return "-" + w.safely("N", w.local())
	case 13:
		return "#" + w.safely("T", w.local())
	case 14:
		return fmt.Sprintf("string.sub(%s .. %s, 1, 40)", w.text(d), w.text(d))
	case 15:
		return fmt.Sprintf("%s .. %s .. %s", w.pick("'k'", "1", w.safely("S", w.local())), w.pick(w.primary(), "2", "'s'"), w.safely("S", w.literal()))
	case 16, 17:
		return fmt.Sprintf("%s.%s", w.safely("T", w.local()), w.field())
	case 18:
		return fmt.Sprintf("%s[%s]", w.safely("T", w.local()), w.expr(d))
	case 19, 20:
		return w.call(d)
	case 21:
		return w.function(d)
	case 22:
		if w.vararg {
			return w.pick("...", "(...)", "select('#', ...)", "(select(2, ...))", "{...}")
		}
		return "arg"
	case 23:
		return fmt.Sprintf("tostring(%s)", w.pick("1", "'x'", "nil", "true", "1e15", "-0"))
	case 24:
		return fmt.Sprintf("tonumber(%s)", w.expr(d))
	case 25:
		return fmt.Sprintf("type(%s)", w.expr(d))
	case 26:
		return fmt.Sprintf("rawequal(%s, %s)", w.expr(d), w.expr(d))
	case 27:
		return w.pick(fmt.Sprintf("%s(T(%s))", w.pick("first", "unpack", "ipairs", "getmetatable", "pairs"), w.expr(d)),
			fmt.Sprintf("%s(%s)", w.pick("math.floor", "math.abs", "next", "S"), w.number(d)))
	case 28:
		return w.libraryCall(d)
	}
	return "(" + w.expr(d) + ")"
}

func (w *programWriter) comparison(d int) string {
	a, b := w.expr(d), w.expr(d)
	op := w.pick("==", "~=", "<", ">", "<=", ">=")
	if op != "==" && op != "~=" {
		f := w.pick("N", "N", "S")
		a, b = w.safely(f, a), w.safely(f, b)
	}
	return fmt.Sprintf("(%s %s %s)", a, op, b)
}

func (w *programWriter) libraryCall(d int) string {
	switch w.IntN(9) {
	case 0:
		return fmt.Sprintf("(%s):%s(%s)", w.pick("'hello'", "'a,b'", w.local()), w.pick("upper", "len", "byte", "sub", "rep", "nope", "find", "format"), w.pick("", "1", "2, 3", "'l'"))
	case 1:
		return fmt.Sprintf("table.concat(%s, ',')", w.pick("{1, 'a', 2.5}", w.safely("T", w.expr(d))))
	case 2:
		return fmt.Sprintf("math.max(%s, %s)", w.number(d), w.number(d))
	case 3:
		return fmt.Sprintf("string.format('%s', %s)", w.pick("%d", "%s", "%5.2f", "%x", "%q", "%g"), w.number(d))
	case 4:
		return fmt.Sprintf("select(%s, %s)", w.pick("1", "2", "-1", "'#'", w.local()), w.exprList(d))
	case 5:
		return fmt.Sprintf("unpack(T(%s), %s, %s)", w.expr(d), w.pick("1", "2", "0"), w.pick("3", "1", "nil"))
	case 6:
		return fmt.Sprintf("pcall(%s, %s)", w.expr(d), w.exprList(d))
	case 7:
		return fmt.Sprintf("table.remove(T(%s))", w.expr(d))
	}
	return fmt.Sprintf("first(%s, %s)", w.safely("T", w.expr(d)), w.pick("nil", "1", "'x'"))
}

func (w *programWriter) call(d int) string {
	if len(w.funcs) == 0 || w.IntN(6) == 0 {
		switch w.IntN(3) {
		case 0:
			return fmt.Sprintf("%s(%s)", w.local(), w.expr(d))
		case 1:
			return fmt.Sprintf("%s:%s(%s)", w.local(), w.field(), w.expr(d))
		}
		return fmt.Sprintf("emit(%s)", w.exprList(d))
	}
	return fmt.Sprintf("%s(%s, %s)", w.funcs[w.IntN(len(w.funcs))], w.depthArgument(), w.exprList(d))
}

// depthArgument is what bounds recursion: functions stop at 0.
func (w *programWriter) depthArgument() string {
	if w.hasDepth() {
		return "depth - 1"
	}
	return w.pick("2", "3", "4")
}

func (w *programWriter) hasDepth() bool {
	for _, l := range w.locals {
		if l == "depth" {
			return true
		}
	}
	return false
}

func (w *programWriter) function(d int) string {
	return fmt.Sprintf("function(%s) return %s end", w.pick("", "p", "p, q", "..."), w.inFunction(func() string { return w.exprList(d) }))
}

func (w *programWriter) inFunction(f func() string) string {
	vararg := w.vararg
	w.vararg = false
	s := f()
	w.vararg = vararg
	return s
}
