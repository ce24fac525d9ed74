// Making tables: the small ones are one block with their elements.
package lua

import "unsafe"

// newTable returns a table with room for narr array elements and nhash keys.
func newTable(s *State, narr, nhash int) *Table {
	s.ids++
	var t *Table
	switch {
	case nhash <= 0 && 0 < narr && narr <= 8:
		s.charge(tableSize + int64(narr)*int64(valueSize))
		t = tableOfArray(narr)
	case narr <= 0 && 0 < nhash && nhash <= 2:
		s.charge(tableSize + int64(nhash)*int64(nodeSize))
		t = tableOfNodes(nhash)
	default:
		s.charge(tableSize)
		t = &Table{node: unsafe.Pointer(&noNode)}
		if narr > 0 || nhash > 0 {
			t.resize(s, narr, nhash)
		}
	}
	t.kind, t.id = tagTable, s.ids
	return t
}

// tableOfArray returns an empty table with n array elements, 1 to 8, in its own block: most tables of a script are the reply of a
// command or its own, short and never resized, and one allocation takes half the time of two.
func tableOfArray(n int) *Table {
	var t *Table
	switch n {
	case 1:
		t = blockWith[[1]Value](n)
	case 2:
		t = blockWith[[2]Value](n)
	case 3:
		t = blockWith[[3]Value](n)
	case 4:
		t = blockWith[[4]Value](n)
	case 5:
		t = blockWith[[5]Value](n)
	case 6:
		t = blockWith[[6]Value](n)
	case 7:
		t = blockWith[[7]Value](n)
	default:
		t = blockWith[[8]Value](n)
	}
	t.node = unsafe.Pointer(&noNode)
	return t
}

func blockWith[A any](n int) *Table {
	b := &struct {
		t   Table
		arr A
	}{}
	b.t.arr, b.t.asize = unsafe.Pointer(&b.arr), uint32(n)
	return &b.t
}

// tableOfNodes is tableOfArray for a hash part of 1 or 2 nodes.
func tableOfNodes(n int) *Table {
	if n == 1 {
		b := &struct {
			t    Table
			node node
		}{}
		b.t.node, b.t.lastFree = unsafe.Pointer(&b.node), 1
		return &b.t
	}
	b := &struct {
		t    Table
		node [2]node
	}{}
	b.t.node, b.t.lsize, b.t.lastFree = unsafe.Pointer(&b.node), 1, 2
	return &b.t
}
