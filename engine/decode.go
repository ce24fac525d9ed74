// Decoding rows of keys and elements, which several goroutines may do side by side while a keyspace is loaded.
package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/evald/evald/engine/dict"
)

// A Section is a part of a store's rows, by the order of their keys; its bounds may be nil. A load does one section after the other.
type Section struct {
	From, To []byte // From <= row < To
	Parallel bool   // for Decoders; the rows of other sections are Load's
}

// Sections returns the sections of a store. Headers come before elements: a Decoder must find the objects of its elements.
func Sections() []Section {
	return []Section{
		{To: []byte{rowHeader}},
		{From: []byte{rowHeader}, To: []byte{rowHeader + 1}, Parallel: true},
		{From: []byte{rowHeader + 1}, To: []byte{rowElement}},
		{From: []byte{rowElement}, To: []byte{rowElement + 1}, Parallel: true},
		{From: []byte{rowElement + 1}},
	}
}

// elementPrefix is the length of what an object's element rows have in common.
const elementPrefix = 12

// Cut returns where, at or before the row key, a parallel section may be divided between two Decoders: never within an object.
func Cut(key []byte) []byte {
	if len(key) > elementPrefix && key[0] == rowElement {
		return key[:elementPrefix]
	}
	return key
}

// A Decoder decodes a range of rows of one parallel section, in order. Decoders of one Loader may run side by side, each on a goroutine
// of its own; the Batch of each is given to Attach by the owner of the keyspace, who meanwhile calls nothing else.
type Decoder struct {
	Batch
	l *Loader

	id     uint64 // of the object whose elements come
	place  home
	obj    object       // nil: none
	bulk   bulkObject   // obj, if it takes its elements all at once
	blocks []dict.Entry // elements that it has not yet taken
}

// bulkObject is an object that is filled faster if all of its elements are there: its tables are made in their final size.
type bulkObject interface {
	// newBlock makes the block of an element.
	newBlock(sub, val []byte) (dict.Entry, error)
	// fill gives an empty object its elements, in the order of their names.
	fill(blocks []dict.Entry)
}

// NewDecoder returns a decoder for ranges of rows.
func (l *Loader) NewDecoder() *Decoder { return &Decoder{l: l} }

// Decode takes the next row of the range. An error names the row.
func (d *Decoder) Decode(key, value []byte) error {
	if err := d.decode(key, value); err != nil {
		return rowError(key, err)
	}
	return nil
}

func (d *Decoder) decode(key, value []byte) error {
	d.Rows++
	if len(key) > 0 && key[0] == rowElement {
		return d.element(key, value)
	}
	return d.header(key, value)
}

// Close ends the range: the last object gets its elements.
func (d *Decoder) Close() { d.endObject() }

func (d *Decoder) header(key, value []byte) error {
	if len(key) < 4 || len(value) < 2 {
		return errShortRow
	}
	ks := d.l.ks
	if int(key[1]) >= len(ks.byID) {
		return errors.New("the store was made with more databases")
	}
	h := header{db: ks.byID[key[1]]}
	name, kind, flags := key[4:], Kind(value[0]), value[1]
	if kind >= kindCount || flags&^(rowTTL|rowGrown) != 0 {
		return errors.New("unknown kind of value")
	}
	value = value[2:]
	var ef uint32
	var expire int64
	if flags&rowTTL != 0 {
		if len(value) < 8 {
			return errShortRow
		}
		expire, value, ef = int64(binary.BigEndian.Uint64(value)), value[8:], flagTTL
	}
	if flags&rowGrown != 0 {
		ef |= flagGrown
	}
	if kind.big() {
		if len(value) != 11 {
			return errShortRow
		}
		h.home, h.id = home{value[0], binary.BigEndian.Uint16(value[1:])}, binary.BigEndian.Uint64(value[3:])
		if h.id == 0 {
			return errors.New("bad object id")
		}
		h.e = bigEntry(kind, ef, name, 0)
	} else {
		if err := validInline(kind, value); err != nil {
			return err
		}
		h.e = newEntry(kind, ef, name, len(value))
		copy(entryValue(h.e), value)
	}
	if expire != 0 {
		setEntryExpire(h.e, expire)
	}
	setEntryAccess(h.e, d.l.access)
	d.headers = append(d.headers, h)
	return nil
}

func (d *Decoder) element(key, value []byte) error {
	if len(key) < elementPrefix {
		return errShortRow
	}
	id, place := binary.BigEndian.Uint64(key[4:]), home{key[1], binary.BigEndian.Uint16(key[2:])}
	if id != d.id || place != d.place || d.obj == nil {
		if err := d.beginObject(id, place); err != nil {
			return err
		}
	}
	sub := key[elementPrefix:]
	if d.bulk == nil {
		return d.obj.putElement(sub, value)
	}
	b, err := d.bulk.newBlock(sub, value)
	if err == nil {
		d.blocks = append(d.blocks, b)
	}
	return err
}

func (d *Decoder) beginObject(id uint64, place home) error {
	d.endObject()
	i, ok := d.l.objects[id]
	if !ok {
		return errors.New("element of an object that no key has")
	}
	// Another place means another range of rows, perhaps with another decoder.
	o := d.l.ks.objects.at(i)
	if o.home != place {
		return fmt.Errorf("element of object %d in the place of another", id)
	}
	d.id, d.place, d.obj = id, place, o.v
	d.bulk, _ = o.v.(bulkObject)
	return nil
}

// endObject gives the object the elements gathered for it.
func (d *Decoder) endObject() {
	if d.bulk != nil && len(d.blocks) > 0 {
		d.bulk.fill(d.blocks)
		clear(d.blocks)
		d.blocks = d.blocks[:0]
	}
	d.id, d.obj, d.bulk = 0, nil, nil
}
