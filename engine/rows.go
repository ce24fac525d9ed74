package engine

import (
	"encoding/binary"
	"fmt"
)

// Durable rows. The store holds the present state, one row per key and one per element of a big collection, as absolute values, so
// that applying a row twice does no harm. All integers in row keys are big-endian. Layout, by the first byte of the row key:
//
//	'!' name                               state: clock, next object id, database ids (stateRow, swapRow)
//	'k' db u8, slot u16, key               header: kind u8, flags u8, [expiry u64 ms], inline value or home db u8, slot u16, object id u64
//	'o' db u8, slot u16, object id u64, sub  element: what object.element gives
//	'A'..'Z' name                          rows of other rooms (functions, scripts, users ...), see RowSource
//
// Element rows hang on the object's id and on the place where it was made, so DEL, RENAME, MOVE and SWAPDB of a big key touch no
// element row. Headers sort before elements: a load meets an object before its elements.
const (
	rowState   = '!'
	rowHeader  = 'k'
	rowElement = 'o'

	rowTTL   = 1 // header flags
	rowGrown = 2
)

var (
	stateRow = []byte("!state") // clock us u64, next object id u64, count of keys per database id (varints)
	swapRow  = []byte("!swap")  // for each database number its id, u8
)

// RowWriter takes the rows of one turn; the slices are valid during the call only. Calls apply in order.
type RowWriter interface {
	Set(key, value []byte)
	Delete(key []byte)
	DeleteRange(from, to []byte) // from <= row < to
}

// RowSource holds values that are durable but not keys. Its rows begin with a letter of its own, A to Z.
type RowSource interface {
	Row(name []byte) (value []byte, ok bool) // current value of a row; false: it is gone
	LoadRow(name, value []byte) error        // at start, for every row
}

// RegisterRows names the source of the rows that begin with prefix.
func (ks *Keyspace) RegisterRows(prefix byte, src RowSource) {
	if prefix < 'A' || prefix > 'Z' || ks.named[prefix] != nil {
		panic(fmt.Sprintf("engine: row prefix %q is not free", prefix))
	}
	ks.named[prefix] = src
}

type rowBuffers struct{ key, end, val []byte }

// rowPrefix appends the prefix that all element rows of object id share.
func (h home) rowPrefix(dst []byte, id uint64) []byte {
	dst = append(dst, rowElement, h.db)
	dst = binary.BigEndian.AppendUint16(dst, h.slot)
	return binary.BigEndian.AppendUint64(dst, id)
}

func headerRow(dst []byte, db int, key []byte) []byte {
	dst = append(dst, rowHeader, byte(db))
	dst = binary.BigEndian.AppendUint16(dst, Slot(key))
	return append(dst, key...)
}

// prefixEnd appends the first row key after all that begin with p.
func prefixEnd(dst, p []byte) []byte {
	n := len(p)
	for n > 0 && p[n-1] == 0xff {
		n--
	}
	dst = append(dst, p[:n]...)
	if n > 0 {
		dst[len(dst)-1]++
	}
	return dst
}

// TurnTouched tells whether EncodeTurn has anything to write.
func (ks *Keyspace) TurnTouched() bool { return len(ks.turn.touches) > 0 }

// TurnBytes estimates the size of the turn's rows so far, for bounding a turn.
func (ks *Keyspace) TurnBytes() int { return ks.turn.bytes + len(ks.turn.touches)*16 }

// headerBytes is what a header row has besides the key and an inline value.
const headerBytes = 6

// UnitExceeds tells whether the rows of the running unit would take more than limit bytes. What the mutators add up is an estimate
// that is right but for what was changed twice; only when it is above the limit are the rows counted.
func (ks *Keyspace) UnitExceeds(limit int) bool {
	if ks.unit.bytes <= limit {
		return false
	}
	var c rowCounter
	ts := ks.turn.touches[ks.unit.first:]
	for i := range ts {
		ks.encodeTouch(&c, &ts[i])
	}
	for i := range ts { // encoding took the mark away
		if t := &ts[i]; t.kind == touchEntry {
			if e := ks.byID[t.db].dict.Find(ks.span(t.name)); e != nil {
				*entryMeta(e) |= flagDirty
			}
		}
	}
	ks.unit.bytes = c.bytes
	return c.bytes > limit
}

// rowCounter is a RowWriter that counts.
type rowCounter struct{ bytes int }

func (c *rowCounter) Set(key, value []byte)       { c.bytes += len(key) + len(value) }
func (c *rowCounter) Delete(key []byte)           { c.bytes += len(key) }
func (c *rowCounter) DeleteRange(from, to []byte) { c.bytes += len(from) + len(to) }

// EncodeTurn writes the current rows of everything that the turn's units touched, and starts the next turn. With a nil writer (no
// persistence) it only forgets. It returns the number of the turn it ended.
func (ks *Keyspace) EncodeTurn(w RowWriter) uint64 {
	if ks.unit.active {
		panic("engine: EncodeTurn inside a unit")
	}
	seq := ks.turn.seq
	if w != nil && len(ks.turn.touches) > 0 {
		ks.encodeRanges(w)
		for i := range ks.turn.touches {
			ks.encodeTouch(w, &ks.turn.touches[i])
		}
		w.Set(stateRow, ks.stateValue())
	}
	clear(ks.turn.touches)
	ks.turn.touches = ks.turn.touches[:0]
	ks.turn.arena = ks.turn.arena[:0]
	if cap(ks.turn.arena) > maxKeptArena || cap(ks.turn.touches) > 1<<16 {
		ks.turn.arena, ks.turn.touches = nil, nil
	}
	ks.turn.bytes = 0
	ks.turn.seq++
	return seq
}

func (ks *Keyspace) stateValue() []byte {
	v := binary.BigEndian.AppendUint64(ks.rowBuf.val[:0], uint64(ks.nowUs))
	v = binary.BigEndian.AppendUint64(v, ks.objects.next)
	for _, db := range ks.byID {
		v = binary.AppendUvarint(v, uint64(db.dict.Len()))
	}
	ks.rowBuf.val = v
	return v
}

// encodeRanges writes the turn's range deletes. They go first: what the turn set after a flush must survive it, and the row of an
// object that is gone is never set again, its id being unique.
func (ks *Keyspace) encodeRanges(w RowWriter) {
	b := &ks.rowBuf
	del := func(prefix []byte) {
		b.end = prefixEnd(b.end[:0], prefix)
		w.DeleteRange(prefix, b.end)
	}
	for i := range ks.turn.touches {
		t := &ks.turn.touches[i]
		switch {
		case t.kind == touchRows, t.kind == touchObject && t.had:
			del(ks.span(t.name))
		case t.kind == touchFlush:
			b.key = append(b.key[:0], rowHeader, t.db)
			del(b.key)
			if !t.had {
				b.key = append(b.key[:0], rowElement, t.db)
				del(b.key)
			}
		}
	}
}

func (ks *Keyspace) encodeTouch(w RowWriter, t *touch) {
	b := &ks.rowBuf
	switch t.kind {
	case touchEntry:
		db, key := ks.byID[t.db], ks.span(t.name)
		e := db.dict.Find(key)
		if e == nil {
			b.key = headerRow(b.key[:0], db.id, key)
			w.Delete(b.key)
		} else if m := entryMeta(e); *m&flagDirty != 0 {
			*m &^= flagDirty
			b.key = headerRow(b.key[:0], db.id, key)
			b.val = ks.headerValue(b.val[:0], e)
			w.Set(b.key, b.val)
		}
	case touchElement:
		o := ks.objects.at(t.obj)
		if o.v == nil || o.id != t.id || o.gone {
			return
		}
		var ok bool
		b.key = append(o.home.rowPrefix(b.key[:0], o.id), ks.span(t.name)...)
		if b.val, ok = o.v.element(b.val[:0], ks.span(t.name)); ok {
			w.Set(b.key, b.val)
		} else {
			w.Delete(b.key)
		}
	case touchSwap:
		b.val = ks.swapValue(b.val[:0])
		w.Set(swapRow, b.val)
	case touchNamed:
		name := ks.span(t.name)
		if v, ok := ks.named[name[0]].Row(name); ok {
			w.Set(name, v)
		} else {
			w.Delete(name)
		}
	}
}

func (ks *Keyspace) headerValue(dst []byte, e entry) []byte {
	kind, flags := entryKind(e), byte(0)
	if entryHas(e, flagTTL) {
		flags |= rowTTL
	}
	if entryHas(e, flagGrown) {
		flags |= rowGrown
	}
	dst = append(dst, byte(kind), flags)
	if flags&rowTTL != 0 {
		dst = binary.BigEndian.AppendUint64(dst, uint64(entryExpire(e)))
	}
	if !kind.big() {
		return append(dst, entryValue(e)...)
	}
	o := ks.objects.at(entryObject(e))
	dst = append(dst, o.home.db)
	dst = binary.BigEndian.AppendUint16(dst, o.home.slot)
	return binary.BigEndian.AppendUint64(dst, o.id)
}
