package engine

// object is a big collection. Its elements are named by sub-keys: a hash's by field, a set's and sorted set's by member, a list's by
// position, a stream's by a letter and an id. One codec serves durable rows, recovery, undo and COPY.
type object interface {
	// element appends the row value of element sub to dst; false if there is no such element.
	element(dst, sub []byte) ([]byte, bool)
	// putElement makes element sub be what element gave; errors only for bytes that element never gives.
	putElement(sub, val []byte) error
	// dropElement removes element sub if it is there.
	dropElement(sub []byte)
	// elements calls f for every element, with bytes valid during the call, until it returns false.
	elements(f func(sub, val []byte) bool)
	// length is the number of elements as the type's length command counts them.
	length() int
	// memory is the object's size in bytes, kept in O(1).
	memory() int64
	// mustNotBeEmpty is false for streams alone: every other empty collection is no key at all.
	mustNotBeEmpty() bool
}

// home is the place of an object's element rows: the database id and slot of the key it was made for. It stays when the key is
// renamed or moved, so that these cost one header row.
type home struct {
	db   uint8
	slot uint16
}

type objectSlot struct {
	id    uint64 // never used twice in a store's life
	home  home
	owner uint8  // id of the database that its key is in
	gone  bool   // the running unit has removed it; it is released when the unit ends
	v     object // nil: the index is free
}

// objectTable holds the big collections; entries refer to them by index.
type objectTable struct {
	slots []objectSlot
	free  []uint32
	next  uint64 // next id
	used  int64  // bytes
}

func (t *objectTable) at(i uint32) *objectSlot { return &t.slots[i] }

func (t *objectTable) add(id uint64, h home, owner uint8, v object) uint32 {
	t.used += v.memory()
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		t.slots[i] = objectSlot{id: id, home: h, owner: owner, v: v}
		return i
	}
	t.slots = append(t.slots, objectSlot{id: id, home: h, owner: owner, v: v})
	return uint32(len(t.slots) - 1)
}

func (t *objectTable) release(i uint32) {
	t.used -= t.slots[i].v.memory()
	t.slots[i] = objectSlot{}
	t.free = append(t.free, i)
}

// newObject registers v as the value of a key of db, and records it.
func (db *DB) newObject(key []byte, v object) uint32 {
	ks := db.ks
	id := ks.objects.next
	ks.objects.next++
	i := ks.objects.add(id, home{uint8(db.id), Slot(key)}, uint8(db.id), v)
	ks.record(touch{kind: touchObject, obj: i, id: id})
	return i
}

// dropObject records that the object is no longer anyone's value. It stays in its slot until the unit ends, for undo.
func (ks *Keyspace) dropObject(i uint32) {
	o := ks.objects.at(i)
	o.gone = true
	ks.retime(i)
	ks.record(touch{kind: touchObject, obj: i, id: o.id, had: true, name: ks.save(o.home.rowPrefix(nil, o.id))})
}
