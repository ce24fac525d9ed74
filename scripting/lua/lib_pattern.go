// The pattern functions of the string library: find, match, gmatch and gsub.
package lua

import "bytes"

// hasSpecials reports whether pat, up to its first NUL byte, has a character with a meaning in patterns.
func hasSpecials(s *State, pat []byte) bool {
	for i, c := range pat {
		s.every(i)
		switch c {
		case '^', '$', '*', '+', '?', '.', '(', '[', '%', '-':
			return true
		case 0:
			return false
		}
	}
	return false
}

// anchor is how many bytes of pat are its anchor.
func anchor(pat []byte) int {
	if len(pat) > 0 && pat[0] == '^' {
		return 1
	}
	return 0
}

func (l *library) stringFind(c *Call) int { return l.find(c, true) }

func (l *library) stringMatch(c *Call) int { return l.find(c, false) }

func (l *library) find(c *Call, find bool) int {
	src := c.CheckBytes(1)
	patValue := c.CheckStringValue(2)
	pat := patValue.Bytes()
	from := min(max(relative(c.OptInt(3, 1), len(src))-1, 0), len(src))
	if find && (c.Arg(4).Truthy() || !hasSpecials(c.s, pat)) {
		i := c.s.index(src[from:], pat)
		if i < 0 {
			return c.Return1(Nil)
		}
		return c.Return2(Int(from+i+1), Int(from+i+len(pat)))
	}
	skip := anchor(pat)
	p := l.pattern(c, patValue, skip)
	m := matcher{c: c, s: c.s, src: src}
	start, end := m.search(p, from, skip > 0)
	if start < 0 {
		return c.Return1(Nil)
	}
	if find {
		c.Push(Int(start + 1))
		c.Push(Int(end))
		return 2 + l.pushCaptures(&m, start, end, false)
	}
	return l.pushCaptures(&m, start, end, true)
}

// pushCaptures pushes all captures, the whole match if there are none and whole is set, and returns their number.
func (l *library) pushCaptures(m *matcher, start, end int, whole bool) int {
	n := m.p.captures
	if n == 0 && whole {
		n = 1
	}
	stackError(m.c, n, "too many captures")
	for i := range n {
		m.c.Push(l.capture(m, i, start, end))
	}
	return n
}

// capture returns capture i of a match; the whole match counts as capture 0 if there are no others.
func (l *library) capture(m *matcher, i, start, end int) Value {
	text, position := m.capture(i, start, end)
	if text == nil {
		return Int(position)
	}
	return l.substring(m.c, text)
}

func (l *library) stringGmatch(c *Call) int {
	src, pat := c.CheckStringValue(1), c.CheckStringValue(2)
	return c.Return1(c.NewFunction("gmatch", l.gmatchNext, src, pat, Int(0)))
}

// gmatchNext is the iterator of gmatch. Its upvalues are subject, pattern and the place to go on from. An anchor means
// nothing here.
func (l *library) gmatchNext(c *Call) int {
	src := c.Upvalue(1).Bytes()
	from := int(c.Upvalue(3).Number())
	if from > len(src) {
		return 0
	}
	p := l.pattern(c, c.Upvalue(2), 0)
	m := matcher{c: c, s: c.s, src: src}
	start, end := m.search(p, from, false)
	if start < 0 {
		c.SetUpvalue(3, Int(len(src)+1))
		return 0
	}
	next := end
	if end == start {
		next++
	}
	c.SetUpvalue(3, Int(next))
	return l.pushCaptures(&m, start, end, true)
}

func (l *library) stringGsub(c *Call) int {
	srcValue := c.CheckStringValue(1)
	src := srcValue.Bytes()
	patValue := c.CheckStringValue(2)
	repl := c.Arg(3)
	limit := c.OptInt32(4, len(src)+1)
	kind := repl.Kind()
	if kind != KindNumber && kind != KindString && kind != KindFunction && kind != KindTable {
		c.ArgError(3, "string/function/table expected")
	}
	if kind == KindNumber {
		repl = c.CheckStringValue(3)
	}
	skip := anchor(patValue.Bytes())
	p := l.pattern(c, patValue, skip)
	m := matcher{c: c, s: c.s, src: src}
	out := newBuffer(c)
	n, s := 0, 0
	for n < limit {
		start, end := m.search(p, s, skip > 0)
		if start < 0 {
			break
		}
		n++
		out.add(src[s:start])
		l.replace(c, &m, &out, repl, start, end)
		s = end
		if end == start {
			if s >= len(src) {
				break
			}
			out.addByte(src[s])
			s++
		}
		if skip > 0 {
			break
		}
	}
	if n == 0 {
		out.release()
		return c.Return2(srcValue, Int(0))
	}
	out.add(src[s:])
	return c.Return2(out.result(), Int(n))
}

// replace appends what replaces the match from start to end.
func (l *library) replace(c *Call, m *matcher, out *buffer, repl Value, start, end int) {
	var v Value
	switch repl.Kind() {
	case KindString:
		expand(m, out, repl.Bytes(), start, end)
		return
	case KindTable:
		v = c.Index(repl, l.capture(m, 0, start, end))
	case KindFunction:
		v = l.callWithCaptures(c, m, repl, start, end)
	}
	if !v.Truthy() {
		out.add(m.src[start:end])
	} else if !out.addValue(v) {
		c.Errorf("invalid replacement value (a %s)", v.TypeName())
	}
}

func (l *library) callWithCaptures(c *Call, m *matcher, fn Value, start, end int) Value {
	if m.p.captures <= 1 {
		return c.Call1(fn, l.capture(m, 0, start, end))
	}
	var args [maxCaptures]Value
	for i := range m.p.captures {
		args[i] = l.capture(m, i, start, end)
	}
	return c.Call1(fn, args[:m.p.captures]...)
}

// expand appends the replacement text with %0 to %9 filled in.
func expand(m *matcher, out *buffer, text []byte, start, end int) {
	for {
		i := bytes.IndexByte(text, '%')
		if i < 0 {
			out.add(text)
			return
		}
		out.add(text[:i])
		m.use(1)
		ch := byte(0) // a % at the end gives a NUL byte, as it does in PUC
		if i+1 < len(text) {
			ch = text[i+1]
		}
		switch {
		case !isDigit(ch):
			out.addByte(ch)
		case ch == '0':
			out.add(m.src[start:end])
		default:
			if capture, position := m.capture(int(ch-'1'), start, end); capture != nil {
				out.add(capture)
			} else {
				out.addNumber(float64(position))
			}
		}
		text = text[min(i+2, len(text)):]
	}
}
