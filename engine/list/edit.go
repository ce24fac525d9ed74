// Changes inside the list: by index, by value, by range.
package list

import (
	"github.com/evald/evald/engine/compact"
)

// Set replaces the element at index i, 0 <= i < Len().
func (l *List) Set(i int, elem []byte, ch Changes) {
	s, k := l.find(i)
	c := l.slots[s]
	off := compact.Index(c.pack, k)
	ch.changing(c.pos(k), l.bytes(compact.Get(c.pack, off)))
	l.replace(s, k, off, elem)
}

// replace stores elem in place of element k of chunk s, which is at off.
func (l *List) replace(s, k, off int, elem []byte) {
	c := l.slots[s]
	end := compact.Next(c.pack, off)
	if end < 0 {
		end = len(c.pack)
	}
	size := compact.SizeOf(elem)
	switch {
	case len(c.pack)-(end-off)+size <= chunkCap && cap(c.pack) <= chunkCap:
		c.pack = compact.Replace(c.pack, off, elem)
	case c.len() == 1:
		pos := c.pos(0)
		*c = *l.chunk(size)
		c.insert(0, pos, elem)
	default:
		pos := c.pos(k)
		c.remove(k, 1)
		l.count(s, -1)
		l.place(s, k, pos, elem)
	}
}

// Insert adds elem so that it is at index i, 0 <= i <= Len().
func (l *List) Insert(i int, elem []byte, ch Changes) {
	switch i {
	case 0:
		l.PushHead(elem, ch)
		return
	case l.n:
		l.PushTail(elem, ch)
		return
	}
	below, above := l.posOf(i-1), l.posOf(i)
	if uint64(above-below) < 2 {
		s, k := l.find(i)
		l.renumber(s, k, ch)
		below, above = l.posOf(i-1), l.posOf(i)
	}
	pos := below + int64(uint64(above-below)/2)
	ch.created(pos)
	s, k := l.find(i)
	l.place(s, k, pos, elem)
}

func (l *List) posOf(i int) int64 {
	s, k := l.find(i)
	return l.slots[s].pos(k)
}

// place puts elem before element k of chunk s, or at the chunk's end, making room where there is none.
func (l *List) place(s, k int, pos int64, elem []byte) {
	size := compact.SizeOf(elem)
	for {
		c := l.slots[s]
		n := c.len()
		switch {
		case c.fits(size):
		case k == n && s+1 < l.hi && l.slots[s+1].fits(size):
			s, k = s+1, 0
		case k == 0 && s > l.lo && l.slots[s-1].fits(size):
			s, k = s-1, l.slots[s-1].len()
		case k == n || k == 0:
			s, k = l.addChunk(s, k > 0, l.chunk(size)), 0
		default:
			at := n / 2
			if size > chunkCap/4 || at == 0 {
				at = k // a big element goes between two chunks
			}
			right := l.chunk(0)
			c.split(at, right)
			s = l.addChunk(s, true, right) - 1
			if k > at {
				s, k = s+1, k-at
			}
			continue
		}
		l.slots[s].insert(k, pos, elem)
		l.count(s, 1)
		return
	}
}

// addChunk adds c to the array, before slot s or behind it, and returns the slot it is in.
func (l *List) addChunk(s int, behind bool, c *chunk) int {
	switch {
	case behind && s == l.hi-1:
		l.pushBack(c)
		return l.hi - 1
	case !behind && s == l.lo:
		l.pushFront(c)
		return l.lo
	case behind:
		s++
	}
	return l.insertChunk(s, c)
}

// DeleteRange removes the elements from index from to index to, both included; what lies outside the list is ignored.
func (l *List) DeleteRange(from, to int, ch Changes) {
	from, to = max(from, 0), min(to, l.n-1)
	for left := to - from + 1; left > 0; {
		s, k := l.find(from)
		if k > 0 {
			left -= l.cut(s, k, left, ch)
			continue
		}
		// Whole chunks go together, so that the array is swept only once.
		whole := 0
		for s+whole < l.hi && l.slots[s+whole].len() <= left {
			c := l.slots[s+whole]
			left -= c.len()
			l.report(c, 0, c.len(), ch)
			whole++
		}
		switch {
		case whole == 0:
			left -= l.cut(s, 0, left, ch)
		case s == l.lo && whole == 1:
			l.n -= l.head().len()
			l.dropFront()
		case s+1 == l.hi && whole == 1:
			l.n -= l.tail().len()
			l.dropBack()
		default:
			for _, c := range l.slots[s : s+whole] {
				l.n -= c.len()
				c.remove(0, c.len())
			}
			l.sweep()
		}
	}
}

// Trim removes everything outside the indexes from to to.
func (l *List) Trim(from, to int, ch Changes) {
	if from > to {
		from, to = l.n, l.n
	}
	l.DeleteRange(to+1, l.n-1, ch)
	l.DeleteRange(0, from-1, ch)
}

// cut removes up to limit elements from index k of chunk s and returns how many.
func (l *List) cut(s, k, limit int, ch Changes) int {
	c := l.slots[s]
	m := min(limit, c.len()-k)
	l.report(c, k, m, ch)
	c.remove(k, m)
	l.count(s, -m)
	l.settle(s)
	return m
}

// report tells ch of m elements of c, from index k on, that are about to change.
func (l *List) report(c *chunk, k, m int, ch Changes) {
	if ch == nil {
		return
	}
	for off := c.offset(k); m > 0; m-- {
		ch.changing(c.pos(k), l.bytes(compact.Get(c.pack, off)))
		off = compact.Next(c.pack, off)
		k++
	}
}

// Remove removes elements equal to elem: the first count of them, the last -count if count is negative, or all if it
// is 0. It returns how many.
func (l *List) Remove(elem []byte, count int, ch Changes) int {
	removed, untidy := 0, false
	limit := count
	if limit <= 0 {
		limit = -limit
	}
	if limit == 0 {
		limit = l.n
	}
	for i := l.lo; i < l.hi && removed < limit; i++ {
		s := i
		var m int
		if count < 0 {
			s = l.hi - 1 - (i - l.lo)
			m = l.removeBackward(l.slots[s], elem, limit-removed, ch)
		} else {
			m = l.removeForward(l.slots[s], elem, limit-removed, ch)
		}
		if m > 0 {
			l.count(s, -m)
			removed += m
			untidy = untidy || l.untidy(s)
		}
	}
	if untidy {
		l.sweep()
	}
	return removed
}

func (l *List) removeForward(c *chunk, elem []byte, limit int, ch Changes) int {
	removed := 0
	off, k := compact.First(c.pack), 0
	for removed < limit && off >= 0 && off < len(c.pack) {
		found := compact.Find(c.pack, off, elem, 0)
		if found < 0 {
			break
		}
		for ; off != found; k++ {
			off = compact.Next(c.pack, off)
		}
		ch.changing(c.pos(k), elem)
		c.removeAt(k, off)
		removed++
	}
	return removed
}

func (l *List) removeBackward(c *chunk, elem []byte, limit int, ch Changes) int {
	removed := 0
	k := c.len() - 1
	for off := compact.Last(c.pack); removed < limit && off >= 0; k-- {
		before := compact.Prev(c.pack, off)
		if compact.Get(c.pack, off).Equal(elem) {
			ch.changing(c.pos(k), elem)
			c.removeAt(k, off)
			removed++
		}
		off = before
	}
	return removed
}

// removeAt removes element k, which is at off.
func (c *chunk) removeAt(k, off int) {
	c.removePos(k, 1, c.len())
	c.pack = compact.Delete(c.pack, off, 1)
}
