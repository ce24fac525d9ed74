// Cursors: walking a range in either direction.
package zset

// Cursor is a place in the order. Any change of the set ends its validity.
type Cursor struct {
	leaf *leaf
	i    int
	rank int
}

// Seek returns a cursor at a rank; it is not Valid if there is none.
func (z *ZSet) Seek(rank int) Cursor {
	if rank < 0 || rank >= z.Len() {
		return Cursor{}
	}
	var p path
	l, i := z.tree.at(rank, &p)
	return Cursor{l, i, rank}
}

// SeekScore returns a cursor at the first member with a score of at least min, or with exclusive, above min.
func (z *ZSet) SeekScore(min float64, exclusive bool) Cursor {
	return z.seek(&probe{by: byScore, score: min, orEqual: exclusive})
}

// SeekLex returns a cursor at the first member that is not below min in byte order, or with exclusive, above it. It has a
// meaning only if all scores are equal.
func (z *ZSet) SeekLex(min []byte, exclusive bool) Cursor {
	return z.seek(&probe{by: byLex, member: min, orEqual: exclusive})
}

func (z *ZSet) seek(pr *probe) Cursor {
	var p path
	l, i := z.tree.locate(pr, &p)
	c := Cursor{l, i, p.rank() + i}
	if i == l.n {
		c.leaf, c.i = l.next, 0
	}
	return c
}

// Valid tells whether the cursor is at a member.
func (c *Cursor) Valid() bool { return c.leaf != nil }

// Next moves to the member after, beyond the last the cursor is no longer Valid.
func (c *Cursor) Next() {
	c.rank++
	if c.i++; c.i == c.leaf.n {
		c.leaf, c.i = c.leaf.next, 0
	}
}

// Prev moves to the member before, beyond the first the cursor is no longer Valid.
func (c *Cursor) Prev() {
	c.rank--
	if c.i--; c.i < 0 {
		if c.leaf = c.leaf.prev; c.leaf != nil {
			c.i = c.leaf.n - 1
		}
	}
}

// Member returns the member: a view that stays valid and must not be written to.
func (c *Cursor) Member() []byte { return memberOf(c.leaf.entries[c.i]) }

// Score returns the member's score.
func (c *Cursor) Score() float64 { return c.leaf.scores[c.i] }

// Rank returns how many members come before.
func (c *Cursor) Rank() int { return c.rank }
