// Positions: loading and reading rows, putting a list back, and finding room for more.
package list

import (
	"fmt"
	"math"

	"github.com/evald/evald/engine/compact"
)

// LoadAppend adds an element at its position. Positions must come in increasing order; otherwise there is an error and
// no change.
func (l *List) LoadAppend(pos int64, elem []byte) error {
	if l.n > 0 && pos <= l.tail().last() {
		return fmt.Errorf("list: position %d does not come after %d", pos, l.tail().last())
	}
	l.append(pos, elem)
	return nil
}

// AtPos returns the element at a position, or false.
func (l *List) AtPos(pos int64) (elem []byte, ok bool) {
	s, k, found := l.findPos(pos)
	if !found {
		return nil, false
	}
	c := l.slots[s]
	return l.bytes(compact.Get(c.pack, c.offset(k))), true
}

// findPos returns where the element at pos is, or where it would be inserted.
func (l *List) findPos(pos int64) (s, k int, found bool) {
	if l.n == 0 {
		return 0, 0, false
	}
	s = l.slotOf(pos)
	k = l.slots[s].search(pos)
	return s, k, k < l.slots[s].len() && l.slots[s].pos(k) == pos
}

// PutPos stores an element at a position, whether there is one or not.
func (l *List) PutPos(pos int64, elem []byte) {
	s, k, found := l.findPos(pos)
	switch {
	case l.n == 0:
		l.append(pos, elem)
	case found:
		l.replace(s, k, l.slots[s].offset(k), elem)
	default:
		l.place(s, k, pos, elem)
	}
}

// DropPos removes the element at a position and tells whether there was one.
func (l *List) DropPos(pos int64) bool {
	s, k, found := l.findPos(pos)
	if found {
		l.cut(s, k, 1, nil)
	}
	return found
}

const (
	// minGap is the least distance between positions that is worth renumbering whole chunks for, minGapNear the one that
	// is worth renumbering a few elements for: enough for five more insertions at the same place.
	minGap     = 256
	minGapNear = 32
)

// renumber makes room before element k of chunk s. It spreads elements evenly over what their neighbours leave: a few
// elements around the place, else the chunk, else also neighbouring chunks, twice as many each time until there is room.
func (l *List) renumber(s, k int, ch Changes) {
	if l.renumberNear(l.slots[s], k, ch) {
		return
	}
	for from, to := s, s+1; ; {
		low, high, n := l.room(from, to)
		if step := uint64(high-low) / uint64(n+1); step >= minGap {
			l.spread(from, to, low, int64(min(step, stride)), ch)
			return
		}
		if from == l.lo && to == l.hi {
			l.renumberAll(ch)
			return
		}
		width := to - from
		from, to = max(l.lo, from-width), min(l.hi, to+width)
	}
}

// renumberNear spreads the elements around k inside the chunk, as few as will do, and tells whether any would.
func (l *List) renumberNear(c *chunk, k int, ch Changes) bool {
	n := c.len()
	for width := 8; width <= n/2; width *= 2 {
		a := max(k-width/2, 1)
		b := min(a+width, n-1) // a-1 and b stay where they are
		low, high := c.pos(a-1), c.pos(b)
		step := uint64(high-low) / uint64(b-a+1)
		if step < minGapNear || k == 0 || b <= k {
			continue
		}
		l.report(c, a, b-a, ch)
		if c.positions == nil {
			c.explicit(n)
		}
		window := c.positions[a:b]
		reportNew(window, low, int64(step), ch)
		for i := range window {
			window[i] = low + int64(i+1)*int64(step)
		}
		return true
	}
	return false
}

// room returns the positions between which the chunks from..to-1 may be spread, both exclusive, and the number of their
// elements. At an end of the list there is room for a stride each, if the range allows.
func (l *List) room(from, to int) (low, high int64, n int) {
	for _, c := range l.slots[from:to] {
		n += c.len()
	}
	need := int64(n+1) * stride
	low, high = l.slots[from].pos(0), l.slots[to-1].last()
	if from > l.lo {
		low = l.slots[from-1].last()
	}
	if to < l.hi {
		high = l.slots[to].pos(0)
	}
	if from == l.lo && low > math.MinInt64+need {
		low -= need
	}
	if to == l.hi && high < math.MaxInt64-need {
		high += need
	}
	return low, high, n
}

// renumberAll numbers all elements anew, around 0.
func (l *List) renumberAll(ch Changes) {
	l.spread(l.lo, l.hi, -int64(l.n)/2*stride, stride, ch)
}

// spread gives the elements of the chunks from..to-1 the positions low+step, low+2*step and so on.
func (l *List) spread(from, to int, low, step int64, ch Changes) {
	if ch != nil {
		var old []int64
		for _, c := range l.slots[from:to] {
			l.report(c, 0, c.len(), ch)
			for i := range c.len() {
				old = append(old, c.pos(i))
			}
		}
		reportNew(old, low, step, ch)
	}
	for _, c := range l.slots[from:to] {
		c.base, c.step, c.positions = low+step, step, nil
		low += int64(c.len()) * step
	}
}

// reportNew tells ch of the positions low+step, low+2*step ... that take the place of the old ones and are not among them.
func reportNew(old []int64, low, step int64, ch Changes) {
	j := 0
	for i := range old {
		pos := low + int64(i+1)*step
		for j < len(old) && old[j] < pos {
			j++
		}
		if j == len(old) || old[j] != pos {
			ch.created(pos)
		}
	}
}
