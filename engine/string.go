package engine

import (
	"encoding/binary"
	"strconv"
)

// WrongType is the error of an operation on a key that holds another type.
type WrongType struct{}

func (WrongType) Error() string {
	return "WRONGTYPE Operation against a key holding the wrong kind of value"
}

// ErrWrongType is returned by every typed lookup.
var ErrWrongType error = WrongType{}

// intBytes is the size of an integer-encoded value.
const intBytes = 8

// String returns the value of a string key for reading. The bytes lie in the keyspace or, for integers, in scratch's array: they are
// valid until the next mutation. ok is false if the key does not exist.
func (db *DB) String(key, scratch []byte) (v []byte, ok bool, err error) {
	e := db.findRead(key)
	if e == nil {
		return nil, false, nil
	}
	v, err = stringValue(e, scratch)
	return v, err == nil, err
}

// StringForUpdate is String for a command that is about to change the key: no hit or miss is counted.
func (db *DB) StringForUpdate(key, scratch []byte) (v []byte, ok bool, err error) {
	e := db.findWrite(key)
	if e == nil {
		return nil, false, nil
	}
	v, err = stringValue(e, scratch)
	return v, err == nil, err
}

func stringValue(e entry, scratch []byte) ([]byte, error) {
	switch entryKind(e) {
	case KindRaw:
		return entryValue(e), nil
	case KindInt:
		return strconv.AppendInt(scratch[:0], int64(binary.LittleEndian.Uint64(entryValue(e))), 10), nil
	}
	return nil, ErrWrongType
}

// canonicalInt parses b as an int64 if it is exactly how Redis would print that number.
func canonicalInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	neg, i := b[0] == '-', 0
	if neg {
		i = 1
	}
	if i == len(b) {
		return 0, false
	}
	if b[i] == '0' {
		return 0, len(b) == 1
	}
	n := uint64(0)
	for _, c := range b[i:] {
		if c < '0' || c > '9' {
			return 0, false
		}
		d := uint64(c - '0')
		if n > (1<<64-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	switch {
	case neg && n <= 1<<63:
		return -int64(n), true
	case !neg && n < 1<<63:
		return int64(n), true
	}
	return 0, false
}

// TTL modes of SetString.
const (
	NoTTL   int64 = 0
	KeepTTL int64 = -1
)

// SetString makes key the string val, whatever it was. expire is unix ms, NoTTL or KeepTTL. val may alias the keyspace only if the
// key is another one. The caller sends the events.
func (db *DB) SetString(key, val []byte, expire int64) {
	if n, ok := canonicalInt(val); ok {
		db.setInt(key, n, expire)
		return
	}
	e := db.overwrite(key, KindRaw, len(val), expire)
	copy(entryValue(e), val)
}

// SetRaw replaces the bytes of a string, keeping the expiry, without looking whether they are a number: bitmaps, HyperLogLogs. The
// key is made if absent.
func (db *DB) SetRaw(key, val []byte) {
	e := db.overwrite(key, KindRaw, len(val), KeepTTL)
	*entryMeta(e) |= flagGrown
	copy(entryValue(e), val)
}

// SetText is SetString that keeps val as text even if it is an integer, as INCRBYFLOAT does.
func (db *DB) SetText(key, val []byte, expire int64) {
	e := db.overwrite(key, KindRaw, len(val), expire)
	copy(entryValue(e), val)
}

// SetInt makes key the integer n.
func (db *DB) SetInt(key []byte, n, expire int64) { db.setInt(key, n, expire) }

func (db *DB) setInt(key []byte, n, expire int64) {
	e := db.overwrite(key, KindInt, intBytes, expire)
	binary.LittleEndian.PutUint64(entryValue(e), uint64(n))
}

// overwrite makes key's entry a value of vlen bytes that the caller fills, reusing the block when it can.
func (db *DB) overwrite(key []byte, kind Kind, vlen int, expire int64) entry {
	db.ks.stats.Dirty++
	e := db.find(key)
	if e == nil {
		return db.create(key, kind, vlen, max(expire, 0))
	}
	if entryKind(e).big() {
		if expire == KeepTTL {
			expire = entryExpire(e)
		}
		db.remove(key, e)
		return db.create(key, kind, vlen, expire)
	}
	db.ks.access.touch(db.ks, e)
	e = db.change(e)
	*entryMeta(e) &^= flagGrown
	if expire != KeepTTL && expire != entryExpire(e) {
		if entryHas(e, flagTTL) != (expire != NoTTL) { // the block must change: do not copy the old value, which is not wanted
			db.used -= int64(entrySize(e))
			*word(e, 8) = 0
			db.used += int64(entrySize(e))
		}
		e = db.setExpire(e, expire)
	}
	return db.resize(e, kind, vlen, 0)
}

// create inserts a new entry for key, which is absent.
func (db *DB) create(key []byte, kind Kind, vlen int, expire int64) entry {
	flags := uint32(0)
	if expire != 0 {
		flags = flagTTL
	}
	e := newEntry(kind, flags, key, vlen)
	if expire != 0 {
		setEntryExpire(e, expire)
	}
	db.insert(e)
	db.Notify(EventNew, "new", key)
	return e
}

// GrowString makes the string of key at least n bytes long, zero-filled, keeping expiry and content, and returns its bytes for the
// caller to change in place during this command. The key is made if absent. It must not hold another type.
func (db *DB) GrowString(key []byte, n int) []byte {
	db.ks.stats.Dirty++
	e := db.find(key)
	if e == nil {
		e = db.create(key, KindRaw, n, NoTTL)
		*entryMeta(e) |= flagGrown
		return entryValue(e)
	}
	db.ks.access.touch(db.ks, e)
	e = db.change(e)
	if entryKind(e) == KindInt {
		e = db.intToText(e, n)
	} else if old := len(entryValue(e)); old < n {
		e = db.resize(e, KindRaw, n, old)
		clear(entryValue(e)[old:])
	}
	*entryMeta(e) |= flagGrown
	return entryValue(e)
}

// Unshare makes a string raw, if the key exists: Redis does so before it looks whether a bit changes. The value stays the same, and
// nobody is told.
func (db *DB) Unshare(key []byte) {
	e := db.find(key)
	if e == nil || entryHas(e, flagGrown) {
		return
	}
	if !entryHas(e, flagOwned) {
		e = db.change(e)
		db.ks.turn.touches[len(db.ks.turn.touches)-1].mute = true
	}
	if entryKind(e) == KindInt {
		e = db.intToText(e, 0)
	}
	*entryMeta(e) |= flagDirty | flagGrown
}

// intToText makes the integer of e, which change returned, text, zero-filled to n bytes.
func (db *DB) intToText(e entry, n int) entry {
	var buf [20]byte
	text := strconv.AppendInt(buf[:0], int64(binary.LittleEndian.Uint64(entryValue(e))), 10)
	e = db.resize(e, KindRaw, max(n, len(text)), 0)
	v := entryValue(e)
	clear(v[copy(v, text):])
	return e
}

// IncrBy adds delta to the integer of key, 0 if absent, keeping the expiry. The caller has checked type, number and overflow.
func (db *DB) IncrBy(key []byte, n int64) {
	db.setInt(key, n, KeepTTL)
}

// StringInt returns the integer that a string key holds. ok is false if its text is not a canonical-range integer; absent is 0, true.
func (db *DB) StringInt(key []byte) (n int64, ok bool, err error) {
	e := db.findWrite(key)
	if e == nil {
		return 0, true, nil
	}
	switch entryKind(e) {
	case KindInt:
		return int64(binary.LittleEndian.Uint64(entryValue(e))), true, nil
	case KindRaw:
		n, ok = canonicalInt(entryValue(e))
		return n, ok, nil
	}
	return 0, false, ErrWrongType
}
