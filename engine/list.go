package engine

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/evald/evald/engine/compact"
	"github.com/evald/evald/engine/list"
)

// List is a list opened for one command. It is valid until another key of the database is changed. Indexes count from 0.
type List struct {
	value
}

// List opens key for reading.
func (db *DB) List(key []byte) (List, error) {
	v, err := db.open(key, TypeList, false)
	return List{v}, err
}

// ListForUpdate opens key for changing it.
func (db *DB) ListForUpdate(key []byte) (List, error) {
	v, err := db.open(key, TypeList, true)
	return List{v}, err
}

func (l *List) small() bool { return l.e == nil || entryKind(l.e) == KindListCompact }

func (l *List) big() *list.List {
	_, o := l.object()
	return o.(*bigList).l
}

// fits tells whether a small list stays small when extra bytes in n elements join it.
func (l *List) fits(n, extra int) bool {
	limit := l.db.ks.Limits.ListMaxListpackSize
	if limit >= 0 {
		return l.Len()+n <= limit
	}
	max := 8192
	if limit >= -5 {
		max = 2048 << -limit
	}
	size := 0
	if l.e != nil {
		size = len(l.inline())
	}
	return size+extra+n <= max
}

// room makes the list big unless it stays small with one more element.
func (l *List) room(elem []byte) {
	if l.small() && !l.fits(1, len(elem)) {
		l.convert()
	}
}

func (l *List) convert() {
	big := newBigList()
	l.Walk(0, l.Len(), false, func(b []byte) bool { big.l.PushTail(b, noChanges); big.changed(); return true })
	l.promote(KindListBig, big)
}

func noChanges(int64, []byte, bool) {}

// begin returns the big list, ready to record what is about to change, and its size before.
func (l *List) begin() (big *bigList, before int64) {
	i, o := l.object()
	big = o.(*bigList)
	big.owner, big.obj = l.value, i
	return big, o.memory()
}

// end is called after every change of the big list.
func (l *List) end(big *bigList, before int64) {
	l.touched = big.owner.touched
	big.owner = value{}
	big.changed()
	l.grew(big, before)
}

// PushTail appends an element; the key is made if absent. PushHead puts it in front.
func (l *List) PushTail(elem []byte) {
	if l.room(elem); l.small() {
		l.setInline(KindListCompact, compact.Append(l.edit(), elem))
		return
	}
	big, before := l.begin()
	l.db.ks.unit.bytes += len(elem)
	big.l.PushTail(elem, big.record)
	l.end(big, before)
}

// PushHead puts an element in front; the key is made if absent.
func (l *List) PushHead(elem []byte) {
	if l.room(elem); l.small() {
		b := l.edit()
		if off := compact.First(b); off >= 0 {
			b = compact.InsertBefore(b, off, elem)
		} else {
			b = compact.Append(b, elem)
		}
		l.setInline(KindListCompact, b)
		return
	}
	big, before := l.begin()
	l.db.ks.unit.bytes += len(elem)
	big.l.PushHead(elem, big.record)
	l.end(big, before)
}

// Pop takes the first or last element out and appends it to dst; false if the list is empty. Finish then removes an empty key.
func (l *List) Pop(head bool, dst []byte) ([]byte, bool) {
	if l.Len() == 0 {
		return dst, false
	}
	if l.small() {
		b := l.inline()
		off := compact.Last(b)
		if head {
			off = compact.First(b)
		}
		dst = compact.Get(b, off).AppendTo(dst)
		l.setInline(KindListCompact, compact.Delete(l.edit(), off, 1))
		return dst, true
	}
	big, before := l.begin()
	if head {
		dst, _ = big.l.PopHead(dst, big.record)
	} else {
		dst, _ = big.l.PopTail(dst, big.record)
	}
	l.end(big, before)
	return dst, true
}

// At returns the element at index i, which must be within the list. The bytes lie in the keyspace, or in scratch.
func (l *List) At(i int, scratch []byte) []byte {
	if l.small() {
		b := l.inline()
		return elemBytes(compact.Get(b, compact.Index(b, i)), scratch)
	}
	v, _ := l.big().At(i)
	return v
}

// Set replaces the element at index i, which must be within the list.
func (l *List) Set(i int, elem []byte) {
	if l.small() {
		b := l.inline()
		off := compact.Index(b, i)
		if old := compact.Get(b, off).Len(); len(elem) <= old || l.fits(0, len(elem)-old) {
			l.setInline(KindListCompact, compact.Replace(l.edit(), off, elem))
			return
		}
		l.convert()
	}
	big, before := l.begin()
	l.db.ks.unit.bytes += len(elem)
	big.l.Set(i, elem, big.record)
	l.end(big, before)
}

// Insert puts an element before index i, 0 <= i <= Len.
func (l *List) Insert(i int, elem []byte) {
	if i == l.Len() {
		l.PushTail(elem)
		return
	}
	if l.room(elem); l.small() {
		b := l.edit()
		l.setInline(KindListCompact, compact.InsertBefore(b, compact.Index(b, i), elem))
		return
	}
	big, before := l.begin()
	l.db.ks.unit.bytes += len(elem)
	big.l.Insert(i, elem, big.record)
	l.end(big, before)
}

// Trim keeps the elements from <= index < to. Finish then removes an empty key.
func (l *List) Trim(from, to int) {
	n := l.Len()
	if from >= to {
		from, to = n, n
	}
	if from == 0 && to == n || n == 0 {
		return
	}
	if l.small() {
		b := l.edit()
		if to < n {
			b = compact.Delete(b, compact.Index(b, to), n-to)
		}
		if from > 0 {
			b = compact.Delete(b, compact.First(b), min(from, to))
		}
		l.setInline(KindListCompact, b)
		return
	}
	big, before := l.begin()
	big.l.Trim(from, to-1, big.record)
	l.end(big, before)
}

// Remove takes out up to count elements equal to elem, from the tail for a negative count, all for 0, and returns how many.
func (l *List) Remove(elem []byte, count int) (n int) {
	if l.e == nil {
		return 0
	}
	if !l.small() {
		big, before := l.begin()
		n = big.l.Remove(elem, count, big.record)
		l.end(big, before)
		return n
	}
	b := l.edit()
	limit := math.MaxInt
	if count != 0 {
		limit = max(count, -count)
	}
	if count >= 0 {
		for off := compact.Find(b, compact.First(b), elem, 0); off >= 0 && n < limit; n++ {
			if b = compact.Delete(b, off, 1); off >= len(b) {
				off = -1
			}
			off = compact.Find(b, off, elem, 0)
		}
	} else {
		for off := compact.Last(b); off >= 0 && n < limit; {
			prev := compact.Prev(b, off)
			if compact.Get(b, off).Equal(elem) {
				b = compact.Delete(b, off, 1)
				n++
			}
			off = prev
		}
	}
	if n > 0 {
		l.setInline(KindListCompact, b)
	}
	return n
}

// Walk calls f for up to n elements from index from on, towards the head if reverse, until it returns false. The bytes are valid
// during the call; f must not change the keyspace.
func (l *List) Walk(from, n int, reverse bool, f func(elem []byte) bool) {
	if l.e == nil || from < 0 || from >= l.Len() || n <= 0 {
		return
	}
	if l.small() {
		ks := l.db.ks
		buf, _ := ks.enterWalk()
		defer ks.leaveWalk()
		b := l.inline()
		for off := compact.Index(b, from); off >= 0 && n > 0; n-- {
			if !f(elemBytes(compact.Get(b, off), buf)) {
				return
			}
			if reverse {
				off = compact.Prev(b, off)
			} else {
				off = compact.Next(b, off)
			}
		}
		return
	}
	cur := l.big().Seek(from)
	for ; n > 0 && cur.Valid(); n-- {
		if !f(cur.Bytes()) {
			return
		}
		if reverse {
			cur.Prev()
		} else {
			cur.Next()
		}
	}
}

// bigList is a list in chunks. Its elements are named by position, 8 bytes that sort like it; row value: the element.
type bigList struct {
	l       *list.List
	used    int64 // bytes at the last count
	changes int   // that are left until the next one

	record list.Changes // recordChange, made once
	owner  value        // the key, while a command changes the list
	obj    uint32       // its index then
	sub    [8]byte
}

func newBigList() *bigList {
	l := &bigList{l: list.New()}
	l.record = l.recordChange
	l.changed()
	return l
}

// changed is called after every change. Counting the bytes walks the chunks, so it is done once in so many changes as there are
// chunks: what is missing meanwhile is at most the bytes of one change per chunk.
func (l *bigList) changed() {
	if l.changes--; l.changes <= 0 {
		l.used, l.changes = int64(l.l.MemUsage())+16, l.l.Chunks()
	}
}

// posBits maps positions to integers whose big-endian bytes sort like them.
func posBits(pos int64) uint64 { return uint64(pos) ^ 1<<63 }

func subPos(sub []byte) int64 { return int64(binary.BigEndian.Uint64(sub) ^ 1<<63) }

// recordChange records that the element at pos is about to change, and the key with it.
func (l *bigList) recordChange(pos int64, old []byte, existed bool) {
	v := &l.owner
	if !v.touched {
		v.touched = true
		v.db.modified(v.key)
	}
	binary.BigEndian.PutUint64(l.sub[:], posBits(pos))
	v.db.ks.touchWith(l.obj, l.sub[:], old, existed)
}

func (l *bigList) element(dst, sub []byte) ([]byte, bool) {
	v, ok := l.l.AtPos(subPos(sub))
	return append(dst, v...), ok
}

var errBadPosition = errors.New("bad list position")

func (l *bigList) putElement(sub, val []byte) error {
	if len(sub) != 8 {
		return errBadPosition
	}
	l.l.PutPos(subPos(sub), val)
	l.changed()
	return nil
}

func (l *bigList) dropElement(sub []byte) {
	l.l.DropPos(subPos(sub))
	l.changed()
}

func (l *bigList) elements(f func(sub, val []byte) bool) {
	var sub [8]byte
	for cur := l.l.Seek(0); cur.Valid(); cur.Next() {
		binary.BigEndian.PutUint64(sub[:], posBits(cur.Pos()))
		if !f(sub[:], cur.Bytes()) {
			return
		}
	}
}

func (l *bigList) length() int          { return l.l.Len() }
func (l *bigList) memory() int64        { return l.used }
func (l *bigList) mustNotBeEmpty() bool { return true }
