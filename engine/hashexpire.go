package engine

// Expiry of hash fields. A field whose time is over is never seen: whoever looks up the hash removes it first, and the loop removes
// the rest when they are due, by Keyspace.hashes. Like that of a key, its removal is an ordinary effect with durable rows and undo.

// Expire returns the expiry of a field in unix ms: 0 for none. ok is false if there is no such field.
func (h *Hash) Expire(field []byte) (at int64, ok bool) {
	if h.e == nil {
		return 0, false
	}
	if entryKind(h.e) == KindHashCompact {
		var scratch [32]byte
		_, ok := h.Get(field, scratch[:])
		return 0, ok
	}
	_, o := h.object()
	e := o.(*bigHash).d.Find(field)
	if e == nil {
		return 0, false
	}
	return fieldExpire(e), true
}

// SetExpire gives a field, which must exist, the expiry at in unix ms, or none for 0.
func (h *Hash) SetExpire(field []byte, at int64) {
	if entryKind(h.e) == KindHashCompact {
		if at == 0 {
			return
		}
		h.convert()
		_, o := h.object()
		o.(*bigHash).packed = true
	}
	_, o := h.object()
	val, ok := o.(*bigHash).get(field)
	if !ok {
		panic("engine: SetExpire of an absent field")
	}
	h.put(field, append([]byte(nil), val...), at)
}

// Expiring tells whether any field expires.
func (h *Hash) Expiring() bool {
	if h.e == nil || entryKind(h.e) == KindHashCompact {
		return false
	}
	_, o := h.object()
	return len(o.(*bigHash).times.items) > 0
}

// retime puts the hash i into, or takes it out of, the order of hashes by their next expiry.
func (ks *Keyspace) retime(i uint32) {
	o := ks.objects.at(i)
	h, ok := o.v.(*bigHash)
	if !ok {
		return
	}
	when := h.times.next()
	if o.gone {
		when = 0
	}
	h.obj = i
	switch t := (hashTimer{h}); {
	case when == 0 && h.timer > 0:
		ks.hashes.take(t.index())
		h.timer = 0
	case when != 0 && h.timer == 0:
		ks.hashes.put(t, when)
	case when != 0 && ks.hashes.items[t.index()].when != when:
		ks.hashes.change(t.index(), t, when)
	}
}

// expireFields removes up to max fields of e, the entry of key, whose time is over, and returns how many and the entry that is left:
// nil if the hash is empty.
func (db *DB) expireFields(key []byte, e entry, max int) (int, entry) {
	ks := db.ks
	h := Hash{value{db: db, key: key, e: e}}
	_, o := h.object()
	big := o.(*bigHash)
	var field []byte
	n := 0
	for next := big.times.next(); n < max && next != 0 && next < ks.now; next = big.times.next() {
		field = append(field[:0], hashField(big.times.items[0].t.e)...)
		h.Delete(field)
		n++
	}
	if n > 0 {
		ks.stats.ExpiredFields += uint64(n)
		db.Notify(EventHash, "hexpired", key)
		h.RemoveIfEmpty()
	}
	return n, h.e
}

// expireDueFields removes up to max fields of all hashes, oldest first.
func (ks *Keyspace) expireDueFields(max int) (n int) {
	for n < max {
		when := ks.hashes.next()
		if when == 0 || when >= ks.now {
			break
		}
		big := ks.hashes.items[0].t.h
		db := ks.byID[ks.objects.at(big.obj).owner]
		key := ks.span(ks.save(big.name))
		done, _ := db.expireFields(key, db.dict.Find(key), max-n)
		n += done
	}
	return n
}

// FieldExpires returns the number of hashes of which fields expire. It walks those of all databases.
func (db *DB) FieldExpires() (n int) {
	for i := range db.ks.hashes.items {
		if db.ks.objects.at(db.ks.hashes.items[i].t.h.obj).owner == uint8(db.id) {
			n++
		}
	}
	return n
}

// allFieldsOver tells whether the hash e has nothing but fields whose time is over.
func (db *DB) allFieldsOver(e entry) bool {
	h := db.ks.objects.at(entryObject(e)).v.(*bigHash)
	if len(h.times.items) < h.d.Len() {
		return false
	}
	for i := range h.times.items {
		if h.times.items[i].when >= db.ks.now {
			return false
		}
	}
	return true
}
