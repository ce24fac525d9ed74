// Random Lua programs: statements.
package lua

import (
	"fmt"
	"strings"
)

func (w *programWriter) statement() {
	switch w.IntN(28) {
	case 0, 1, 2, 3:
		name := w.fresh()
		w.line("local %s = %s", name, w.expr(3))
		w.locals = append(w.locals, name)
	case 4:
		a, b := w.fresh(), w.fresh()
		w.line("local %s, %s = %s", a, b, w.exprList(2))
		w.locals = append(w.locals, a, b)
	case 5, 6:
		w.line("%s = %s", w.assignable(), w.expr(3))
	case 7:
		w.line("%s, %s = %s", w.assignable(), w.assignable(), w.exprList(2))
	case 8:
		w.line("%s.%s = %s", w.safelyLocal(), w.field(), w.expr(2))
	case 9:
		w.line("%s[%s] = %s", w.safelyLocal(), "S("+w.expr(1)+")", w.expr(2))
	case 10, 11:
		w.line("emit(%s)", w.exprList(2))
	case 12:
		w.line("dump(%s)", w.local())
	case 13, 14:
		w.ifStatement()
	case 15:
		w.forNumeric()
	case 16:
		w.forGeneric()
	case 17:
		w.whileLoop()
	case 18, 19:
		w.functionStatement()
	case 20:
		w.protected()
	case 21:
		w.coroutine()
	case 22, 23:
		w.metatable()
	case 24:
		w.closuresInLoop()
	case 25:
		w.line("%s", w.pick("table.insert(T("+w.local()+"), "+w.expr(1)+")", "table.sort("+w.local()+")", "table.insert(T("+w.local()+"), 1, "+w.expr(1)+")",
			"error("+w.expr(1)+w.pick("", ", 0", ", 1", ", 2")+")", "assert("+w.exprList(1)+")", "rawset("+w.local()+", S("+w.expr(1)+"), "+w.expr(1)+")", "undefinedglobal = 1"))
	case 26:
		w.line("do")
		w.blockOf(2)
		w.line("end")
	case 27:
		w.holes()
	}
}

// safelyLocal is a variable to store a field in; most of the time a table is made of what is in it.
func (w *programWriter) safelyLocal() string {
	l := w.assignable()
	if w.IntN(10) > 0 {
		w.line("%s = T(%s)", l, l)
	}
	return l
}

func (w *programWriter) ifStatement() {
	w.line("if %s then", w.expr(2))
	w.blockOf(2)
	for range w.IntN(2) {
		w.line("elseif %s then", w.expr(2))
		w.blockOf(1)
	}
	if w.IntN(2) == 0 {
		w.line("else")
		w.blockOf(2)
	}
	w.line("end")
}

func (w *programWriter) loop(f func()) {
	if w.loops >= 2 {
		w.line("emit(%s)", w.expr(1))
		return
	}
	inLoop := w.inLoop
	w.inLoop = true
	w.loops++
	f()
	w.loops--
	w.inLoop = inLoop
}

func (w *programWriter) forNumeric() {
	w.loop(func() {
		v := w.fresh()
		bounds := w.pick("1, 3", "3, 1, -1", "1, 0", "0, 1, 0.25", "'1', '3'", "1, 5, 2", "-1, 1", w.literal()+", "+w.literal()+", 100000")
		w.line("for %s = %s do", v, bounds)
		w.scope(func() {
			w.locals = append(w.locals, v)
			w.line("ne = ne + 1 if ne > 400 then break end")
			w.blockOf(2)
		})
		w.line("end")
	})
}

func (w *programWriter) forGeneric() {
	w.loop(func() {
		k, v := w.fresh(), w.fresh()
		iter := w.pick("ipairs(T(%s))", "pairs(T(%s))", "next, T(%s)", "string.gmatch('a1b2', '%%a'), %s", "ipairs(T(%s))", "pairs(T(%s))", "%s")
		w.line("for %s, %s in %s do", k, v, fmt.Sprintf(iter, w.pick(w.local(), w.table())))
		w.scope(func() {
			w.locals = append(w.locals, k, v)
			w.line("ne = ne + 1 if ne > 400 then break end")
			if w.IntN(3) > 0 {
				w.line("if type(%s) == 'table' or type(%s) == 'function' then break end", k, k)
			}
			w.blockOf(2)
		})
		w.line("end")
	})
}

func (w *programWriter) whileLoop() {
	w.loop(func() {
		v := w.fresh()
		w.line("local %s = 0", v)
		w.locals = append(w.locals, v)
		if w.IntN(2) == 0 {
			w.line("while %s < %d do", v, w.IntN(5))
			w.line("%s = %s + 1 ne = ne + 1 if ne > 400 then break end", v, v)
			hidden := w.hide(v)
			w.blockOf(2)
			hidden()
			w.line("end")
			return
		}
		w.line("repeat")
		w.line("ne = ne + 1 if ne > 400 then break end")
		w.scope(func() {
			inner := w.fresh()
			w.line("local %s = %s", inner, w.expr(2))
			w.line("local function get%s() return %s end", inner, inner)
			w.blockOf(1)
			w.line("%s = %s + 1", v, v)
			w.line("until %s > 2 or %s", v, w.pick(inner, "get"+inner+"()", w.expr(1)))
		})
	})
}

// hide takes a name out of scope until the function returned is called.
func (w *programWriter) hide(name string) func() {
	old := w.locals
	var rest []string
	for _, l := range old {
		if l != name {
			rest = append(rest, l)
		}
	}
	w.locals = rest
	return func() { w.locals = old }
}

func (w *programWriter) functionStatement() {
	name := w.fresh()
	params := w.pick("depth, p", "depth, p, q", "depth, ...", "depth")
	form := w.IntN(4)
	switch form {
	case 0, 1:
		w.line("local function %s(%s)", name, params)
	case 2:
		w.line("local %s = function(%s)", name, params)
	case 3:
		w.line("local %s = {} function %s.%s(%s)", name, name, "f", params)
	}
	if form < 2 {
		w.funcs = append(w.funcs, name)
	}
	w.scope(func() {
		vararg := w.vararg
		w.vararg = strings.Contains(params, "...")
		w.locals = append(w.locals, "depth")
		for _, p := range []string{"p", "q"} {
			if strings.Contains(params, p+",") || strings.HasSuffix(params, " "+p) {
				w.locals = append(w.locals, p)
			}
		}
		w.line("ne = ne + 1 if type(depth) ~= 'number' or depth <= 0 or ne > 300 then return %s end", w.literal())
		hidden := w.hide("depth")
		w.locals = append(w.locals, "depth")
		loops, inLoop := w.loops, w.inLoop
		w.loops, w.inLoop = 1, false
		w.blockOf(3)
		w.loops, w.inLoop = loops, inLoop
		w.line("return %s", w.pick(w.exprList(2), w.call(1)))
		hidden()
		w.vararg = vararg
	})
	w.line("end")
	if form == 3 {
		w.funcs = append(w.funcs, name+".f")
	} else if form == 2 {
		w.funcs = append(w.funcs, name)
	}
	w.locals = append(w.locals, name)
}

func (w *programWriter) protected() {
	ok, e := w.fresh(), w.fresh()
	handled := w.IntN(3) == 0
	if handled {
		w.line("local %s, %s = xpcall(function()", ok, e)
	} else {
		w.line("local %s, %s = pcall(function(...)", ok, e)
	}
	vararg, loops, inLoop := w.vararg, w.loops, w.inLoop
	w.vararg, w.loops, w.inLoop = !handled, 1, false
	w.blockOf(3)
	w.line("return %s", w.exprList(2))
	w.vararg, w.loops, w.inLoop = vararg, loops, inLoop
	if handled {
		w.line("end, function(m) return %s end)", w.pick("m", "'H:' .. tostring(type(m) == 'string' and m or type(m))", "{m}"))
	} else {
		w.line("end)")
	}
	w.line("emit(%s, %s)", ok, e)
	w.locals = append(w.locals, e)
}

func (w *programWriter) coroutine() {
	co := w.fresh()
	vararg, loops, inLoop := w.vararg, w.loops, w.inLoop
	w.vararg, w.loops, w.inLoop = true, 1, false
	wrap := w.IntN(2) == 0
	w.line("local %s = coroutine.%s(function(...)", co, map[bool]string{true: "wrap", false: "create"}[wrap])
	w.blockOf(1)
	w.line("local got = emit(coroutine.yield(%s))", w.exprList(1))
	w.blockOf(2)
	w.line("for i = 1, 2 do coroutine.yield(i, %s) end", w.expr(1))
	w.line("return %s", w.exprList(1))
	w.line("end)")
	w.vararg, w.loops, w.inLoop = vararg, loops, inLoop
	for range 1 + w.IntN(4) {
		if wrap {
			w.line("emit(pcall(%s, %s))", co, w.expr(1))
		} else {
			w.line("emit(coroutine.resume(%s, %s)) emit(coroutine.status(%s))", co, w.expr(1), co)
		}
	}
}

func (w *programWriter) metatable() {
	t := w.fresh()
	var events []string
	for _, e := range []string{"__index", "__newindex", "__call", "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__unm", "__len", "__concat", "__eq", "__lt", "__le", "__tostring", "__metatable"} {
		if w.IntN(4) != 0 {
			continue
		}
		body := w.inFunction(func() string { return w.expr(1) })
		switch {
		case e == "__index" && w.IntN(2) == 0:
			events = append(events, fmt.Sprintf("%s = %s", e, w.pick(w.table(), w.local())))
		case e == "__newindex" && w.IntN(2) == 0:
			events = append(events, fmt.Sprintf("%s = function(t, k, v) rawset(t, k, %s) end", e, body))
		case e == "__metatable":
			events = append(events, e+" = 'locked'")
		default:
			events = append(events, fmt.Sprintf("%s = function(a, b, c) ne = ne + 1 if ne > 300 then error('enough', 0) end %s return %s end", e, w.pick("", "emit(type(a), type(b))"), body))
		}
	}
	w.line("local %s = setmetatable(%s, {%s})", t, w.table(), strings.Join(events, ", "))
	w.locals = append(w.locals, t)
	if w.IntN(2) == 0 {
		u := w.fresh()
		w.line("local %s = setmetatable({}, getmetatable(%s))", u, t)
		w.locals = append(w.locals, u)
	}
	w.line("emit(%s)", w.pick(t+" + 1", "1 - "+t, t+" .. 'x'", "#"+t, "-"+t, t+"()", t+".zzz", t+" == "+t, t+" < "+t, t+" <= 1", "tostring("+t+") ~= nil"))
}

func (w *programWriter) closuresInLoop() {
	fs := w.fresh()
	w.line("local %s = {}", fs)
	w.line("for i = 1, 3 do local up = %s %s[i] = function(v) up = v or up i = i + 1 return up, i end end", w.expr(1), fs)
	w.line("emit(%s[1](%s)) emit(%s[1]()) emit(%s[2]())", fs, w.expr(1), fs, fs)
	w.locals = append(w.locals, fs)
}

func (w *programWriter) holes() {
	t := w.fresh()
	w.line("local %s = %s", t, w.table())
	for range 1 + w.IntN(8) {
		w.line("%s[%s] = %s", t, w.pick("1", "2", "3", "4", "5", "7", "8", "9", "16", "17", "#"+t, "#"+t+" + 1", "'k'", "-1", "2.5"), w.pick("nil", "1", "'v'", "true"))
	}
	w.line("dump(%s) emit(#%s)", t, t)
	w.locals = append(w.locals, t)
}
