package engine

import (
	"encoding/binary"

	"github.com/evald/evald/engine/compact"
	"github.com/evald/evald/engine/dict"
	"github.com/evald/evald/engine/intset"
)

// Hash is a hash opened for one command. It is valid until another key of the database is changed.
type Hash struct {
	value
}

// value is what every opened collection knows: its place and its entry. Mutators keep the entry up to date.
type value struct {
	db      *DB
	key     []byte
	e       entry // nil: no such key
	touched bool  // modified was recorded
}

// Exists tells whether the key is there.
func (v *value) Exists() bool { return v.e != nil }

// open finds key for reading or, without counting a hit, for changing, and checks its type.
func (db *DB) open(key []byte, t Type, write bool) (value, error) {
	var e entry
	if write {
		e = db.findWrite(key)
	} else {
		e = db.findRead(key)
	}
	if e != nil && entryKind(e).Type() != t {
		return value{}, ErrWrongType
	}
	return value{db: db, key: key, e: e}, nil
}

// inline is the value's bytes of a small collection.
func (v *value) inline() []byte { return entryValue(v.e) }

// edit returns a copy of the inline bytes, with room to grow, for a change that setInline then stores. The copy is the keyspace's
// one scratch buffer: one edit at a time.
func (v *value) edit() []byte {
	ks := v.db.ks
	if v.e == nil {
		return ks.scratch[:0]
	}
	ks.scratch = append(ks.scratch[:0], entryValue(v.e)...)
	return ks.scratch
}

// setInline stores b, which may be edit's buffer, as the small value of kind k, making the key if it is absent.
func (v *value) setInline(k Kind, b []byte) {
	ks := v.db.ks
	if cap(b) > cap(ks.scratch) && cap(b) <= maxScratch {
		ks.scratch = b[:0]
	}
	if v.e == nil {
		v.e = v.db.create(v.key, k, len(b), NoTTL)
	} else {
		v.e = v.db.resize(v.db.change(v.e), k, len(b), 0)
	}
	v.touched = true
	copy(entryValue(v.e), b)
}

const maxScratch = 1 << 20

// object returns the object of a big value.
func (v *value) object() (uint32, object) {
	i := entryObject(v.e)
	return i, v.db.ks.objects.at(i).v
}

// touch records that element sub of the big value is about to change, and the key with it.
func (v *value) touch(sub []byte) {
	if !v.touched {
		v.touched = true
		v.db.modified(v.key)
	}
	v.db.ks.touchElement(entryObject(v.e), sub)
}

// grew adds to the memory count what the object grew by since before.
func (v *value) grew(o object, before int64) { v.db.ks.objects.used += o.memory() - before }

// promote makes the key, present or absent, refer to the new object o of kind k; every element of o is touched.
func (v *value) promote(k Kind, o object) {
	db := v.db
	var flags uint32
	i := db.newObject(v.key, o)
	if v.e == nil {
		v.e = bigEntry(k, flags, v.key, i)
		db.insert(v.e)
		db.Notify(EventNew, "new", v.key)
	} else {
		v.e = db.resize(db.change(v.e), k, 4, 0)
		binary.LittleEndian.PutUint32(entryValue(v.e), i)
		db.named(v.e)
	}
	v.touched = true
	o.elements(func(sub, val []byte) bool {
		db.ks.unit.bytes += elementPrefix + len(sub) + len(val)
		db.ks.record(touch{kind: touchElement, obj: i, id: db.ks.objects.at(i).id, name: db.ks.save(sub)})
		return true
	})
}

// Finish ends a change of the collection: it counts the changes as Redis does, mostly the elements, sends the event and, if no element
// is left, removes the key with its "del" event. Every handler that changed a collection calls it once.
func (v *value) Finish(class EventClass, event string, changes int) {
	v.db.ks.stats.Dirty += uint64(changes)
	v.db.Notify(class, event, v.key)
	v.RemoveIfEmpty()
}

// RemoveIfEmpty removes the key, with its "del" event, if the collection has no element.
func (v *value) RemoveIfEmpty() {
	if v.e == nil || v.Len() > 0 || entryKind(v.e) == KindStream {
		return
	}
	v.db.remove(v.key, v.e)
	v.e = nil
	v.db.Notify(EventGeneric, "del", v.key)
}

// Len is the number of elements.
func (v *value) Len() int {
	if v.e == nil {
		return 0
	}
	switch k := entryKind(v.e); k {
	case KindHashCompact, KindZSetCompact:
		return compact.Len(v.inline()) / 2
	case KindSetCompact, KindListCompact:
		return compact.Len(v.inline())
	case KindSetInts:
		return intset.Len(v.inline())
	default:
		_, o := v.object()
		return o.length()
	}
}

// Hash opens key for reading.
func (db *DB) Hash(key []byte) (Hash, error) {
	v, err := db.open(key, TypeHash, false)
	return Hash{v}, err
}

// HashForUpdate opens key for changing it.
func (db *DB) HashForUpdate(key []byte) (Hash, error) {
	v, err := db.open(key, TypeHash, true)
	return Hash{v}, err
}

// Get returns the value of a field. The bytes lie in the keyspace, or in scratch for small integers.
func (h *Hash) Get(field, scratch []byte) ([]byte, bool) {
	if h.e == nil {
		return nil, false
	}
	if entryKind(h.e) == KindHashCompact {
		b := h.inline()
		off := compact.Find(b, compact.First(b), field, 1)
		if off < 0 {
			return nil, false
		}
		return elemBytes(compact.Get(b, compact.Next(b, off)), scratch), true
	}
	_, o := h.object()
	return o.(*bigHash).get(field)
}

// elemBytes returns the text of a compact element, in scratch if it is a number.
func elemBytes(e compact.Elem, scratch []byte) []byte {
	if e.IsInt() || e.IsFloat() {
		return e.AppendTo(scratch[:0])
	}
	return e.Bytes()
}

// Set gives field a value and tells whether the field is new. The key is made if absent.
func (h *Hash) Set(field, val []byte) bool {
	if h.e == nil || entryKind(h.e) == KindHashCompact {
		l := &h.db.ks.Limits
		if len(field) <= l.HashMaxListpackValue && len(val) <= l.HashMaxListpackValue {
			if created, ok := h.setCompact(field, val, l.HashMaxListpackEntries); ok {
				return created
			}
		}
		h.convert()
	}
	return h.put(field, val, 0)
}

// SetAll is Set for fields and values in turn. It returns how many fields are new.
func (h *Hash) SetAll(pairs [][]byte) (created int) {
	if created, ok := h.setAllCompact(pairs); ok {
		return created
	}
	for i := 0; i < len(pairs); i += 2 {
		if h.Set(pairs[i], pairs[i+1]) {
			created++
		}
	}
	return created
}

// setAllCompact is SetAll for a hash that is small and stays so whichever of the fields are new, with one edit of it; ok is false,
// and nothing has happened, if it is not.
func (h *Hash) setAllCompact(pairs [][]byte) (created int, ok bool) {
	l := &h.db.ks.Limits
	if h.e != nil && entryKind(h.e) != KindHashCompact || len(pairs) == 0 || h.Len()+len(pairs)/2 > l.HashMaxListpackEntries {
		return 0, false
	}
	for _, p := range pairs {
		if len(p) > l.HashMaxListpackValue {
			return 0, false
		}
	}
	b := h.edit()
	for i := 0; i < len(pairs); i += 2 {
		field, val := pairs[i], pairs[i+1]
		if off := compact.Find(b, compact.First(b), field, 1); off >= 0 {
			b = compact.Replace(b, compact.Next(b, off), val)
			continue
		}
		b = compact.Append(compact.Append(b, field), val)
		created++
	}
	h.setInline(KindHashCompact, b)
	return created, true
}

// Update is Set that keeps the field's expiry.
func (h *Hash) Update(field, val []byte) bool {
	at, _ := h.Expire(field)
	if at == 0 {
		return h.Set(field, val)
	}
	return h.put(field, val, at)
}

// put is Set for a big hash, with the expiry.
func (h *Hash) put(field, val []byte, at int64) (created bool) {
	h.touch(field)
	i, o := h.object()
	big, l := o.(*bigHash), &h.db.ks.Limits
	before := o.memory()
	h.db.ks.unit.bytes += len(val)
	created = big.set(field, val, at)
	if big.packed && (big.d.Len() > l.HashMaxListpackEntries || len(field) > l.HashMaxListpackValue || len(val) > l.HashMaxListpackValue) {
		big.packed = false
		if h.db.ks.unit.undo {
			h.db.ks.record(touch{kind: touchShape, undo: func() { big.packed = true }})
		}
	}
	h.grew(o, before)
	h.db.ks.retime(i)
	return created
}

// setCompact is Set in the small encoding; ok is false if the hash must become big first.
func (h *Hash) setCompact(field, val []byte, maxEntries int) (created, ok bool) {
	if h.e == nil {
		if maxEntries < 1 {
			return false, false
		}
		b := compact.Append(compact.Append(h.edit(), field), val)
		h.setInline(KindHashCompact, b)
		return true, true
	}
	b := h.inline()
	off := compact.Find(b, compact.First(b), field, 1)
	if off < 0 {
		if compact.Len(b)/2 >= maxEntries {
			return false, false
		}
		h.setInline(KindHashCompact, compact.Append(compact.Append(h.edit(), field), val))
		return true, true
	}
	if compact.Len(b)/2 > maxEntries {
		return false, false // the limit was lowered
	}
	h.setInline(KindHashCompact, compact.Replace(h.edit(), compact.Next(b, off), val))
	return false, true
}

// convert makes the hash big.
func (h *Hash) convert() {
	big := newBigHash()
	var f, v [32]byte
	if h.e != nil {
		b := h.inline()
		for off := compact.First(b); off >= 0; {
			at := compact.Next(b, off)
			big.set(elemBytes(compact.Get(b, off), f[:]), elemBytes(compact.Get(b, at), v[:]), 0)
			off = compact.Next(b, at)
		}
	}
	h.promote(KindHashBig, big)
}

// Delete removes a field and tells whether it was there. Finish then removes an empty key.
func (h *Hash) Delete(field []byte) bool {
	if h.e == nil {
		return false
	}
	if entryKind(h.e) == KindHashCompact {
		b := h.inline()
		off := compact.Find(b, compact.First(b), field, 1)
		if off < 0 {
			return false
		}
		h.setInline(KindHashCompact, compact.Delete(h.edit(), off, 2))
		return true
	}
	i, o := h.object()
	big := o.(*bigHash)
	if big.d.Find(field) == nil {
		return false
	}
	h.touch(field)
	before := o.memory()
	big.dropElement(field)
	h.grew(o, before)
	h.db.ks.retime(i)
	return true
}

// Each calls f for every field until it returns false. The bytes are valid during the call; f must not change the keyspace.
func (h *Hash) Each(f func(field, val []byte) bool) {
	if h.e == nil {
		return
	}
	if entryKind(h.e) == KindHashCompact {
		fb, vb := h.db.ks.enterWalk()
		defer h.db.ks.leaveWalk()
		b := h.inline()
		for off := compact.First(b); off >= 0; {
			at := compact.Next(b, off)
			if !f(elemBytes(compact.Get(b, off), fb), elemBytes(compact.Get(b, at), vb)) {
				return
			}
			off = compact.Next(b, at)
		}
		return
	}
	_, o := h.object()
	o.(*bigHash).each(f)
}

// Scan calls f for the fields of one step of HSCAN and returns the next cursor; a small hash is one step.
func (h *Hash) Scan(cursor uint64, f func(field, val []byte)) uint64 {
	if h.e == nil {
		return 0
	}
	if entryKind(h.e) == KindHashCompact {
		h.Each(func(field, val []byte) bool { f(field, val); return true })
		return 0
	}
	_, o := h.object()
	return o.(*bigHash).d.Scan(cursor, func(e dict.Entry) { f(hashField(e), hashValue(e)) })
}

// Random calls f with a random field; the hash must not be empty.
func (h *Hash) Random(f func(field, val []byte)) {
	rnd := h.db.ks.random
	if entryKind(h.e) == KindHashCompact {
		fb, vb := h.db.ks.enterWalk()
		defer h.db.ks.leaveWalk()
		b := h.inline()
		off := compact.Index(b, 2*int(rnd()%uint64(h.Len())))
		f(elemBytes(compact.Get(b, off), fb), elemBytes(compact.Get(b, compact.Next(b, off)), vb))
		return
	}
	_, o := h.object()
	e := o.(*bigHash).d.Random(rnd)
	f(hashField(e), hashValue(e))
}
