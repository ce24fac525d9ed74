package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A Loader rebuilds a keyspace from the rows of a store, given in the order of their keys. It works on an empty keyspace that nothing
// else uses, outside any turn.
type Loader struct {
	ks      *Keyspace
	objects map[uint64]uint32 // id to index
	Keys    int               // headers loaded
	Rows    int               // all rows loaded
}

// NewLoader returns a loader for ks.
func (ks *Keyspace) NewLoader() *Loader {
	for _, db := range ks.dbs {
		if db.dict.Len() > 0 {
			panic("engine: load into a keyspace that is not empty")
		}
	}
	return &Loader{ks: ks, objects: map[uint64]uint32{}}
}

var errShortRow = errors.New("row is too short")

// Load takes one row. An error names the row and means that the store holds what this program never wrote.
func (l *Loader) Load(key, value []byte) error {
	l.Rows++
	if err := l.load(key, value); err != nil {
		return fmt.Errorf("row %.80q: %w", key, err)
	}
	return nil
}

func (l *Loader) load(key, value []byte) error {
	if len(key) == 0 {
		return errShortRow
	}
	switch c := key[0]; {
	case c == rowHeader:
		return l.header(key, value)
	case c == rowElement:
		return l.element(key, value)
	case c == rowState:
		return l.state(key, value)
	case c >= 'A' && c <= 'Z':
		src := l.ks.named[c]
		if src == nil {
			return errors.New("nothing here reads rows with this prefix")
		}
		return src.LoadRow(key, value)
	}
	return errors.New("unknown row prefix")
}

func (l *Loader) state(key, value []byte) error {
	ks := l.ks
	switch string(key) {
	case string(stateRow):
		if len(value) < 16 {
			return errShortRow
		}
		ks.nowUs = int64(binary.BigEndian.Uint64(value))
		ks.now = ks.nowUs / 1000
		ks.objects.next = binary.BigEndian.Uint64(value[8:])
		for rest, i := value[16:], 0; len(rest) > 0; i++ {
			n, w := binary.Uvarint(rest)
			if w <= 0 || i >= len(ks.byID) {
				return errors.New("bad key counts: was the store made with more databases?")
			}
			ks.byID[i].dict.Reserve(int(min(n, 1<<28)))
			rest = rest[w:]
		}
	case string(swapRow):
		if len(value) != len(ks.dbs) {
			return errors.New("the store was made with another number of databases")
		}
		seen := make([]bool, len(ks.dbs))
		for i, id := range value {
			if int(id) >= len(ks.dbs) || seen[id] {
				return errors.New("bad database ids")
			}
			seen[id] = true
			ks.dbs[i].id = int(id)
			ks.byID[id] = ks.dbs[i]
		}
	}
	return nil // other state rows belong to the store itself
}

func (l *Loader) header(key, value []byte) error {
	if len(key) < 4 || len(value) < 2 {
		return errShortRow
	}
	if int(key[1]) >= len(l.ks.byID) {
		return errors.New("the store was made with more databases")
	}
	db, name, kind, flags := l.ks.byID[key[1]], key[4:], Kind(value[0]), value[1]
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
	e, err := l.entry(db, kind, ef, name, value)
	if err != nil {
		return err
	}
	if expire != 0 {
		setEntryExpire(e, expire)
	}
	setEntryAccess(e, uint32(l.ks.now/1000)&lruBits)
	db.attach(e)
	l.Keys++
	return nil
}

func (l *Loader) entry(db *DB, kind Kind, flags uint32, name, value []byte) (entry, error) {
	if !kind.big() {
		if err := validInline(kind, value); err != nil {
			return nil, err
		}
		e := newEntry(kind, flags, name, len(value))
		copy(entryValue(e), value)
		return e, nil
	}
	if len(value) != 11 {
		return nil, errShortRow
	}
	h, id := home{value[0], binary.BigEndian.Uint16(value[1:])}, binary.BigEndian.Uint64(value[3:])
	if _, twice := l.objects[id]; twice || id == 0 {
		return nil, fmt.Errorf("object %d belongs to two keys", id)
	}
	i := l.ks.objects.add(id, h, uint8(db.id), l.ks.newBig(kind))
	l.objects[id] = i
	l.ks.objects.next = max(l.ks.objects.next, id+1)
	return bigEntry(kind, flags, name, i), nil
}

func (l *Loader) element(key, value []byte) error {
	if len(key) < 12 {
		return errShortRow
	}
	i, ok := l.objects[binary.BigEndian.Uint64(key[4:])]
	if !ok {
		return errors.New("element of an object that no key has")
	}
	if v, ok := l.ks.objects.at(i).v.(loadedObject); ok {
		return v.loadElement(key[12:], value)
	}
	return l.ks.objects.at(i).v.putElement(key[12:], value)
}

// loadedObject is an object that is filled faster when it knows that nothing is asked of it before its last element is in.
type loadedObject interface {
	loadElement(sub, val []byte) error
	loaded()
}

// Finish completes the load: sizes are summed up. Expired keys stay, hidden, until the first turn removes them.
func (l *Loader) Finish() error {
	l.ks.objects.used = 0
	for i := range l.ks.objects.slots {
		if o := &l.ks.objects.slots[i]; o.v != nil {
			if v, ok := o.v.(loadedObject); ok {
				v.loaded()
			}
			if o.v.length() == 0 && o.v.mustNotBeEmpty() {
				return fmt.Errorf("object %d has no elements", o.id)
			}
			l.ks.objects.used += o.v.memory()
			l.ks.retime(uint32(i))
			if h, ok := o.v.(*bigHash); ok && h.timer > 0 {
				h.packed = h.fits(&l.ks.Limits)
			}
		}
	}
	l.objects = nil
	return nil
}
