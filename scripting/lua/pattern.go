// Compiling of Lua patterns: one item per single-character match, capture or special, each compiled pattern kept for reuse.
package lua

import (
	"bytes"
	"math/bits"
)

// What an item of a pattern does.
const (
	patMatch    = iota // end of the pattern
	patChar            // the byte c
	patAny             // any byte
	patSet             // a byte in set
	patOpen            // start of a capture
	patPosition        // ()
	patClose           // end of a capture
	patEnd             // $ at the end of the pattern
	patBalance         // %bcd
	patFrontier        // %f[set]
	patBackref         // %1
	patError           // malformed from here on; raised only if a match gets here, as in PUC
)

// patItem is one item of a compiled pattern.
type patItem struct {
	op   uint8
	rep  uint8 // 0 or one of ? * + -
	c, d byte
	// firm says that giving back what the repetition took can't help: the item after it starts with no byte of set.
	firm bool
	// next is the index of the first item after this one that is no capture mark.
	next int32
	// capture is the capture that a mark or a back reference is about. The items run strictly in order, so which captures
	// there are, and which are open, is known beforehand.
	capture int32
	set     *bitset
	text    string
}

// program is a compiled pattern. It is immutable.
type program struct {
	items []patItem
	// head is the item that every match must start with, -1 if there is no such item.
	head int32
	// captures is how many captures a match has; bit i of open says that capture i is never finished.
	captures int
	open     uint32
}

// bitset is a set of bytes.
type bitset [8]uint32

func (b *bitset) has(c byte) bool { return b[c>>5]&(1<<(c&31)) != 0 }
func (b *bitset) add(c byte)      { b[c>>5] |= 1 << (c & 31) }

func (b *bitset) addAll(o *bitset) {
	for i := range b {
		b[i] |= o[i]
	}
}

func (b *bitset) complement() {
	for i := range b {
		b[i] = ^b[i]
	}
}

func (b *bitset) disjoint(o *bitset) bool {
	for i := range b {
		if b[i]&o[i] != 0 {
			return false
		}
	}
	return true
}

// classSets holds the sets of %a to %z and, from 26 on, of %A to %Z; nil where the letter is no class.
var classSets = makeClassSets()

func makeClassSets() (sets [52]*bitset) {
	masks := map[byte]uint8{'a': classAlpha, 'c': classCntrl, 'd': classDigit, 'l': classLower, 'p': classPunct, 's': classSpace,
		'u': classUpper, 'w': classAlpha | classDigit, 'x': classHex, 'z': 0}
	for letter, mask := range masks {
		in, out := new(bitset), new(bitset)
		for c := range 256 {
			if charClass[c]&mask != 0 {
				in.add(byte(c))
			}
		}
		if letter == 'z' {
			in.add(0)
		}
		*out = *in
		out.complement()
		sets[letter-'a'], sets[26+letter-'a'] = in, out
	}
	return sets
}

// classSet returns the set of %c, nil if that stands for the byte c itself.
func classSet(c byte) *bitset {
	switch {
	case c-'a' < 26:
		return classSets[c-'a']
	case c-'A' < 26:
		return classSets[26+c-'A']
	}
	return nil
}

const (
	maxCachedPattern = 512
	patternCacheSize = 128 // a power of two
)

// patternCache keeps the programs of patterns seen lately.
type patternCache [patternCacheSize]struct {
	text string
	p    *program
}

// pattern returns the program of the pattern in pat without its first skip bytes (its anchor). A pattern too long to be
// kept is compiled anew and charged for.
func (l *library) pattern(c *Call, pat Value, skip int) *program {
	text := pat.Str()[skip:]
	if len(text) > maxCachedPattern {
		size := len(text) * 64
		c.Steps(len(text))
		c.Charge(size)
		p := compilePattern([]byte(text))
		c.Charge(-size)
		return p
	}
	slot := &l.patterns[(pat.string().hashOf()+uint32(skip))%patternCacheSize]
	if slot.p != nil && slot.text == text {
		return slot.p
	}
	c.Steps(16 + 4*len(text))
	p := compilePattern([]byte(text))
	slot.text, slot.p = text, p
	return p
}

// compilePattern translates pat, which ends at its first NUL byte as in C. An error becomes an item.
func compilePattern(pat []byte) *program {
	if i := bytes.IndexByte(pat, 0); i >= 0 {
		pat = pat[:i]
	}
	p := &program{items: make([]patItem, 0, min(len(pat), 16)+1), head: -1}
	for i := 0; i < len(pat); {
		i = p.addItem(pat, i)
		if i < 0 {
			break
		}
	}
	p.items = append(p.items, patItem{op: patMatch})
	p.link()
	return p
}

// addItem translates the item at pat[i:] and returns where the next one starts, -1 after an error.
func (p *program) addItem(pat []byte, i int) int {
	c := pat[i]
	next := byte(0)
	if i+1 < len(pat) {
		next = pat[i+1]
	}
	switch {
	case c == '(' && next == ')':
		return p.addOpen(patPosition, i+2)
	case c == '(':
		return p.addOpen(patOpen, i+1)
	case c == ')':
		last := bits.Len32(p.open) - 1
		if last < 0 {
			return p.fail("invalid pattern capture")
		}
		p.open &^= 1 << last
		p.items = append(p.items, patItem{op: patClose, capture: int32(last)})
		return i + 1
	case c == '$' && i+1 == len(pat):
		p.items = append(p.items, patItem{op: patEnd})
		return i + 1
	case c == '%' && next == 'b':
		if i+3 >= len(pat) {
			return p.fail("unbalanced pattern")
		}
		p.items = append(p.items, patItem{op: patBalance, c: pat[i+2], d: pat[i+3]})
		return i + 4
	case c == '%' && next == 'f':
		if i+2 >= len(pat) || pat[i+2] != '[' {
			return p.fail("missing '[' after '%f' in pattern")
		}
		set, end := bracketSet(pat, i+2)
		if set == nil {
			return p.fail(missingBracket)
		}
		p.items = append(p.items, patItem{op: patFrontier, set: set})
		return end
	case c == '%' && isDigit(next):
		index := int(next) - '1'
		if index < 0 || index >= p.captures || p.open>>index&1 != 0 {
			return p.fail("invalid capture index")
		}
		p.items = append(p.items, patItem{op: patBackref, capture: int32(index)})
		return i + 2
	}
	return p.addSingle(pat, i)
}

// addOpen translates the start of a capture.
func (p *program) addOpen(op uint8, next int) int {
	if p.captures == maxCaptures {
		return p.fail("too many captures")
	}
	p.items = append(p.items, patItem{op: op, capture: int32(p.captures)})
	if op == patOpen {
		p.open |= 1 << p.captures
	}
	p.captures++
	return next
}

const missingBracket = "malformed pattern (missing ']')"

// addSingle translates a single-character match with its repetition.
func (p *program) addSingle(pat []byte, i int) int {
	it := patItem{op: patChar, c: pat[i]}
	end := i + 1
	switch pat[i] {
	case '.':
		it.op = patAny
	case '%':
		if end == len(pat) {
			return p.fail("malformed pattern (ends with '%')")
		}
		it.c = pat[end]
		if set := classSet(it.c); set != nil {
			it.op, it.set = patSet, set
		}
		end++
	case '[':
		it.op = patSet
		it.set, end = bracketSet(pat, i)
		if it.set == nil {
			return p.fail(missingBracket)
		}
	}
	if end < len(pat) {
		switch pat[end] {
		case '?', '*', '+', '-':
			it.rep = pat[end]
			end++
		}
	}
	p.items = append(p.items, it)
	return end
}

func (p *program) fail(text string) int {
	p.items = append(p.items, patItem{op: patError, text: text})
	return -1
}

// bracketSet returns the set of the bracket class at pat[i:] and where it ends, nil if it does not end.
func bracketSet(pat []byte, i int) (*bitset, int) {
	i++
	negated := i < len(pat) && pat[i] == '^'
	if negated {
		i++
	}
	closing := i
	for first := true; first || pat[closing] != ']'; first = false {
		if closing >= len(pat) {
			return nil, 0
		}
		closing++
		if pat[closing-1] == '%' && closing < len(pat) {
			closing++
		}
		if closing >= len(pat) {
			return nil, 0
		}
	}
	set := new(bitset)
	for ; i < closing; i++ {
		switch {
		case pat[i] == '%':
			// After a range that ends in the first half of "%%" this takes the closing bracket in, as PUC does.
			i++
			if class := classSet(pat[i]); class != nil {
				set.addAll(class)
			} else {
				set.add(pat[i])
			}
		case pat[i+1] == '-' && i+2 < closing:
			for c := int(pat[i]); c <= int(pat[i+2]); c++ {
				set.add(byte(c))
			}
			i += 2
		default:
			set.add(pat[i])
		}
	}
	if negated {
		set.complement()
	}
	return set, closing + 1
}

// link fills in what an item knows of those after it.
func (p *program) link() {
	next := int32(len(p.items) - 1)
	for i := len(p.items) - 1; i >= 0; i-- {
		it := &p.items[i]
		it.next = next
		switch it.op {
		case patOpen, patPosition, patClose:
			continue
		case patChar, patAny, patSet:
			it.firm = it.rep != 0 && it.rep != '-' && p.firm(it, &p.items[next])
		}
		next = int32(i)
	}
	if first := &p.items[next]; (first.op == patChar || first.op == patSet) && (first.rep == 0 || first.rep == '+') {
		p.head = next
	}
}

func (p *program) firm(it, next *patItem) bool {
	switch next.op {
	case patMatch, patEnd:
		// Shorter is a worse match at the end of the pattern, and no match at all before $.
		return true
	case patChar, patSet:
		if next.rep != 0 && next.rep != '+' {
			return false
		}
	default:
		return false
	}
	a, b := it.asSet(), next.asSet()
	return a.disjoint(&b)
}

func (it *patItem) asSet() (s bitset) {
	switch it.op {
	case patChar:
		s.add(it.c)
	case patSet:
		s = *it.set
	case patAny:
		s.complement()
	}
	return s
}
