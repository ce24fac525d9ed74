// Nodes: runs of entries in one listpack each, in the very layout Redis uses, so that a DUMP payload is the node itself.
//
// A node's listpack begins with the master entry: live count, deleted count, number of fields, the field names, 0. Then
// per entry: flags, ms and seq relative to the node's first ID, then either the values alone (same field names as the
// master entry) or number of fields, names and values; last, the number of elements of the entry, for walking back.

package stream

import (
	"bytes"

	"github.com/evald/evald/engine/listpack"
)

const (
	flagDeleted    = 1
	flagSameFields = 2
)

// node holds the entries from first on. first stays when the entry that gave it is deleted.
type node struct {
	first ID
	lp    []byte
}

// entry describes one entry of a node.
type entry struct {
	at     int // offset of its flags
	body   int // offset of its first name (or value, with the master's fields)
	id     ID
	flags  int64
	fields int // number of fields
}

func (e *entry) same() bool    { return e.flags&flagSameFields != 0 }
func (e *entry) deleted() bool { return e.flags&flagDeleted != 0 }

// elements is how many listpack elements lie between body and the trailing count.
func (e *entry) elements() int {
	if e.same() {
		return e.fields
	}
	return 2 * e.fields
}

func mustInt(lp []byte, p int) int64 {
	n, ok := listpack.Int(lp, p)
	if !ok {
		panic("stream: text where a node holds a number")
	}
	return n
}

func (n *node) live() int { return int(mustInt(n.lp, listpack.First(n.lp))) }

func (n *node) tombstones() int {
	return int(mustInt(n.lp, listpack.Skip(n.lp, listpack.First(n.lp))))
}

// addCounts changes the live and deleted counts. Offsets into the node are void after it.
func (n *node) addCounts(live, deleted int) {
	p := listpack.First(n.lp)
	n.lp = listpack.SetInt(n.lp, p, mustInt(n.lp, p)+int64(live))
	if deleted != 0 {
		p = listpack.Skip(n.lp, p)
		n.lp = listpack.SetInt(n.lp, p, mustInt(n.lp, p)+int64(deleted))
	}
}

// master returns the number of master fields and the offset of the first name.
func (n *node) master() (fields, p int) {
	p = listpack.First(n.lp)
	p = listpack.Skip(n.lp, p)
	p = listpack.Skip(n.lp, p)
	return int(mustInt(n.lp, p)), listpack.Skip(n.lp, p)
}

// start returns the offset of the first entry.
func (n *node) start() int {
	fields, p := n.master()
	return skip(n.lp, p, fields+1)
}

// skip steps over count elements from p.
func skip(lp []byte, p, count int) int {
	for range count {
		p = listpack.Skip(lp, p)
	}
	return p
}

// end is the offset behind the last entry.
func (n *node) end() int { return len(n.lp) - 1 }

// entryAt reads the fixed part of the entry at p; masterFields spares it the walk.
func (n *node) entryAt(p, masterFields int) entry {
	e := entry{at: p, flags: mustInt(n.lp, p), fields: masterFields}
	p = listpack.Skip(n.lp, p)
	e.id.Ms = n.first.Ms + uint64(mustInt(n.lp, p))
	p = listpack.Skip(n.lp, p)
	e.id.Seq = n.first.Seq + uint64(mustInt(n.lp, p))
	p = listpack.Skip(n.lp, p)
	if !e.same() {
		e.fields = int(mustInt(n.lp, p))
		p = listpack.Skip(n.lp, p)
	}
	e.body = p
	return e
}

// after returns the offset behind e.
func (n *node) after(e *entry) int { return skip(n.lp, e.body, e.elements()+1) }

// before returns the offset of the entry that ends at p, or listpack.End. Entries count at least 3 elements; the 0 is the
// end of the master entry.
func (n *node) before(p int) int {
	p = listpack.Prev(n.lp, p)
	count := mustInt(n.lp, p)
	if count == 0 {
		return listpack.End
	}
	for ; count > 0; count-- {
		p = listpack.Prev(n.lp, p)
	}
	return p
}

// lastID returns the ID of the last entry, deleted or not.
func (n *node) lastID() ID {
	e := n.entryAt(n.before(n.end()), 0)
	return e.id
}

// newNode makes a node of the single entry (id, pairs).
func newNode(id ID, pairs [][]byte) node {
	lp := listpack.New(0)
	lp = listpack.AppendInt(lp, 0)
	lp = listpack.AppendInt(lp, 0)
	lp = listpack.AppendInt(lp, int64(len(pairs)/2))
	for i := 0; i < len(pairs); i += 2 {
		lp = listpack.Append(lp, pairs[i])
	}
	n := node{first: id, lp: listpack.AppendInt(lp, 0)}
	n.append(id, pairs)
	return n
}

// append adds an entry at the end.
func (n *node) append(id ID, pairs [][]byte) {
	same := n.sameFields(pairs)
	n.addCounts(1, 0)
	n.lp = appendEntry(n.lp, n.first, id, pairs, same)
}

// appendEntry adds an entry to the end of a listpack whose IDs count from first.
func appendEntry(lp []byte, first, id ID, pairs [][]byte, same bool) []byte {
	flags, fields := int64(0), len(pairs)/2
	if same {
		flags = flagSameFields
	}
	lp = listpack.AppendInt(lp, flags)
	lp = listpack.AppendInt(lp, int64(id.Ms-first.Ms))
	lp = listpack.AppendInt(lp, int64(id.Seq-first.Seq))
	if same {
		for i := 1; i < len(pairs); i += 2 {
			lp = listpack.Append(lp, pairs[i])
		}
		return listpack.AppendInt(lp, int64(fields+3))
	}
	lp = listpack.AppendInt(lp, int64(fields))
	for _, s := range pairs {
		lp = listpack.Append(lp, s)
	}
	return listpack.AppendInt(lp, int64(2*fields+4))
}

// sameFields tells whether the names of pairs are the master entry's.
func (n *node) sameFields(pairs [][]byte) bool {
	fields, p := n.master()
	if fields != len(pairs)/2 {
		return false
	}
	var buf [listpack.MaxIntText]byte
	for i := 0; i < len(pairs); i += 2 {
		if !bytes.Equal(listpack.Text(n.lp, p, buf[:]), pairs[i]) {
			return false
		}
		p = listpack.Skip(n.lp, p)
	}
	return true
}

// samePairs tells whether the entry e holds exactly pairs.
func (n *node) samePairs(e *entry, pairs [][]byte) bool {
	if e.fields != len(pairs)/2 || e.same() && !n.sameFields(pairs) {
		return false
	}
	var buf [listpack.MaxIntText]byte
	p := e.body
	for i := range pairs {
		if e.same() && i%2 == 0 {
			continue
		}
		if !bytes.Equal(listpack.Text(n.lp, p, buf[:]), pairs[i]) {
			return false
		}
		p = listpack.Skip(n.lp, p)
	}
	return true
}

// setDeleted marks or unmarks the entry e and keeps the counts.
func (n *node) setDeleted(e *entry, deleted bool) {
	flags, d := e.flags&^flagDeleted, -1
	if deleted {
		flags, d = e.flags|flagDeleted, 1
	}
	n.lp = listpack.SetInt(n.lp, e.at, flags) // before the counts: they may move it
	n.addCounts(-d, d)
}

// insert adds an entry in front of the one at p (or at the end).
func (n *node) insert(p int, id ID, pairs [][]byte) {
	same := n.sameFields(pairs)
	one := appendEntry(listpack.New(0), n.first, id, pairs, same)
	n.lp = listpack.Splice(n.lp, p, p, listpack.Elements(one), listpack.Len(one))
	n.addCounts(1, 0)
}

// rebase moves the node's first ID to an earlier one.
func (n *node) rebase(first ID) {
	fields, p := n.master()
	p = skip(n.lp, p, fields+1)
	lp := listpack.New(len(n.lp) + len(n.lp)/8)
	lp = listpack.AppendElements(lp, listpack.Elements(n.lp[:p+1]), fields+4)
	for p < n.end() {
		e := n.entryAt(p, fields)
		rest, count := e.body, e.elements()+1
		if !e.same() { // the number of fields goes along
			rest, count = listpack.Prev(n.lp, e.body), count+1
		}
		p = n.after(&e)
		lp = listpack.AppendInt(lp, e.flags)
		lp = listpack.AppendInt(lp, int64(e.id.Ms-first.Ms))
		lp = listpack.AppendInt(lp, int64(e.id.Seq-first.Seq))
		lp = listpack.AppendElements(lp, n.lp[rest:p], count)
	}
	n.first, n.lp = first, lp
}

// countFrom returns the number of listpack elements from the entry at p to the end.
func (n *node) countFrom(p int) int {
	count := 0
	for ; p < n.end(); p = listpack.Skip(n.lp, p) {
		count++
	}
	return count
}
