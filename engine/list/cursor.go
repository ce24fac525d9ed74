// Cursors: walking in either direction, and searching.
package list

import "github.com/evald/evald/engine/compact"

// Cursor is a place in the list. Any change of the list ends its validity.
type Cursor struct {
	l    *List
	slot int
	k    int // index in the chunk
	off  int // offset in the chunk, -1 when the cursor is not Valid
	i    int // index in the list
}

// Seek returns a cursor at index i; it is not Valid if there is no such element.
func (l *List) Seek(i int) Cursor {
	if i < 0 || i >= l.n {
		return Cursor{off: -1}
	}
	s, k := l.find(i)
	return Cursor{l: l, slot: s, k: k, off: compact.Index(l.slots[s].pack, k), i: i}
}

// Valid tells whether the cursor is at an element.
func (c *Cursor) Valid() bool { return c.off >= 0 }

// Next moves towards the tail; beyond it the cursor is no longer Valid.
func (c *Cursor) Next() {
	c.i++
	c.k++
	if c.off = compact.Next(c.l.slots[c.slot].pack, c.off); c.off < 0 && c.slot+1 < c.l.hi {
		c.slot++
		c.k, c.off = 0, compact.First(c.l.slots[c.slot].pack)
	}
}

// Prev moves towards the head; beyond it the cursor is no longer Valid.
func (c *Cursor) Prev() {
	c.i--
	c.k--
	if c.off = compact.Prev(c.l.slots[c.slot].pack, c.off); c.off < 0 && c.slot > c.l.lo {
		c.slot--
		pack := c.l.slots[c.slot].pack
		c.k, c.off = compact.Len(pack)-1, compact.Last(pack)
	}
}

// Elem returns the element as it is stored.
func (c *Cursor) Elem() compact.Elem { return compact.Get(c.l.slots[c.slot].pack, c.off) }

// Bytes returns the element's text; see the package's comment on views.
func (c *Cursor) Bytes() []byte { return c.l.bytes(c.Elem()) }

// Index returns the index in the list.
func (c *Cursor) Index() int { return c.i }

// Pos returns the element's position.
func (c *Cursor) Pos() int64 { return c.l.slots[c.slot].pos(c.k) }

// Find returns the index of the first element equal to elem at index from or behind, or -1.
func (l *List) Find(elem []byte, from int) int {
	for c := l.Seek(from); c.Valid(); {
		pack := l.slots[c.slot].pack
		if found := compact.Find(pack, c.off, elem, 0); found >= 0 {
			for ; c.off != found; c.i++ {
				c.off = compact.Next(pack, c.off)
			}
			return c.i
		}
		c.i += compact.Len(pack) - c.k
		if c.slot++; c.slot == l.hi {
			break
		}
		c.k, c.off = 0, compact.First(l.slots[c.slot].pack)
	}
	return -1
}

// FindBack returns the index of the last element equal to elem at index from or before, or -1.
func (l *List) FindBack(elem []byte, from int) int {
	for c := l.Seek(from); c.Valid(); c.Prev() {
		if c.Elem().Equal(elem) {
			return c.i
		}
	}
	return -1
}
