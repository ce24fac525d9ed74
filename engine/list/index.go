// The array of chunks, and the Fenwick tree that finds an element by its index.
package list

import (
	"math/bits"
	"slices"
	"sort"
)

// index holds the chunks in slots[lo:hi]; none of them is empty between calls. The tree sums counts the elements of the
// inner chunks only: the first and the last change with every push and pop, and are counted when they become inner.
type index struct {
	slots  []*chunk
	lo, hi int
	sums   []int  // sums[i] counts the slots (i - (i & -i))..i-1; sums[0] is not used
	n      int    // elements
	spare  *chunk // an empty chunk for reuse, so that a queue at a steady length allocates nothing
}

// chunk returns an empty chunk with room for at least size bytes of elements.
func (x *index) chunk(size int) *chunk {
	const header = 2
	if c := x.spare; c != nil && header+size <= chunkCap {
		x.spare = nil
		return c
	}
	return &chunk{pack: make([]byte, 0, max(chunkCap, header+size)), step: stride}
}

// release keeps a chunk that has left the array for reuse, if it has the usual size.
func (x *index) release(c *chunk) {
	if cap(c.pack) == chunkCap {
		*c = chunk{pack: c.pack[:0], step: stride}
		x.spare = c
	}
}

func (x *index) head() *chunk { return x.slots[x.lo] }
func (x *index) tail() *chunk { return x.slots[x.hi-1] }

func (x *index) inner(s int) bool { return s > x.lo && s < x.hi-1 }

// add changes the tree's count of slot s.
func (x *index) add(s, delta int) {
	for i := s + 1; i < len(x.sums); i += i & -i {
		x.sums[i] += delta
	}
}

// count records that chunk s has gained delta elements.
func (x *index) count(s, delta int) {
	x.n += delta
	if x.inner(s) {
		x.add(s, delta)
	}
}

// find returns the slot and the index in the chunk of element i, 0 <= i < n.
func (x *index) find(i int) (s, k int) {
	head := x.head().len()
	if i < head {
		return x.lo, i
	}
	if tail := x.n - x.tail().len(); i >= tail {
		return x.hi - 1, i - tail
	}
	i -= head
	at := 0
	for step := 1 << (bits.Len(uint(len(x.sums)-1)) - 1); step > 0; step >>= 1 {
		if next := at + step; next < len(x.sums) && x.sums[next] <= i {
			at = next
			i -= x.sums[next]
		}
	}
	return at, i
}

// before returns the number of elements in the chunks before slot s.
func (x *index) before(s int) int {
	switch s {
	case x.lo:
		return 0
	case x.hi - 1:
		return x.n - x.tail().len()
	}
	total := x.head().len()
	for i := s; i > 0; i -= i & -i {
		total += x.sums[i]
	}
	return total
}

// slotOf returns the slot of the last chunk that starts at pos or below, or the first slot.
func (x *index) slotOf(pos int64) int {
	i := sort.Search(x.hi-x.lo, func(i int) bool { return x.slots[x.lo+i].pos(0) > pos })
	return x.lo + max(i-1, 0)
}

func (x *index) pushBack(c *chunk) {
	if x.hi == len(x.slots) {
		x.layOut(slices.Clone(x.slots[x.lo:x.hi]))
	}
	if x.hi-1 > x.lo {
		x.add(x.hi-1, x.tail().len())
	}
	x.slots[x.hi] = c
	x.hi++
}

func (x *index) pushFront(c *chunk) {
	if x.lo == 0 {
		x.layOut(slices.Clone(x.slots[x.lo:x.hi]))
	}
	if x.hi-1 > x.lo {
		x.add(x.lo, x.head().len())
	}
	x.lo--
	x.slots[x.lo] = c
}

func (x *index) dropFront() {
	x.release(x.slots[x.lo])
	x.slots[x.lo] = nil
	x.lo++
	if x.lo < x.hi-1 {
		x.add(x.lo, -x.head().len())
	}
}

func (x *index) dropBack() {
	x.hi--
	x.release(x.slots[x.hi])
	x.slots[x.hi] = nil
	if x.hi-1 > x.lo {
		x.add(x.hi-1, -x.tail().len())
	}
}

// insertChunk puts c at slot s, lo < s < hi, and returns the slot, which differs if the array had to be laid out anew. The
// chunk before may have just given elements to c; the tree has not been told. It takes time in proportion to the number
// of chunks, but without a look at any other chunk.
func (x *index) insertChunk(s int, c *chunk) int {
	if x.hi == len(x.slots) {
		at := s - x.lo
		x.layOut(slices.Clone(x.slots[x.lo:x.hi]))
		s = x.lo + at
	}
	x.sumsToCounts()
	copy(x.slots[s+1:x.hi+1], x.slots[s:x.hi])
	copy(x.sums[s+2:x.hi+2], x.sums[s+1:x.hi+1])
	x.slots[s], x.sums[s+1] = c, c.len()
	x.hi++
	if x.inner(s - 1) {
		x.sums[s] = x.slots[s-1].len()
	}
	x.countsToSums()
	return s
}

// countsToSums makes the tree of plain counts, slot s's at sums[s+1].
func (x *index) countsToSums() {
	for i := 1; i < len(x.sums); i++ {
		if up := i + i&-i; up < len(x.sums) {
			x.sums[up] += x.sums[i]
		}
	}
}

func (x *index) sumsToCounts() {
	for i := len(x.sums) - 1; i > 0; i-- {
		if up := i + i&-i; up < len(x.sums) {
			x.sums[up] -= x.sums[i]
		}
	}
}

// layOut makes chunks the array's content, in the middle of as many free places, and counts them anew.
func (x *index) layOut(chunks []*chunk) {
	m := len(chunks)
	size := 2*m + 8
	x.slots = make([]*chunk, size)
	x.lo = (size - m) / 2
	x.hi = x.lo + m
	copy(x.slots[x.lo:], chunks)
	x.sums = make([]int, size+1)
	for s := x.lo + 1; s < x.hi-1; s++ {
		x.sums[s+1] = x.slots[s].len()
	}
	x.countsToSums()
}

// sweep drops empty chunks and joins sparse ones with the chunk before.
func (x *index) sweep() {
	chunks := make([]*chunk, 0, x.hi-x.lo)
	for _, c := range x.slots[x.lo:x.hi] {
		m := len(chunks)
		switch {
		case c.len() == 0:
		case m > 0 && joinable(chunks[m-1], c):
			chunks[m-1].join(c)
		default:
			chunks = append(chunks, c)
		}
	}
	x.layOut(chunks)
}

func joinable(a, b *chunk) bool {
	return (len(a.pack) < chunkSparse || len(b.pack) < chunkSparse) && len(a.pack)+len(b.pack) <= chunkMerge
}

// settle is called when elements have been removed from chunk s.
func (x *index) settle(s int) {
	c := x.slots[s]
	switch {
	case c.len() == 0 && s == x.lo:
		x.dropFront()
	case c.len() == 0 && s == x.hi-1:
		x.dropBack()
	case x.untidy(s):
		x.sweep()
	}
}

// untidy tells whether a sweep would drop or join chunk s.
func (x *index) untidy(s int) bool {
	c := x.slots[s]
	return c.len() == 0 || s > x.lo && joinable(x.slots[s-1], c) || s+1 < x.hi && joinable(c, x.slots[s+1])
}
