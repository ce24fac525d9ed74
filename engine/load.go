package engine

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/evald/evald/engine/dict"
)

// A Loader rebuilds a keyspace from the rows of a store, given in the order of their keys. It works on an empty keyspace that nothing
// else uses, outside any turn.
//
// Load takes row after row. A faster way goes through the Sections: within one that is Parallel, goroutines with a Decoder each work
// on ranges of rows side by side, and the owner of the keyspace gives what they hand over to Attach.
type Loader struct {
	ks      *Keyspace
	objects map[uint64]uint32 // id to index
	decoder *Decoder          // Load's own
	access  uint32            // access bits of the keys; the owner's clock goes on while decoders work
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
	l := &Loader{ks: ks, objects: map[uint64]uint32{}, access: ks.access.initial(ks)}
	l.decoder = l.NewDecoder()
	return l
}

// maxReserve bounds, in keys, the tables that are made in their final size: a damaged count must not take the machine's memory. What
// comes above it makes the tables grow.
const maxReserve = 1 << 24

var errShortRow = errors.New("row is too short")

// Load takes one row. An error names the row and means that the store holds what this program never wrote.
func (l *Loader) Load(key, value []byte) error {
	err := l.load(key, value)
	if err != nil {
		err = rowError(key, err)
	}
	return errors.Join(err, l.Attach(&l.decoder.Batch))
}

func rowError(key []byte, err error) error { return fmt.Errorf("row %.80q: %w", key, err) }

func (l *Loader) load(key, value []byte) error {
	if len(key) > 0 && (key[0] == rowHeader || key[0] == rowElement) {
		return l.decoder.decode(key, value)
	}
	l.Rows++
	if len(key) == 0 {
		return errShortRow
	}
	switch c := key[0]; {
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
		l.access = ks.access.initial(ks)
		ks.objects.next = binary.BigEndian.Uint64(value[8:])
		reserve := uint64(maxReserve)
		for rest, i := value[16:], 0; len(rest) > 0; i++ {
			n, w := binary.Uvarint(rest)
			if w <= 0 || i >= len(ks.byID) {
				return errors.New("bad key counts: was the store made with more databases?")
			}
			n = min(n, reserve)
			ks.byID[i].dict.Reserve(int(n))
			reserve -= n
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

// A Batch is what a Decoder has decoded and the keyspace does not have yet.
type Batch struct {
	Rows    int // rows decoded
	headers []header
}

// header is a decoded header row. The index of a big kind's object is not in the entry yet.
type header struct {
	e    entry
	db   *DB
	home home
	id   uint64 // of the object, 0 for a small kind
}

// Attach puts a batch's keys into the keyspace and empties the batch.
func (l *Loader) Attach(b *Batch) error {
	l.Rows += b.Rows
	b.Rows = 0
	if len(b.headers) == 0 {
		return nil
	}
	var err error
	for first, i := 0, 0; i < len(b.headers); i++ {
		h := &b.headers[i]
		if h.id != 0 {
			if _, twice := l.objects[h.id]; twice {
				err = errors.Join(err, rowError(entryKey(h.e), fmt.Errorf("object %d belongs to two keys", h.id)))
			}
			l.addObject(h)
		}
		if i+1 == len(b.headers) || b.headers[i+1].db != h.db {
			h.db.attachAll(b.headers[first : i+1])
			first = i + 1
		}
	}
	l.Keys += len(b.headers)
	clear(b.headers)
	b.headers = b.headers[:0]
	return err
}

// addObject makes the object of a key, without elements.
func (l *Loader) addObject(h *header) {
	i := l.ks.objects.add(h.id, h.home, uint8(h.db.id), l.ks.newBig(entryKind(h.e)))
	l.objects[h.id] = i
	l.ks.objects.next = max(l.ks.objects.next, h.id+1)
	binary.LittleEndian.PutUint32(entryValue(h.e), i)
}

// attachAll is attach for many entries: the places in the table are looked up side by side.
func (db *DB) attachAll(list []header) {
	var group [256]dict.Entry
	for len(list) > 0 {
		n := min(len(list), len(group))
		for i := range n {
			group[i] = list[i].e
		}
		db.dict.InsertAll(group[:n])
		for _, e := range group[:n] {
			db.used += int64(entrySize(e))
			if entryHas(e, flagTTL) {
				db.ttl.add(e)
			}
			db.named(e)
		}
		list = list[n:]
	}
}

// Finish completes the load: sizes are summed up. Expired keys stay, hidden, until the first turn removes them.
func (l *Loader) Finish() error {
	l.decoder.Close()
	l.ks.objects.used = 0
	for i := range l.ks.objects.slots {
		if o := &l.ks.objects.slots[i]; o.v != nil {
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
