// Shapes: the hash parts of decoded objects with the same keys in the same order are alike, so the second one on is copied
// from a template instead of growing key by key. What pairs shows of it is the same as with C's growing.
package lua

import "unsafe"

const (
	maxShapeKeys   = 32
	shapeCacheSize = 32 // a power of two
)

// shape is the hash part of a table with those keys, put in in that order.
type shape struct {
	keys     []unsafe.Pointer // of strings
	position []uint32         // the node of every key
	nodes    []node           // without values
	lsize    uint8
	lastFree uint32
}

// shapeCache keeps the shapes of objects seen lately. A shape is made when its signature is seen the second time.
type shapeCache [shapeCacheSize]struct {
	signature uint64
	shape     *shape
}

// popObject makes a table of the keys and values, by turns, on the stack of decoded elements from base on.
func (l *library) popObject(c *Call, base int) *Table {
	pairs := l.values[base:]
	l.pop(base)
	n := len(pairs) / 2
	c.Steps(n)
	if n == 0 || n > maxShapeKeys {
		return growObject(c, pairs)
	}
	signature := uint64(n)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i].n != tagString || pairs[i].string().size > maxCachedKey || pairs[i+1].n == tagNil {
			return growObject(c, pairs)
		}
		signature = (signature ^ uint64(uintptr(pairs[i].p))) * 0x9E3779B97F4A7C15
	}
	l.shaped = true
	slot := &l.shapes[signature>>59%shapeCacheSize]
	if slot.signature == signature && slot.shape != nil && slot.shape.has(pairs) {
		return slot.shape.fill(c, pairs)
	}
	t := growObject(c, pairs)
	if slot.signature == signature {
		slot.shape = shapeOf(t, pairs)
	} else {
		slot.signature, slot.shape = signature, nil
	}
	return t
}

// growObject makes a table of pairs as C does, growing as they come.
func growObject(c *Call, pairs []Value) *Table {
	t := newTable(c.s, 0, 0)
	for i := 0; i < len(pairs); i += 2 {
		t.set(c.s, pairs[i], pairs[i+1])
	}
	return t
}

// shapeOf returns the shape of t, which was made of pairs, nil if a key came twice.
func shapeOf(t *Table, pairs []Value) *shape {
	size := 1 << t.lsize
	s := &shape{lsize: t.lsize, lastFree: t.lastFree, nodes: make([]node, size), position: make([]uint32, len(pairs)/2), keys: make([]unsafe.Pointer, len(pairs)/2)}
	copy(s.nodes, unsafe.Slice((*node)(t.node), size))
	used := 0
	for i := range s.nodes {
		if s.nodes[i].val.n != tagNil {
			used++
		}
		s.nodes[i].val = Nil
	}
	if used != len(s.keys) || t.asize != 0 {
		return nil
	}
	for i := range s.keys {
		key := pairs[2*i].string()
		s.keys[i] = pairs[2*i].p
		s.position[i] = uint32(distance(t.nodeAt(0), (*node)(unsafe.Pointer(t.findString(key)))))
	}
	return s
}

func (s *shape) has(pairs []Value) bool {
	if len(pairs) != 2*len(s.keys) {
		return false
	}
	for i, k := range s.keys {
		if pairs[2*i].p != k {
			return false
		}
	}
	return true
}

func (s *shape) fill(c *Call, pairs []Value) *Table {
	t := newTable(c.s, 0, 0)
	c.s.charge(int64(nodeSize) << s.lsize)
	nodes := make([]node, len(s.nodes))
	copy(nodes, s.nodes)
	for i, p := range s.position {
		nodes[p].val = pairs[2*i+1]
	}
	t.node, t.lsize, t.lastFree = unsafe.Pointer(&nodes[0]), s.lsize, s.lastFree
	return t
}
