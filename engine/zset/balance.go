// Keeping the tree's nodes well filled: making room before an insertion, merging after a removal.
package zset

import (
	"unsafe"

	"github.com/evald/evald/engine/dict"
)

// makeRoom changes the tree so that inserting (score, e), whose place is index i of the full leaf l at the end of p, comes
// closer to succeeding; the caller then looks for the place again. In this order: a new leaf at the right end (keys that
// arrive in order fill their leaves to the brim); a neighbour that takes some of the elements; a division.
func (t *tree) makeRoom(p *path, l *leaf, i int, score float64, e dict.Entry) {
	atEnd := l.next == nil && i == l.n
	if p.n > 0 && !atEnd && shareLeaf(p.steps[p.n-1]) {
		return
	}
	// A division adds a kid to the parent, so full ancestors divide first, the highest before the others.
	d := p.n - 1
	for d >= 0 && p.steps[d].node.n == innerCap {
		d--
	}
	if d < 0 {
		t.growRoot()
		return
	}
	parent := p.steps[d]
	if d < p.n-1 {
		t.splitInner(parent.node, parent.i)
		return
	}
	r := &leaf{prev: l, next: l.next}
	t.leaves++
	if l.next != nil {
		l.next.prev = r
	}
	l.next = r
	if atEnd {
		parent.node.add(parent.i+1, unsafe.Pointer(r), 0, score, e)
		return
	}
	moveRight(l, r, leafCap/2)
	parent.node.counts[parent.i] -= r.n
	parent.node.add(parent.i+1, unsafe.Pointer(r), r.n, r.scores[0], r.entries[0])
}

// growRoot puts a new root with one kid above the root.
func (t *tree) growRoot() {
	if t.height == maxHeight {
		panic("zset: the tree is too high")
	}
	root := &inner{n: 1}
	root.kids[0] = t.root
	if t.height == 0 {
		root.counts[0] = (*leaf)(t.root).n
	} else {
		old := (*inner)(t.root)
		for _, c := range old.counts[:old.n] {
			root.counts[0] += c
		}
	}
	t.root = unsafe.Pointer(root)
	t.height++
	t.inners++
}

// splitInner divides kid i of parent, an inner node.
func (t *tree) splitInner(parent *inner, i int) {
	a, b := (*inner)(parent.kids[i]), new(inner)
	t.inners++
	keep := a.n / 2
	moved := 0
	for _, c := range a.counts[keep:a.n] {
		moved += c
	}
	b.appendKids(a, keep)
	a.truncate(keep)
	parent.counts[i] -= moved
	parent.add(i+1, unsafe.Pointer(b), moved, b.scores[0], b.entries[0])
}

// shareLeaf moves elements of the full leaf at s to a neighbour with room, half of the difference.
func shareLeaf(s step) bool {
	node, i := s.node, s.i
	l := (*leaf)(node.kids[i])
	if i > 0 {
		if left := (*leaf)(node.kids[i-1]); left.n < leafCap-1 {
			moveLeft(left, l, (leafCap-left.n)/2)
			node.recount(i-1, i)
			return true
		}
	}
	if i+1 < node.n {
		if right := (*leaf)(node.kids[i+1]); right.n < leafCap-1 {
			moveRight(l, right, (leafCap-right.n)/2)
			node.recount(i, i+1)
			return true
		}
	}
	return false
}

// recount corrects counts and separator of the neighbouring leaves a and b = a+1 after elements have moved.
func (node *inner) recount(a, b int) {
	l, r := (*leaf)(node.kids[a]), (*leaf)(node.kids[b])
	node.counts[a], node.counts[b] = l.n, r.n
	node.scores[b], node.entries[b] = r.scores[0], r.entries[0]
}

// moveRight moves the last k elements of a to the front of b.
func moveRight(a, b *leaf, k int) {
	copy(b.scores[k:b.n+k], b.scores[:b.n])
	copy(b.entries[k:b.n+k], b.entries[:b.n])
	copy(b.scores[:k], a.scores[a.n-k:a.n])
	copy(b.entries[:k], a.entries[a.n-k:a.n])
	clear(a.entries[a.n-k : a.n])
	a.n -= k
	b.n += k
}

// moveLeft moves the first k elements of b to the end of a.
func moveLeft(a, b *leaf, k int) {
	copy(a.scores[a.n:], b.scores[:k])
	copy(a.entries[a.n:], b.entries[:k])
	a.n += k
	b.cut(0, k)
}

// cut removes k elements from i on.
func (l *leaf) cut(i, k int) {
	copy(l.scores[i:], l.scores[i+k:l.n])
	copy(l.entries[i:], l.entries[i+k:l.n])
	clear(l.entries[l.n-k : l.n])
	l.n -= k
}

// cut removes k elements from index i of the leaf at the end of p, and restores the tree's shape.
func (t *tree) cut(p *path, l *leaf, i, k int) {
	l.cut(i, k)
	p.add(-k)
	if l.n >= leafCap/2 || p.n == 0 {
		return
	}
	t.mergeLeaf(p, l)
	for d := p.n - 1; d > 0; d-- {
		t.mergeInner(p.steps[d-1], p.steps[d].node)
	}
	for t.height > 0 && (*inner)(t.root).n == 1 {
		t.root = (*inner)(t.root).kids[0]
		t.height--
		t.inners--
	}
}

// mergeLeaf joins the leaf at the end of p with a neighbour if they fit in one, and removes it if it is empty.
func (t *tree) mergeLeaf(p *path, l *leaf) {
	s := p.steps[p.n-1]
	node, i := s.node, s.i
	switch {
	case l.n == 0 && node.n > 1:
		t.unlink(l)
		node.drop(i)
		return
	case l.n == 0:
		// The only leaf of its parent; the ancestors that have no other kid go with it. The root has two kids or more.
		t.unlink(l)
		d := p.n - 1
		for ; p.steps[d].node.n == 1; d-- {
			t.inners--
		}
		p.steps[d].node.drop(p.steps[d].i)
		p.n = d + 1
		return
	}
	if i+1 < node.n && l.n+(*leaf)(node.kids[i+1]).n <= leafMerge {
		i++
	} else if i == 0 || l.n+(*leaf)(node.kids[i-1]).n > leafMerge {
		return
	}
	a, b := (*leaf)(node.kids[i-1]), (*leaf)(node.kids[i])
	moveLeft(a, b, b.n)
	t.unlink(b)
	node.counts[i-1] = a.n
	node.drop(i)
}

func (t *tree) unlink(l *leaf) {
	t.leaves--
	if l.prev != nil {
		l.prev.next = l.next
	}
	if l.next != nil {
		l.next.prev = l.prev
	}
}

// mergeInner joins kid s.i of s.node, which is node, with a neighbour if they fit in one.
func (t *tree) mergeInner(s step, node *inner) {
	if node.n >= innerCap/2 {
		return
	}
	parent, i := s.node, s.i
	if i+1 < parent.n && node.n+(*inner)(parent.kids[i+1]).n <= innerMerge {
		i++
	} else if i == 0 || node.n+(*inner)(parent.kids[i-1]).n > innerMerge {
		return
	}
	a, b := (*inner)(parent.kids[i-1]), (*inner)(parent.kids[i])
	b.scores[0], b.entries[0] = parent.scores[i], parent.entries[i]
	a.appendKids(b, 0)
	parent.counts[i-1] += parent.counts[i]
	parent.drop(i)
	t.inners--
}

// add puts a kid at i, separated from the one before by (score, e).
func (node *inner) add(i int, kid unsafe.Pointer, count int, score float64, e dict.Entry) {
	n := node.n
	copy(node.scores[i+1:], node.scores[i:n])
	copy(node.entries[i+1:], node.entries[i:n])
	copy(node.counts[i+1:], node.counts[i:n])
	copy(node.kids[i+1:], node.kids[i:n])
	node.scores[i], node.entries[i], node.counts[i], node.kids[i] = score, e, count, kid
	node.n++
}

// drop removes kid i and the separator before it.
func (node *inner) drop(i int) {
	n := node.n
	copy(node.scores[i:], node.scores[i+1:n])
	copy(node.entries[i:], node.entries[i+1:n])
	copy(node.counts[i:], node.counts[i+1:n])
	copy(node.kids[i:], node.kids[i+1:n])
	node.truncate(n - 1)
}

// appendKids copies the kids of b from index from on to the end of node.
func (node *inner) appendKids(b *inner, from int) {
	copy(node.scores[node.n:], b.scores[from:b.n])
	copy(node.entries[node.n:], b.entries[from:b.n])
	copy(node.counts[node.n:], b.counts[from:b.n])
	copy(node.kids[node.n:], b.kids[from:b.n])
	node.n += b.n - from
}

func (node *inner) truncate(n int) {
	clear(node.entries[n:node.n])
	clear(node.kids[n:node.n])
	node.n = n
}
