// Package list is the big list: a deque that can also be read, changed and cut anywhere by index.
//
// Shape: elements lie in chunks, each one compact sequence of up to 4 KB (or one bigger element). The chunks are in an
// array with free places at both ends, and a Fenwick tree over it counts the elements of the inner chunks: pushing and
// popping is O(1), finding an index O(log n) and a walk inside one chunk.
//
// Every element has a position, an int64 that increases from head to tail and names the element's durable row. A
// position stays with its element while others come and go; new elements at the ends are 65536 apart, which leaves room
// to insert between them. Where the room runs out, some elements around are spread out anew: a few of the chunk, all of
// it, or in the rare case that the whole chunk is short of room, neighbouring chunks too. Inserting at one and the same
// place again and again rewrites about nine rows each time. Most chunks store no positions but a base and a step.
//
// An element handed out is a view that is valid until the next call on the list, and must not be written to.
package list

import (
	"math"
	"unsafe"

	"github.com/evald/evald/engine/compact"
)

// stride is the distance between positions of elements pushed at the ends: 2^47 pushes until the range is used up.
const stride = 1 << 16

// Changes is told of every position whose element is about to change, with the element that is there: existed is false
// for a new position. It is called before the change, must not use the list, and old is valid only during the call. To
// put a list back, walk the calls in reverse and give each to PutPos (existed) or DropPos (not).
type Changes func(pos int64, old []byte, existed bool)

// List is a list of byte strings. See New.
type List struct {
	index
	scratch [20]byte // text of an integer handed out
}

// New returns an empty list.
func New() *List { return &List{} }

// Len returns the number of elements.
func (l *List) Len() int { return l.n }

// PushTail adds elem behind the last.
func (l *List) PushTail(elem []byte, ch Changes) {
	pos := int64(0)
	if l.n > 0 {
		if l.tail().last() > math.MaxInt64-stride {
			l.renumberAll(ch)
		}
		pos = l.tail().last() + stride
	}
	ch.created(pos)
	l.append(pos, elem)
}

// PushHead adds elem before the first.
func (l *List) PushHead(elem []byte, ch Changes) {
	pos := int64(0)
	if l.n > 0 {
		if l.head().pos(0) < math.MinInt64+stride {
			l.renumberAll(ch)
		}
		pos = l.head().pos(0) - stride
	}
	ch.created(pos)
	if l.n == 0 || !l.head().fits(compact.SizeOf(elem)) {
		l.pushFront(l.chunk(compact.SizeOf(elem)))
	}
	l.head().insert(0, pos, elem)
	l.n++
}

// append adds elem at a position above all others.
func (l *List) append(pos int64, elem []byte) {
	if size := compact.SizeOf(elem); l.n == 0 || !l.tail().fits(size) {
		l.pushBack(l.chunk(size))
	}
	c := l.tail()
	c.insert(c.len(), pos, elem)
	l.n++
}

// PopHead removes the first element and appends it to dst; it reports false if the list is empty.
func (l *List) PopHead(dst []byte, ch Changes) ([]byte, bool) {
	if l.n == 0 {
		return dst, false
	}
	c := l.head()
	e := compact.Get(c.pack, compact.First(c.pack))
	dst = e.AppendTo(dst)
	ch.changing(c.pos(0), l.bytes(e))
	c.remove(0, 1)
	l.n--
	if c.len() == 0 {
		l.dropFront()
	}
	return dst, true
}

// PopTail removes the last element and appends it to dst; it reports false if the list is empty.
func (l *List) PopTail(dst []byte, ch Changes) ([]byte, bool) {
	if l.n == 0 {
		return dst, false
	}
	c := l.tail()
	e := compact.Get(c.pack, compact.Last(c.pack))
	dst = e.AppendTo(dst)
	ch.changing(c.last(), l.bytes(e))
	c.remove(c.len()-1, 1)
	l.n--
	if c.len() == 0 {
		l.dropBack()
	}
	return dst, true
}

// At returns the element at index i, counted from 0, or from -1 backwards; false if there is none.
func (l *List) At(i int) ([]byte, bool) {
	if i < 0 {
		i += l.n
	}
	if i < 0 || i >= l.n {
		return nil, false
	}
	s, k := l.find(i)
	pack := l.slots[s].pack
	return l.bytes(compact.Get(pack, compact.Index(pack, k))), true
}

// bytes returns the text of e, a view that is valid until the next call.
func (l *List) bytes(e compact.Elem) []byte {
	if e.IsInt() {
		return e.AppendTo(l.scratch[:0])
	}
	return e.Bytes()
}

// Chunks returns how many chunks there are.
func (l *List) Chunks() int { return l.hi - l.lo }

// MemUsage returns the bytes that the list takes. It walks the chunks.
func (l *List) MemUsage() int {
	total := int(unsafe.Sizeof(*l)) + cap(l.slots)*8 + cap(l.sums)*8
	for _, c := range l.slots[l.lo:l.hi] {
		total += int(unsafe.Sizeof(*c)) + cap(c.pack) + cap(c.positions)*8
	}
	if l.spare != nil {
		total += int(unsafe.Sizeof(*l.spare)) + cap(l.spare.pack)
	}
	return total
}

func (ch Changes) created(pos int64) {
	if ch != nil {
		ch(pos, nil, false)
	}
}

func (ch Changes) changing(pos int64, old []byte) {
	if ch != nil {
		ch(pos, old, true)
	}
}
