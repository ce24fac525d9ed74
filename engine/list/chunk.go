// A chunk: one compact sequence and the positions of its elements.
package list

import (
	"slices"
	"sort"

	"github.com/evald/evald/engine/compact"
)

const (
	chunkCap = 4096
	// A chunk below a quarter is joined with a neighbour if both leave a quarter free.
	chunkSparse = chunkCap / 4
	chunkMerge  = chunkCap * 3 / 4
)

type chunk struct {
	pack []byte
	// Element i is at positions[i], or if that is nil, at base + i*step.
	base, step int64
	positions  []int64
}

func (c *chunk) len() int { return compact.Len(c.pack) }

func (c *chunk) fits(size int) bool { return len(c.pack)+size <= chunkCap }

func (c *chunk) pos(i int) int64 {
	if c.positions != nil {
		return c.positions[i]
	}
	return c.base + int64(i)*c.step
}

func (c *chunk) last() int64 { return c.pos(c.len() - 1) }

// search returns the index of the first element at pos or above, which may be len.
func (c *chunk) search(pos int64) int {
	return sort.Search(c.len(), func(i int) bool { return c.pos(i) >= pos })
}

// offset returns where element i is in the pack; the pack's length for i = len.
func (c *chunk) offset(i int) int {
	if i == c.len() {
		return len(c.pack)
	}
	return compact.Index(c.pack, i)
}

// insert puts elem before index i, at a position between those of its neighbours.
func (c *chunk) insert(i int, pos int64, elem []byte) {
	n := c.len()
	c.insertPos(i, n, pos)
	if i == n {
		c.pack = compact.Append(c.pack, elem)
	} else {
		c.pack = compact.InsertBefore(c.pack, c.offset(i), elem)
	}
}

func (c *chunk) insertPos(i, n int, pos int64) {
	switch {
	case c.positions != nil:
		c.positions = slices.Insert(c.positions, i, pos)
	case n == 0:
		c.base, c.step = pos, stride
	case i == n && (n == 1 || pos == c.base+int64(n)*c.step):
		c.step = pos - c.pos(n-1)
	case i == 0 && (n == 1 || pos == c.base-c.step):
		c.base, c.step = pos, c.base-pos
	default:
		c.explicit(n)
		c.positions = slices.Insert(c.positions, i, pos)
	}
}

// explicit writes the positions out.
func (c *chunk) explicit(n int) {
	positions := make([]int64, n, n+8)
	for i := range positions {
		positions[i] = c.pos(i)
	}
	c.positions = positions
}

// remove removes k elements from index i on.
func (c *chunk) remove(i, k int) {
	n := c.len()
	c.removePos(i, k, n)
	c.pack = compact.Delete(c.pack, c.offset(i), k)
}

func (c *chunk) removePos(i, k, n int) {
	if c.positions == nil && i > 0 && i+k < n {
		c.explicit(n)
	}
	switch left := n - k; {
	case c.positions == nil && i == 0:
		c.base += int64(k) * c.step
	case c.positions == nil:
		// The end is cut off; base and step stay.
	case left == 0:
		c.positions = nil
	default:
		c.positions = slices.Delete(c.positions, i, i+k)
		c.regular(left)
	}
}

// regular goes back to base and step if one or two positions are all there are.
func (c *chunk) regular(n int) {
	if c.positions == nil || n > 2 {
		return
	}
	c.base, c.step = c.positions[0], stride
	if n == 2 {
		c.step = c.positions[1] - c.base
	}
	c.positions = nil
}

// split moves the elements from index i on to the empty chunk right.
func (c *chunk) split(i int, right *chunk) {
	n, off := c.len(), c.offset(i)
	right.base, right.step = c.pos(i), c.step
	if c.positions != nil {
		right.positions = slices.Clone(c.positions[i:])
		c.positions = c.positions[:i]
	}
	right.pack = compact.AppendFrom(right.pack, c.pack, off, n-i)
	c.pack = compact.Delete(c.pack, off, n-i)
	c.regular(i)
	right.regular(n - i)
}

// join appends the elements of b, which come after c's.
func (c *chunk) join(b *chunk) {
	n, m := c.len(), b.len()
	if c.positions != nil || b.positions != nil || c.step != b.step || b.base != c.base+int64(n)*c.step {
		if c.positions == nil {
			c.explicit(n)
		}
		for i := range m {
			c.positions = append(c.positions, b.pos(i))
		}
		c.regular(n + m)
	}
	c.pack = compact.AppendFrom(c.pack, b.pack, compact.First(b.pack), m)
}
