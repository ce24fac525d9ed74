// Matching of compiled patterns. It backtracks as PUC does, recursing only where it may have to come back, and every turn
// of every loop is paid from the step budget.
package lua

import "bytes"

const (
	maxCaptures = 32 // LUA_MAXCAPTURES
	// maxMatchDepth bounds the recursion, some 20 MB of stack. C Lua 5.1 has no bound but its stack: Redis dies of a
	// pattern with 200,000 repetitions and matches one with 90,000.
	maxMatchDepth = 100000
	// positionCapture is the end of a capture made by ().
	positionCapture = -1
)

// matcher is one search in one subject.
type matcher struct {
	c     *Call
	s     *State
	src   []byte
	items []patItem
	p     *program
	depth int
	start [maxCaptures]int
	end   [maxCaptures]int
}

// search returns the first match at or after s, or start -1.
func (m *matcher) search(p *program, s int, anchored bool) (start, end int) {
	m.p, m.items = p, p.items
	for {
		if p.head >= 0 && !anchored {
			if s = m.skipTo(&p.items[p.head], s); s < 0 {
				return -1, 0
			}
		}
		if e := m.match(s, 0); e >= 0 {
			return s, e
		}
		if anchored || s >= len(m.src) {
			return -1, 0
		}
		s++
	}
}

// skipTo returns the first place at or after s that it matches, -1 if there is none.
func (m *matcher) skipTo(it *patItem, s int) int {
	m.use(0)
	if it.op == patChar {
		n := m.s.indexByte(m.src[s:], it.c)
		if n < 0 {
			return -1
		}
		return s + n
	}
	for s < len(m.src) {
		piece := m.src[s:min(s+pieceSize, len(m.src))]
		for i, c := range piece {
			if it.set.has(c) {
				m.use(i >> 3)
				return s + i
			}
		}
		m.use(len(piece) >> 3)
		s += len(piece)
	}
	return -1
}

// use draws n+1 steps.
func (m *matcher) use(n int) {
	m.s.steps -= int64(n) + 1
	if m.s.steps <= 0 {
		m.s.sliceUsed()
	}
}

// match matches the items from i on at s and returns the end of the match, -1 if there is none.
func (m *matcher) match(s, i int) int {
	for {
		m.s.steps--
		if m.s.steps <= 0 {
			m.s.sliceUsed()
		}
		it := &m.items[i]
		switch it.op {
		case patMatch:
			return s
		case patChar, patAny, patSet:
			if it.rep == 0 {
				if s >= len(m.src) || !it.matches(m.src[s]) {
					return -1
				}
				s++
				break
			}
			end, done := m.repeat(it, s, i)
			if done || end < 0 {
				return end
			}
			s = end
		default:
			if s = m.special(it, s); s < 0 {
				return -1
			}
			if it.op == patEnd {
				return s
			}
		}
		i++
	}
}

func (it *patItem) matches(c byte) bool {
	switch it.op {
	case patChar:
		return c == it.c
	case patAny:
		return true
	}
	return it.set.has(c)
}

// repeat matches an item that may repeat. Unless done it returns where the items after it go on.
func (m *matcher) repeat(it *patItem, s, i int) (end int, done bool) {
	switch it.rep {
	case '?':
		if s >= len(m.src) || !it.matches(m.src[s]) {
			return s, false
		}
		if it.firm {
			return s + 1, false
		}
		if e := m.try(s+1, i+1); e >= 0 {
			return e, true
		}
		return s, false
	case '-':
		return m.shortest(it, s, i)
	}
	n := m.run(it, s)
	if it.rep == '+' && n == 0 {
		return -1, true
	}
	if it.firm {
		return s + n, false
	}
	return m.longest(it, s, n, i)
}

// try matches one level deeper.
func (m *matcher) try(s, i int) int {
	if m.depth >= maxMatchDepth {
		m.c.Errorf("pattern too complex")
	}
	m.depth++
	e := m.match(s, i)
	m.depth--
	return e
}

// run counts how many bytes from s on match it.
func (m *matcher) run(it *patItem, s int) int {
	if it.op == patAny {
		n := len(m.src) - s
		m.use(n >> 3)
		return n
	}
	first := s
	for s < len(m.src) {
		piece := m.src[s:min(s+pieceSize, len(m.src))]
		n := it.runIn(piece)
		m.use(n >> 3)
		s += n
		if n < len(piece) {
			break
		}
	}
	return s - first
}

// runIn counts how many bytes at the start of b match it, a character or a set.
func (it *patItem) runIn(b []byte) int {
	if it.op == patChar {
		for i, c := range b {
			if c != it.c {
				return i
			}
		}
		return len(b)
	}
	set := it.set
	for i, c := range b {
		if !set.has(c) {
			return i
		}
	}
	return len(b)
}

// longest tries the rest of the pattern after n bytes of the repetition, then after fewer.
func (m *matcher) longest(it *patItem, s, n, i int) (end int, done bool) {
	least := 0
	if it.rep == '+' {
		least = 1
	}
	next := &m.items[it.next]
	for ; n > least; n-- {
		if next.rep == 0 {
			if n = m.backTo(next, s, n, least); n <= least {
				break
			}
		}
		if e := m.try(s+n, i+1); e >= 0 {
			return e, true
		}
	}
	return s + least, false
}

// backTo returns the greatest k <= n, at least least, after which next can match.
func (m *matcher) backTo(next *patItem, s, n, least int) int {
	k := n
	switch next.op {
	case patChar:
		for end := min(s+n+1, len(m.src)); ; {
			from := max(s, end-pieceSize)
			if i := bytes.LastIndexByte(m.src[from:end], next.c); i >= 0 || from == s {
				k = max(from+i-s, least)
				break
			}
			m.use(pieceSize >> 3)
			end = from
		}
	case patSet:
		for k > least && (s+k >= len(m.src) || !next.set.has(m.src[s+k])) {
			m.s.every(k)
			k--
		}
	}
	m.use((n - k) >> 3)
	return k
}

// shortest tries the rest of the pattern at s, then after ever more bytes of the repetition.
func (m *matcher) shortest(it *patItem, s, i int) (end int, done bool) {
	next := &m.items[it.next]
	if next.op == patMatch {
		return s, false
	}
	for {
		if next.rep == 0 && (next.op == patChar || next.op == patSet) {
			k := m.skipTo(next, s)
			if k < 0 {
				return -1, true
			}
			for ; s < k && it.op != patAny; s++ {
				if !it.matches(m.src[s]) {
					return -1, true
				}
				m.s.every(s)
			}
			s = k
		}
		if e := m.try(s, i+1); e >= 0 {
			return e, true
		}
		if s >= len(m.src) || !it.matches(m.src[s]) {
			return -1, true
		}
		s++
		m.use(0)
	}
}

// special matches an item that is no single character, and returns where the next one goes on, -1 if it fails.
func (m *matcher) special(it *patItem, s int) int {
	switch it.op {
	case patOpen, patPosition:
		m.start[it.capture] = s
		m.end[it.capture] = positionCapture
	case patClose:
		m.end[it.capture] = s
	case patEnd:
		if s != len(m.src) {
			return -1
		}
	case patBalance:
		return m.balance(it, s)
	case patFrontier:
		before, here := byte(0), byte(0)
		if s > 0 {
			before = m.src[s-1]
		}
		if s < len(m.src) {
			here = m.src[s]
		}
		if it.set.has(before) || !it.set.has(here) {
			return -1
		}
	case patBackref:
		return m.backref(it, s)
	default:
		m.c.Errorf("%s", it.text)
	}
	return s
}

func (m *matcher) balance(it *patItem, s int) int {
	if s >= len(m.src) || m.src[s] != it.c {
		return -1
	}
	nested := 1
	for i := s + 1; i < len(m.src); i++ {
		m.s.every(i)
		switch m.src[i] {
		case it.d:
			if nested--; nested == 0 {
				m.use((i - s) >> 3)
				return i + 1
			}
		case it.c:
			nested++
		}
	}
	m.use((len(m.src) - s) >> 3)
	return -1
}

func (m *matcher) backref(it *patItem, s int) int {
	i := it.capture
	if m.end[i] == positionCapture {
		return -1
	}
	captured := m.src[m.start[i]:m.end[i]]
	m.use(0)
	if end := s + len(captured); end > len(m.src) || m.s.compareBytes(m.src[s:end], captured) != 0 {
		return -1
	}
	return s + len(captured)
}

// capture returns the text of capture i of the match from s to e, or its position and no text if it was made by (); the
// whole match counts as capture 0 if there are no others.
func (m *matcher) capture(i, s, e int) (text []byte, position int) {
	if i >= m.p.captures {
		if i != 0 {
			m.c.Errorf("invalid capture index")
		}
		return m.src[s:e:e], 0
	}
	if m.p.open>>i&1 != 0 {
		m.c.Errorf("unfinished capture")
	}
	if m.end[i] == positionCapture {
		return nil, m.start[i] + 1
	}
	return m.src[m.start[i]:m.end[i]:m.end[i]], 0
}
