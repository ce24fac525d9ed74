// The counted B+tree: where an element is, insertion and removal.
package zset

import (
	"bytes"
	"unsafe"

	"github.com/evald/evald/engine/dict"
)

const (
	leafCap  = 62
	innerCap = 31

	// A node less than half full is merged with a neighbour if the two fill no more than this: some room must be left,
	// or the next insertion would divide them again.
	leafMerge  = leafCap * 7 / 8
	innerMerge = innerCap * 7 / 8

	maxHeight = 12 // 15^12 elements, if every node is only half full
)

// leaf holds elements in order. Its score copies make the search local to the leaf.
type leaf struct {
	scores     [leafCap]float64
	entries    [leafCap]dict.Entry
	next, prev *leaf
	n          int
}

// inner holds kids in order. Pair i of scores and entries separates kid i-1 (all below it) from kid i (none below it);
// pair 0 means nothing. A separator's entry may have left the set: only its member's bytes count, which never change.
type inner struct {
	scores  [innerCap]float64
	entries [innerCap]dict.Entry
	counts  [innerCap]int            // elements below each kid
	kids    [innerCap]unsafe.Pointer // *leaf one level above the leaves, *inner higher up
	n       int
}

type tree struct {
	root   unsafe.Pointer // *leaf if height is 0, else *inner
	height int
	leaves int
	inners int
}

func newTree() tree { return tree{root: unsafe.Pointer(new(leaf)), leaves: 1} }

func (t *tree) memUsage() int {
	return t.leaves*(int(unsafe.Sizeof(leaf{}))+8) + t.inners*(int(unsafe.Sizeof(inner{}))+8)
}

type by uint8

const (
	byKey   by = iota // score, then member
	byScore           // score only
	byLex             // member only
)

// probe is a place to look for: before(x) is true for a first part of the elements and false for the rest.
type probe struct {
	score   float64
	member  []byte
	by      by
	orEqual bool // the place behind what equals the probe
}

func (p *probe) before(score float64, e dict.Entry) bool {
	if p.by != byLex {
		if score != p.score {
			return score < p.score
		}
		if p.by == byScore {
			return p.orEqual
		}
	}
	c := bytes.Compare(memberOf(e), p.member)
	return c < 0 || c == 0 && p.orEqual
}

// find returns how many of the pairs are before the probe.
func (p *probe) find(scores []float64, entries []dict.Entry) int {
	low, high := 0, len(scores)
	if p.by != byLex {
		low = countBelow(scores, p.score)
		if low == high || !p.before(scores[low], entries[low]) {
			return low // as nearly always: no equal score before the probe
		}
	}
	for low < high {
		if mid := int(uint(low+high) / 2); p.before(scores[mid], entries[mid]) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// countBelow returns how many of the ordered scores are below score. It looks at one score of every cache line, then at
// all in one line: more comparisons than a binary search, but the loads don't wait for each other.
func countBelow(scores []float64, score float64) int {
	const line = 8
	n := 0
	for i := line - 1; i < len(scores); i += line {
		n += below(scores[i], score)
	}
	n *= line
	for _, s := range scores[n:min(n+line, len(scores))] {
		n += below(s, score)
	}
	return n
}

// below is 1 or 0, without a branch.
func below(a, b float64) int {
	n := 0
	if a < b {
		n = 1
	}
	return n
}

// path is the way from the root down to a leaf.
type path struct {
	steps [maxHeight]step
	n     int
}

type step struct {
	node *inner
	i    int // the kid taken
}

func (p *path) push(node *inner, i int) {
	p.steps[p.n] = step{node, i}
	p.n++
}

// rank returns how many elements are in the leaves before the path's.
func (p *path) rank() int {
	rank := 0
	for _, s := range p.steps[:p.n] {
		for _, c := range s.node.counts[:s.i] {
			rank += c
		}
	}
	return rank
}

// add changes the counts along the path.
func (p *path) add(delta int) {
	for _, s := range p.steps[:p.n] {
		s.node.counts[s.i] += delta
	}
}

// locate returns the leaf and index of the first element not before the probe; the index may be the leaf's n, which
// means the next leaf's first element, if there is one. The empty path p is filled in.
func (t *tree) locate(pr *probe, p *path) (*leaf, int) {
	down := *pr
	down.orEqual = pr.orEqual || pr.by == byKey // an element equal to a separator is to its right
	at := t.root
	for range t.height {
		node := (*inner)(at)
		i := down.find(node.scores[1:node.n], node.entries[1:node.n])
		p.push(node, i)
		at = node.kids[i]
	}
	l := (*leaf)(at)
	return l, pr.find(l.scores[:l.n], l.entries[:l.n])
}

// at returns the leaf and index of the element of a rank, which must exist.
func (t *tree) at(rank int, p *path) (*leaf, int) {
	at := t.root
	for range t.height {
		node := (*inner)(at)
		i := 0
		for rank >= node.counts[i] {
			rank -= node.counts[i]
			i++
		}
		p.push(node, i)
		at = node.kids[i]
	}
	return (*leaf)(at), rank
}

// mustLocate returns where the element e with the score is.
func (t *tree) mustLocate(score float64, e dict.Entry, p *path) (*leaf, int) {
	l, i := t.locate(&probe{by: byKey, score: score, member: memberOf(e)}, p)
	if i == l.n || l.entries[i] != e {
		panic("zset: an entry of the dict is not in the tree")
	}
	return l, i
}

func (t *tree) insert(score float64, e dict.Entry) {
	pr := &probe{by: byKey, score: score, member: memberOf(e)}
	for {
		var p path
		l, i := t.locate(pr, &p)
		if l.n < leafCap {
			copy(l.scores[i+1:l.n+1], l.scores[i:l.n])
			copy(l.entries[i+1:l.n+1], l.entries[i:l.n])
			l.scores[i], l.entries[i] = score, e
			l.n++
			p.add(1)
			return
		}
		t.makeRoom(&p, l, i, score, e)
	}
}

// move changes the score of an element from old to score: in place if its neighbours allow, as they mostly do when a
// score grows a little.
func (t *tree) move(old float64, e dict.Entry, score float64) {
	var p path
	l, i := t.mustLocate(old, e, &p)
	pr := probe{by: byKey, score: score, member: memberOf(e)}
	left := l.prev == nil || score >= old
	if i > 0 {
		left = pr.before(l.scores[i-1], l.entries[i-1])
	}
	right := l.next == nil || score <= old
	if i < l.n-1 {
		right = !pr.before(l.scores[i+1], l.entries[i+1])
	}
	if left && right {
		l.scores[i] = score
		return
	}
	t.cut(&p, l, i, 1)
	t.insert(score, e)
}

func (t *tree) remove(score float64, e dict.Entry) {
	var p path
	l, i := t.mustLocate(score, e, &p)
	t.cut(&p, l, i, 1)
}

// removeRun removes up to limit elements from rank on, as many as are in one leaf, and returns how many. fn is called for
// each before.
func (t *tree) removeRun(rank, limit int, fn func(float64, dict.Entry)) int {
	var p path
	l, i := t.at(rank, &p)
	n := min(limit, l.n-i)
	for j := i; j < i+n; j++ {
		fn(l.scores[j], l.entries[j])
	}
	t.cut(&p, l, i, n)
	return n
}
