// The sorted set's invariants, for tests and for checking a running engine.
package zset

import (
	"errors"
	"fmt"
	"math"
	"unsafe"

	"github.com/evald/evald/engine/dict"
)

// Check returns the first broken invariant that it finds, or nil. It takes O(n log n).
func (z *ZSet) Check() error {
	c := checker{z: z}
	n, err := c.node(z.tree.root, z.tree.height)
	switch {
	case err != nil:
		return err
	case n != z.Len():
		return fmt.Errorf("zset: %d elements in the tree, %d in the dict", n, z.Len())
	case c.last != nil && c.last.next != nil:
		return errors.New("zset: a leaf follows the last one")
	case c.leaves != z.tree.leaves || c.inners != z.tree.inners:
		return fmt.Errorf("zset: %d leaves and %d inner nodes, recorded %d and %d", c.leaves, c.inners, z.tree.leaves, z.tree.inners)
	case c.bytes != z.entries:
		return fmt.Errorf("zset: entries take %d bytes, recorded %d", c.bytes, z.entries)
	}
	return nil
}

type checker struct {
	z              *ZSet
	leaves, inners int
	bytes          int
	last           *leaf      // the leaf before
	score          float64    // the element before, or a separator above it
	entry          dict.Entry // nil at the beginning
	separator      bool       // the pair above is a separator: the next element may equal it
}

// node checks a subtree and returns the number of its elements.
func (c *checker) node(at unsafe.Pointer, height int) (int, error) {
	if height == 0 {
		return c.leaf((*leaf)(at))
	}
	node := (*inner)(at)
	c.inners++
	if node.n < 1 || node.n > innerCap || height == c.z.tree.height && node.n < 2 {
		return 0, fmt.Errorf("zset: inner node of %d kids", node.n)
	}
	total := 0
	for i := range node.n {
		if i > 0 {
			if err := c.order(node.scores[i], node.entries[i]); err != nil {
				return 0, err
			}
			c.separator = true
		}
		n, err := c.node(node.kids[i], height-1)
		if err != nil {
			return 0, err
		}
		if n != node.counts[i] {
			return 0, fmt.Errorf("zset: kid %d has %d elements, count says %d", i, n, node.counts[i])
		}
		total += n
	}
	return total, nil
}

func (c *checker) leaf(l *leaf) (int, error) {
	c.leaves++
	if l.prev != c.last || c.last != nil && c.last.next != l {
		return 0, errors.New("zset: leaves are linked wrongly")
	}
	c.last = l
	if l.n > leafCap || l.n == 0 && c.z.tree.height > 0 {
		return 0, fmt.Errorf("zset: leaf of %d elements", l.n)
	}
	for i := range l.n {
		e := l.entries[i]
		if c.z.dict.Find(memberOf(e)) != e {
			return 0, fmt.Errorf("zset: %q is not the dict's entry", memberOf(e))
		}
		if math.Float64bits(l.scores[i]) != math.Float64bits(scoreOf(e)) {
			return 0, fmt.Errorf("zset: %q has score %v in its leaf, %v in its entry", memberOf(e), l.scores[i], scoreOf(e))
		}
		if err := c.order(l.scores[i], e); err != nil {
			return 0, err
		}
		c.separator = false
		c.bytes += blockSize(len(memberOf(e)))
	}
	for _, e := range l.entries[l.n:] {
		if e != nil {
			return 0, errors.New("zset: a free place of a leaf holds an entry")
		}
	}
	return l.n, nil
}

// order checks that the pair comes after the one before.
func (c *checker) order(score float64, e dict.Entry) error {
	pr := probe{by: byKey, score: score, member: memberOf(e), orEqual: c.separator}
	if c.entry != nil && !pr.before(c.score, c.entry) {
		return fmt.Errorf("zset: (%v, %q) does not come after (%v, %q)", score, memberOf(e), c.score, memberOf(c.entry))
	}
	c.score, c.entry = score, e
	return nil
}
