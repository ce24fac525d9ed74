package engine

import "math"

// Exists tells whether key is there, counting a hit or a miss but no access.
func (db *DB) Exists(key []byte) bool {
	noTouch := db.ks.NoTouch
	db.ks.NoTouch = true
	e := db.findRead(key)
	db.ks.NoTouch = noTouch
	return e != nil
}

// Has tells whether key is there, for writers: nothing is counted.
func (db *DB) Has(key []byte) bool { return db.find(key) != nil }

// Type returns the type of key without noting an access.
func (db *DB) Type(key []byte) Type {
	if e := db.find(key); e != nil {
		return entryKind(e).Type()
	}
	return TypeNone
}

// Delete removes key and tells whether it was there. The caller sends the "del" event.
func (db *DB) Delete(key []byte) bool {
	if !db.Discard(key) {
		return false
	}
	db.ks.stats.Dirty++
	return true
}

// Discard is Delete for a command that is about to make the key anew: it counts as one change with that.
func (db *DB) Discard(key []byte) bool {
	e := db.find(key)
	if e == nil {
		return false
	}
	db.remove(key, e)
	return true
}

// lazyThreshold is how many parts a value must have for Redis to free it in the background.
const lazyThreshold = 64

// Unlink is Delete that also counts, as Redis does, values of many parts. Memory of all values goes in the background here.
func (db *DB) Unlink(key []byte) bool {
	if e := db.find(key); e != nil && entryKind(e).big() && parts(db.ks.objects.at(entryObject(e)).v) > lazyThreshold {
		db.ks.stats.LazyFreed++
	}
	return db.Delete(key)
}

// parts is how much work Redis takes the freeing of a big value for: elements, or nodes of a list, or of a stream's tree and groups.
func parts(o object) int {
	switch o := o.(type) {
	case *bigList:
		return o.l.Chunks()
	case *bigStream:
		n, groups := o.s.RadixNodes(), o.s.Groups()
		if len(groups) > 0 {
			n += len(groups) * (1 + groups[0].PendingCount())
		}
		return n
	}
	return o.length()
}

// Expire returns the expiry of key in unix ms: 0 for none. ok is false if the key does not exist.
func (db *DB) Expire(key []byte) (at int64, ok bool) {
	e := db.find(key)
	if e == nil {
		return 0, false
	}
	return entryExpire(e), true
}

// SetExpire gives key, which must exist, the expiry at in unix ms, or none for 0.
func (db *DB) SetExpire(key []byte, at int64) {
	e := db.find(key)
	if e == nil {
		panic("engine: SetExpire of an absent key")
	}
	db.setExpire(db.change(e), at)
	db.ks.stats.Dirty++
}

// Rename gives the value of from, which must exist, the name to, whose old value goes. Big objects keep their rows.
func (db *DB) Rename(from, to []byte) {
	db.transfer(from, db, to)
}

// Move puts key, which must exist here, into dst, where it must not.
func (db *DB) Move(key []byte, dst *DB) {
	db.transfer(key, dst, key)
}

func (db *DB) transfer(from []byte, dst *DB, to []byte) {
	e := db.find(from)
	if e == nil {
		panic("engine: transfer of an absent key")
	}
	if old := dst.find(to); old != nil {
		dst.remove(to, old)
	}
	v := entryValue(e)
	c := newEntry(entryKind(e), *entryMeta(e)&(flagTTL|flagGrown), to, len(v))
	copy(entryValue(c), v)
	access := entryAccess(e)
	if entryHas(e, flagTTL) {
		setEntryExpire(c, entryExpire(e))
	}
	if entryKind(e).big() {
		db.ks.objects.at(entryObject(e)).owner = uint8(dst.id)
	}
	db.touchEntry(from, e, true)
	db.detach(e)
	dst.insert(c)
	dst.Notify(EventNew, "new", to)
	setEntryAccess(c, access)
	db.ks.stats.Dirty++
}

// Copy makes to in dst a copy of from, which must exist; what to held goes.
func (db *DB) Copy(from []byte, dst *DB, to []byte) {
	e := db.find(from)
	if e == nil {
		panic("engine: Copy of an absent key")
	}
	if old := dst.find(to); old != nil {
		dst.remove(to, old)
	}
	kind, flags := entryKind(e), *entryMeta(e)&(flagTTL|flagGrown)
	var c entry
	if kind.big() {
		obj := db.ks.copyObject(entryObject(e), dst, kind, to)
		c = bigEntry(kind, flags, to, obj)
	} else {
		v := entryValue(e)
		c = newEntry(kind, flags, to, len(v))
		copy(entryValue(c), v)
	}
	if flags&flagTTL != 0 {
		setEntryExpire(c, entryExpire(e))
	}
	dst.insert(c)
	dst.Notify(EventNew, "new", to)
	db.ks.stats.Dirty++
}

// copyObject makes a new object for key to of dst with the elements of object i.
func (ks *Keyspace) copyObject(i uint32, dst *DB, kind Kind, to []byte) uint32 {
	n := dst.newObject(to, ks.newBig(kind))
	v := ks.objects.at(n).v
	before := v.memory()
	ks.objects.at(i).v.elements(func(sub, val []byte) bool {
		ks.touchElement(n, sub)
		ks.unit.bytes += len(val)
		if err := v.putElement(sub, val); err != nil {
			panic("engine: copy of an element: " + err.Error())
		}
		return true
	})
	if h, ok := v.(*bigHash); ok {
		h.packed = ks.objects.at(i).v.(*bigHash).packed
	}
	ks.objects.used += v.memory() - before
	ks.retime(n)
	return n
}

// Scan calls f for the live keys of one step of a SCAN and returns the next cursor; 0 begins and ends. Keys are valid during f. Expired
// keys that it meets are removed.
func (db *DB) Scan(cursor uint64, f func(key []byte, t Type)) uint64 {
	ks := db.ks
	ks.ReadAll()
	var over []span
	cursor = db.dict.Scan(cursor, func(e entry) {
		if db.over(e) {
			over = append(over, ks.save(entryKey(e)))
			return
		}
		f(entryKey(e), entryKind(e).Type())
	})
	for _, s := range over {
		db.find(ks.span(s))
	}
	return cursor
}

// over tells whether e, or every field of the hash e, is expired, and leaves it where it is.
func (db *DB) over(e entry) bool {
	if entryHas(e, flagTTL) && db.ks.now > entryExpire(e) {
		return true
	}
	next := db.ks.hashes.next()
	return next != 0 && next < db.ks.now && entryKind(e) == KindHashBig && db.allFieldsOver(e)
}

// Keys calls f for every live key until it returns false. f must not change the database.
func (db *DB) Keys(f func(key []byte) bool) {
	db.ks.ReadAll()
	db.dict.All(func(e entry) bool { return db.over(e) || f(entryKey(e)) })
}

// RandomKey appends a random live key to dst; false if there is none.
func (db *DB) RandomKey(dst []byte) ([]byte, bool) {
	db.ks.ReadAll()
	for tries := 0; db.dict.Len() > 0; tries++ {
		e := db.dict.Random(db.ks.random)
		if !db.over(e) {
			return append(dst, entryKey(e)...), true
		}
		if db.ks.ExpirePaused && tries > 100 {
			return append(dst, entryKey(e)...), true
		}
		switch key := db.ks.span(db.ks.save(entryKey(e))); {
		case !entryHas(e, flagTTL) || db.ks.now <= entryExpire(e):
			db.expireFields(key, e, math.MaxInt)
		case !db.ks.ExpirePaused:
			db.dropExpired(e)
		}
	}
	return dst, false
}

// ExpireDue removes up to max expired keys and fields of hashes of all databases, oldest first, as a unit of its own must surround it, and returns how
// many. Nothing is done while active expiry is off or paused.
func (ks *Keyspace) ExpireDue(max int) int {
	if !ks.ActiveExpire || ks.ExpirePaused {
		return 0
	}
	n := 0
	for _, db := range ks.dbs {
		for n < max {
			e, when := db.ttl.first()
			if e == nil || when >= ks.now {
				break
			}
			db.dropExpired(e)
			n++
		}
	}
	return n + ks.expireDueFields(max-n)
}

// NextExpire returns the earliest expiry of any key or field in unix ms, 0 if there is none.
func (ks *Keyspace) NextExpire() int64 {
	next := ks.hashes.next()
	for _, db := range ks.dbs {
		if _, when := db.ttl.first(); when != 0 && (next == 0 || when < next) {
			next = when
		}
	}
	return next
}

// Info is what OBJECT, DEBUG OBJECT and MEMORY USAGE tell of a key.
type Info struct {
	Kind     Kind
	Encoding string // as OBJECT ENCODING
	Idle     int64  // seconds since the last access, under an LRU policy
	Freq     uint32 // access counter, under an LFU policy
	Size     int64  // bytes
	Len      int    // elements, or bytes of a string
	Nodes    int    // of a big list
}

// embedMax is the longest string that Redis embeds in its object.
const embedMax = 44

// Inspect describes key without noting an access.
func (db *DB) Inspect(key []byte) (Info, bool) {
	e := db.find(key)
	if e == nil {
		return Info{}, false
	}
	return db.describe(e), true
}

// InspectLeft is Inspect that finds a key whose time is over, too, as long as it is not removed. It also returns the length of its DUMP.
func (db *DB) InspectLeft(key []byte) (in Info, dump int, ok bool) {
	db.ks.read(db, key)
	e := db.dict.Find(key)
	if e == nil {
		return Info{}, 0, false
	}
	return db.describe(e), len(db.dumpEntry(key, e)), true
}

func (db *DB) describe(e entry) Info {
	in := Info{Kind: entryKind(e), Size: int64(entrySize(e)) + 8, Idle: db.ks.idle(e), Freq: db.ks.access.decayed(db.ks, e)}
	in.Encoding = [...]string{"embstr", "int", "listpack", "hashtable", "intset", "listpack", "hashtable", "listpack", "skiplist",
		"listpack", "quicklist", "stream"}[in.Kind]
	if in.Kind == KindRaw && (entryHas(e, flagGrown) || len(entryValue(e)) > embedMax) {
		in.Encoding = "raw"
	}
	if in.Kind == KindHashBig && db.ks.objects.at(entryObject(e)).v.(*bigHash).packed {
		in.Encoding = "listpackex"
	}
	if in.Kind.big() {
		o := db.ks.objects.at(entryObject(e)).v
		in.Size, in.Len = in.Size+o.memory(), o.length()
		if l, ok := o.(*bigList); ok {
			in.Nodes = l.l.Chunks()
		}
	} else {
		in.Len = len(entryValue(e))
	}
	return in
}

// SetAccess sets the access clock of key: idle in seconds, or freq, whichever the policy uses; negative leaves it.
func (db *DB) SetAccess(key []byte, idle int64, freq int) {
	e := db.dict.Find(key)
	switch {
	case e == nil:
	case db.ks.access.LFU && freq >= 0:
		setEntryAccess(e, db.ks.minute()<<8|uint32(freq))
	case !db.ks.access.LFU && idle >= 0:
		setEntryAccess(e, uint32(db.ks.now/1000-idle)&lruBits)
	}
}

// Touch notes an access to key and tells whether it is there.
func (db *DB) Touch(key []byte) bool {
	e := db.findRead(key)
	return e != nil
}
