package engine

import (
	"encoding/binary"
	"math"
	"unsafe"
)

// find returns the live entry of key or nil. An expired entry is removed on the way, as Redis does, with its event.
func (db *DB) find(key []byte) entry {
	db.ks.read(db, key)
	e := db.dict.Find(key)
	if e != nil && entryHas(e, flagTTL) && db.expired(e) {
		return nil
	}
	if e != nil && entryKind(e) == KindHashBig && len(db.ks.hashes.items) > 0 && db.ks.unit.active {
		_, e = db.expireFields(key, e, math.MaxInt)
	}
	return e
}

// expired tells whether e's time is over, and then removes it.
func (db *DB) expired(e entry) bool {
	ks := db.ks
	if ks.now <= entryExpire(e) {
		return false
	}
	if !ks.ExpirePaused && ks.unit.active {
		db.dropExpired(e)
	}
	return true
}

// dropExpired removes an entry whose time is over.
func (db *DB) dropExpired(e entry) {
	key := db.ks.span(db.ks.save(entryKey(e)))
	db.remove(key, e)
	db.ks.stats.Expired++
	db.Notify(EventExpired, "expired", key)
}

// findRead is find for a command that reads: it counts hit or miss and notes the access.
func (db *DB) findRead(key []byte) entry {
	e := db.find(key)
	if e == nil {
		db.ks.stats.Misses++
		db.Notify(EventKeyMiss, "keymiss", key)
		return nil
	}
	db.ks.stats.Hits++
	db.ks.access.touch(db.ks, e)
	return e
}

// findWrite is find for a command that may change the value.
func (db *DB) findWrite(key []byte) entry {
	e := db.find(key)
	if e != nil {
		db.ks.access.touch(db.ks, e)
	}
	return e
}

// touchEntry records that key's entry is about to change from old (nil: absent), or to be removed.
func (db *DB) touchEntry(key []byte, old entry, removed bool) {
	t := touch{kind: touchEntry, db: uint8(db.id), had: removed, name: db.ks.save(key)}
	if db.ks.unit.undo {
		t.old = old
	}
	db.ks.record(t)
}

// insert adds a new entry, whose key is absent, and records it.
func (db *DB) insert(e entry) {
	ks := db.ks
	db.touchEntry(entryKey(e), nil, false)
	*entryMeta(e) |= flagDirty
	ks.unit.bytes += headerBytes + entryKeyLen(e) + len(entryValue(e))
	if ks.unit.undo {
		*entryMeta(e) |= flagOwned
	}
	ks.access.created(ks, e)
	db.attach(e)
}

// attach puts an entry into the table and the expiry heap.
func (db *DB) attach(e entry) {
	db.dict.Insert(e)
	db.used += int64(entrySize(e))
	if entryHas(e, flagTTL) {
		db.ttl.add(e)
	}
	db.named(e)
}

// named tells a hash of which fields may expire its key.
func (db *DB) named(e entry) {
	if entryKind(e) != KindHashBig {
		return
	}
	h := db.ks.objects.at(entryObject(e)).v.(*bigHash)
	before := h.memory()
	h.name = append(h.name[:0], entryKey(e)...)
	db.ks.objects.used += h.memory() - before
}

// detach takes an entry out of the table and the expiry heap.
func (db *DB) detach(e entry) {
	db.dict.Delete(entryKey(e))
	db.used -= int64(entrySize(e))
	if entryHas(e, flagTTL) {
		db.ttl.remove(e)
	}
}

// remove deletes e, the entry of key, and lets its object go. key must not lie in e's block, which may be gone afterwards.
func (db *DB) remove(key []byte, e entry) {
	db.touchEntry(key, e, true)
	if entryKind(e).big() {
		db.ks.dropObject(entryObject(e))
	}
	db.detach(e)
}

// What undo needs of a block is copied into the unit's arena, which costs no allocation and no second look into the table. A larger
// block is kept, and a copy of it changed.
const (
	maxSavedBlock = 32 << 10
	maxSavedArena = 1 << 28 // beyond it blocks are kept, too
)

// change makes e ready for a change within its block: it records the touch and, under undo, what the block was. The entry to change is
// the one returned.
func (db *DB) change(e entry) entry {
	m, ks := entryMeta(e), db.ks
	if *m&flagOwned != 0 {
		*m |= flagDirty // the entry's first touch in this unit restores it
		db.modified(entryKey(e))
		return e
	}
	if *m&flagDirty == 0 {
		ks.unit.bytes += headerBytes + entryKeyLen(e) + len(entryValue(e))
	}
	if !ks.unit.undo {
		db.touchEntry(entryKey(e), e, false)
		*m |= flagDirty
		return e
	}
	if block := entryBlock(e); len(block) <= maxSavedBlock && len(ks.undo) < maxSavedArena {
		ks.record(touch{kind: touchEntry, db: uint8(db.id), name: ks.save(entryKey(e)), prev: ks.saveUndo(block)})
		*m |= flagDirty | flagOwned
		return e
	}
	db.touchEntry(entryKey(e), e, false)
	c := copyEntry(e)
	*entryMeta(c) |= flagDirty | flagOwned
	db.swapBlock(e, c)
	return c
}

// swapBlock puts block c, with the same key, in the place of e. The expiry heap follows; used memory is kept.
func (db *DB) swapBlock(e, c entry) {
	if old := db.dict.Replace(entryKey(c), c); old != e {
		panic("engine: swapBlock of an entry that is not in its table")
	}
	db.used += int64(entrySize(c)) - int64(entrySize(e))
	switch had, has := entryHas(e, flagTTL), entryHas(c, flagTTL); {
	case had && has:
		setEntryHeapIndex(c, entryHeapIndex(e))
		db.ttl.moved(c)
	case had:
		db.ttl.remove(e)
	case has:
		db.ttl.add(c)
	}
}

// resize gives e, which change returned, a value of vlen bytes of the given kind; the first keep bytes of the value are kept. It
// returns the entry, whose block may be another.
func (db *DB) resize(e entry, kind Kind, vlen, keep int) entry {
	off := entryValueOffset(e)
	db.ks.unit.bytes += max(0, vlen-len(entryValue(e)))
	if before, after := entrySize(e), sizeClass(off+vlen); before == after {
		setEntryKind(e, kind)
		*word(e, 8) = uint32(vlen)
		return e
	}
	b := make([]byte, sizeClass(off+vlen))
	copy(b, unsafe.Slice((*byte)(e), off+keep))
	c := entry(unsafe.Pointer(unsafe.SliceData(b)))
	setEntryKind(c, kind)
	*word(c, 8) = uint32(vlen)
	db.swapBlock(e, c)
	return c
}

// setExpire gives e, which change returned, the expiry at (unix ms; 0: none) and returns the entry, whose block may be another.
func (db *DB) setExpire(e entry, at int64) entry {
	if entryHas(e, flagTTL) && at != 0 {
		setEntryExpire(e, at)
		db.ttl.moved(e)
		return e
	}
	if at == 0 && !entryHas(e, flagTTL) {
		return e
	}
	flags := *entryMeta(e) & flagMask &^ flagTTL
	if at != 0 {
		flags |= flagTTL
	}
	v := entryValue(e)
	c := newEntry(entryKind(e), flags, entryKey(e), len(v))
	setEntryAccess(c, entryAccess(e))
	if at != 0 {
		setEntryExpire(c, at)
	}
	copy(entryValue(c), v)
	db.swapBlock(e, c)
	return c
}

// restore puts back old (nil: absent) as the entry of key: undo of one touchEntry.
func (db *DB) restore(key []byte, old entry) {
	if e := db.dict.Find(key); e != nil {
		db.detach(e)
	}
	if old != nil {
		db.attach(old)
		if entryKind(old).big() {
			db.ks.objects.at(entryObject(old)).owner = uint8(db.id)
		}
	}
}

// bigEntry makes an entry of a big kind that refers to object obj.
func bigEntry(kind Kind, flags uint32, key []byte, obj uint32) entry {
	e := newEntry(kind, flags, key, 4)
	binary.LittleEndian.PutUint32(entryValue(e), obj)
	return e
}

// modified records that the object of key was changed, for WATCH, blocked clients and tracking.
func (db *DB) modified(key []byte) {
	db.ks.record(touch{kind: touchModified, db: uint8(db.id), name: db.ks.save(key)})
}

// aside records that the object of key was changed in a way that only readers of the key see.
func (db *DB) aside(key []byte) {
	db.ks.record(touch{kind: touchAside, db: uint8(db.id), name: db.ks.save(key)})
}
