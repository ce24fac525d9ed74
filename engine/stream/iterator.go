// Iterating over entries, in either direction.

package stream

import "github.com/evald/evald/engine/listpack"

// Iterator visits the entries of a range. It is void once the stream changes. The usual loop:
//
//	for it := s.Range(from, to, false); it.Next(); {
//		use(it.ID(), it.Fields())
//		for it.NextPair() {
//			use(it.Name(), it.Value())
//		}
//	}
type Iterator struct {
	s          *Stream
	start, end ID
	rev        bool

	i            int // index of the node, one past either end when done
	p            int // forward: offset of the next element to read; backward: of the entry last visited
	masterFields int
	masterName   int // offset of the first master field name
	e            entry
	left         int // pairs of e not yet read
	body, name   int // offsets of the next value (or name) and, with shared names, of the next name
	nameAt       int // offsets of the name and value last read
	valueAt      int
	rest         bool // forward: p is yet to move behind e
	nameBuf      [listpack.MaxIntText]byte
	valueBuf     [listpack.MaxIntText]byte
}

// Range returns an iterator over the entries from start to end, both included; rev begins at the end.
func (s *Stream) Range(start, end ID, rev bool) Iterator {
	it := Iterator{s: s, start: start, end: end, rev: rev}
	if rev {
		it.i = s.seek(end)
	} else {
		it.i = max(s.seek(start), 0)
	}
	it.enter()
	return it
}

// enter prepares for the node i, if there is one.
func (it *Iterator) enter() {
	if it.i < 0 || it.i >= len(it.s.nodes) {
		return
	}
	n := &it.s.nodes[it.i]
	it.masterFields, it.masterName = n.master()
	if it.rev {
		it.p = n.end()
	} else {
		it.p = skip(n.lp, it.masterName, it.masterFields+1)
	}
}

// Next moves to the next entry; false means there is none.
func (it *Iterator) Next() bool {
	for it.i >= 0 && it.i < len(it.s.nodes) {
		n := &it.s.nodes[it.i]
		if !it.step(n) {
			if it.rev {
				it.i--
			} else {
				it.i++
			}
			it.enter()
			continue
		}
		switch {
		case it.e.deleted():
		case it.e.id.Less(it.start):
			if it.rev {
				return it.finish()
			}
		case it.end.Less(it.e.id):
			if !it.rev {
				return it.finish()
			}
		default:
			it.left, it.body, it.name = it.e.fields, it.e.body, it.masterName
			return true
		}
	}
	it.e = entry{}
	return false
}

func (it *Iterator) finish() bool {
	it.e, it.left, it.i = entry{}, 0, len(it.s.nodes)
	return false
}

// step reads the next entry of n, deleted or not; false means the node is through.
func (it *Iterator) step(n *node) bool {
	if it.rev {
		p := n.before(it.p)
		if p == listpack.End {
			return false
		}
		it.p = p
		it.e = n.entryAt(p, it.masterFields)
		return true
	}
	if it.rest { // behind the entry last visited
		it.p = n.after(&it.e)
		if it.left < it.e.fields { // it was read in part: go on from there
			elements := it.left
			if !it.e.same() {
				elements *= 2
			}
			it.p = skip(n.lp, it.body, elements+1)
		}
		it.rest = false
	}
	if it.p >= n.end() {
		return false
	}
	it.e = n.entryAt(it.p, it.masterFields)
	it.rest, it.left, it.body = true, it.e.fields, it.e.body
	return true
}

// ID returns the entry's ID, 0-0 when there is none.
func (it *Iterator) ID() ID { return it.e.id }

// Fields returns the entry's number of fields.
func (it *Iterator) Fields() int { return it.e.fields }

// NextPair moves to the entry's next field.
func (it *Iterator) NextPair() bool {
	if it.left == 0 {
		return false
	}
	it.left--
	lp := it.lp()
	if it.e.same() {
		it.nameAt = it.name
		it.name = listpack.Skip(lp, it.name)
	} else {
		it.nameAt = it.body
		it.body = listpack.Skip(lp, it.body)
	}
	it.valueAt = it.body
	it.body = listpack.Skip(lp, it.body)
	return true
}

func (it *Iterator) lp() []byte { return it.s.nodes[it.i].lp }

// Name returns the field's name, valid until the next NextPair.
func (it *Iterator) Name() []byte { return listpack.Text(it.lp(), it.nameAt, it.nameBuf[:]) }

// Value returns the field's value, valid until the next NextPair.
func (it *Iterator) Value() []byte { return listpack.Text(it.lp(), it.valueAt, it.valueBuf[:]) }
