// Filling an empty set: the table and the tree are made at once and in their final size, which takes a fraction of the time of as many
// insertions.
package zset

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"unsafe"

	"github.com/evald/evald/engine/dict"
)

// NewEntry makes the block of a member for Fill.
func NewEntry(member []byte, score float64) dict.Entry {
	if score != score {
		panic("zset: NaN score")
	}
	return newEntry(member, score)
}

// Fill gives an empty set its members: blocks of NewEntry, each member once. In the byte order of their members they take the least time.
func (z *ZSet) Fill(entries []dict.Entry) {
	if z.Len() > 0 {
		panic("zset: Fill of a set that is not empty")
	}
	z.dict.Reserve(len(entries))
	z.dict.InsertAll(entries)
	list := make([]scored, len(entries))
	for i, e := range entries {
		z.entries += blockSize(len(memberOf(e)))
		list[i] = scored{orderOf(scoreOf(e)), e}
	}
	z.tree.build(inOrder(list))
}

// scored is an entry and a number that orders like its score.
type scored struct {
	order uint64
	e     dict.Entry
}

const signBit = 1 << 63

// orderOf turns the bits of a score into an integer of the same order.
func orderOf(score float64) uint64 {
	if score == 0 {
		score = 0 // -0 equals it
	}
	b := math.Float64bits(score)
	if b&signBit != 0 {
		return ^b
	}
	return b | signBit
}

// inOrder sorts by score, equal ones by member.
func inOrder(list []scored) []scored {
	if len(list) < 512 {
		slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(a.order, b.order) })
	} else {
		list = radixSort(list)
	}
	for from := 0; from < len(list); {
		to := from + 1
		sorted := true // as the sort by score is stable, if the members were
		for to < len(list) && list[to].order == list[from].order {
			sorted = sorted && bytes.Compare(memberOf(list[to-1].e), memberOf(list[to].e)) < 0
			to++
		}
		if !sorted {
			slices.SortFunc(list[from:to], func(a, b scored) int { return bytes.Compare(memberOf(a.e), memberOf(b.e)) })
		}
		from = to
	}
	return list
}

// radixSort sorts by order, a byte at a time, and passes over the bytes in which all are equal: scores that are whole numbers differ
// in few. The result may be another slice.
func radixSort(list []scored) []scored {
	var counts [8][256]int
	for _, p := range list {
		for b := range counts {
			counts[b][byte(p.order>>(8*b))]++
		}
	}
	spare := make([]scored, len(list))
	for b := range counts {
		c := &counts[b]
		if c[byte(list[0].order>>(8*b))] == len(list) {
			continue
		}
		at := 0
		for i, n := range c {
			c[i] = at
			at += n
		}
		for _, p := range list {
			i := byte(p.order >> (8 * b))
			spare[c[i]] = p
			c[i]++
		}
		list, spare = spare, list
	}
	return list
}

// subtree is a node, how many elements are below it, and the first of them.
type subtree struct {
	node  unsafe.Pointer
	count int
	score float64
	e     dict.Entry
}

// build makes the tree of elements in order. Its nodes are full but for the last two of each level, which share what is left.
func (t *tree) build(list []scored) {
	*t = newTree()
	if len(list) == 0 {
		return
	}
	var level []subtree
	last := (*leaf)(t.root)
	for len(list) > 0 {
		l := last
		if len(level) > 0 {
			l = &leaf{prev: last}
			last.next, last = l, l
			t.leaves++
		}
		l.n = share(len(list), leafCap)
		for i, p := range list[:l.n] {
			l.scores[i], l.entries[i] = scoreOf(p.e), p.e
		}
		level = append(level, subtree{unsafe.Pointer(l), l.n, l.scores[0], l.entries[0]})
		list = list[l.n:]
	}
	for len(level) > 1 {
		above := level[:0]
		for len(level) > 0 {
			node := &inner{n: share(len(level), innerCap)}
			t.inners++
			up := subtree{node: unsafe.Pointer(node), score: level[0].score, e: level[0].e}
			for i, kid := range level[:node.n] {
				node.scores[i], node.entries[i], node.counts[i], node.kids[i] = kid.score, kid.e, kid.count, kid.node
				up.count += kid.count
			}
			level = level[node.n:]
			above = append(above, up)
		}
		level = above
		t.height++
	}
	t.root = level[0].node
}

// share is how many of n things go to the next node, of which none shall be left with few.
func share(n, limit int) int {
	if n > limit && n < 2*limit {
		return (n + 1) / 2
	}
	return min(n, limit)
}
