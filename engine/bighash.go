package engine

import (
	"encoding/binary"
	"errors"
	"unsafe"

	"github.com/evald/evald/engine/dict"
)

// bigHash is a hash in a dict. The layout of its entries, little endian:
//
//	0  uint32  value length (bits 0-30), and whether the field expires (bit 31)
//	4  uint32  field length
//	8          field
//	           expiry, 12 bytes, only if it expires: int64 unix ms, uint32 index in times
//	           value
//
// Row value: the expiry as a varint, 0 for none, and the value.
type bigHash struct {
	d     *dict.Dict
	used  int64
	times timeHeap[fieldTimer]
	name  []byte // the key: what expires needs to find it
	obj   uint32 // its index in the object table, set with its timer
	timer int    // its index in Keyspace.hashes, from 1; 0: not there
	// packed says that it is big here only because its fields expire: Redis keeps such a hash in a listpack.
	packed bool
}

const (
	hashFieldOffset = 8
	hashExpires     = 1 << 31
)

func newBigHash() *bigHash { return &bigHash{d: dict.New(hashFieldOffset)} }

func hashField(e dict.Entry) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e, hashFieldOffset)), int(*word(e, 4)))
}

func fieldExpires(e dict.Entry) bool { return *word(e, 0)&hashExpires != 0 }

func hashValue(e dict.Entry) []byte {
	off := hashFieldOffset + int(*word(e, 4))
	if fieldExpires(e) {
		off += ttlSize
	}
	return unsafe.Slice((*byte)(unsafe.Add(e, off)), int(*word(e, 0)&^hashExpires))
}

func hashTTLBytes(e dict.Entry) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e, hashFieldOffset+int(*word(e, 4)))), ttlSize)
}

// fieldExpire returns the expiry in unix ms, or 0 for none.
func fieldExpire(e dict.Entry) int64 {
	if !fieldExpires(e) {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(hashTTLBytes(e)))
}

func hashFieldIndex(e dict.Entry) int { return int(binary.LittleEndian.Uint32(hashTTLBytes(e)[8:])) }
func setHashFieldIndex(e dict.Entry, i int) {
	binary.LittleEndian.PutUint32(hashTTLBytes(e)[8:], uint32(i))
}

func hashBlock(field, value int, expires bool) int64 {
	n := hashFieldOffset + field + value
	if expires {
		n += ttlSize
	}
	return int64(sizeClass(n))
}

func hashEntrySize(e dict.Entry) int64 {
	return hashBlock(int(*word(e, 4)), int(*word(e, 0)&^hashExpires), fieldExpires(e))
}

func (h *bigHash) get(field []byte) ([]byte, bool) {
	e := h.d.Find(field)
	if e == nil {
		return nil, false
	}
	return hashValue(e), true
}

// newHashField makes the block of a field.
func newHashField(field, val []byte, at int64) dict.Entry {
	b := make([]byte, hashBlock(len(field), len(val), at != 0))
	binary.LittleEndian.PutUint32(b, uint32(len(val)))
	binary.LittleEndian.PutUint32(b[4:], uint32(len(field)))
	copy(b[hashFieldOffset:], field)
	e := dict.Entry(unsafe.Pointer(unsafe.SliceData(b)))
	if at != 0 {
		*word(e, 0) |= hashExpires
		setFieldExpire(e, at)
	}
	copy(hashValue(e), val)
	return e
}

// set gives a field its value and expiry, 0 for none.
func (h *bigHash) set(field, val []byte, at int64) (created bool) {
	n := hashBlock(len(field), len(val), at != 0)
	old := h.d.Find(field)
	if old != nil && n == hashEntrySize(old) && fieldExpires(old) == (at != 0) {
		*word(old, 0) = *word(old, 0)&hashExpires | uint32(len(val))
		copy(hashValue(old), val)
		if at != 0 {
			setFieldExpire(old, at)
			h.times.change(hashFieldIndex(old), fieldTimer{old}, at)
		}
		return false
	}
	e := newHashField(field, val, at)
	h.d.Replace(field, e)
	h.used += n
	if old != nil {
		h.forget(old)
	}
	if at != 0 {
		h.times.put(fieldTimer{e}, at)
	}
	return old == nil
}

func setFieldExpire(e dict.Entry, at int64) {
	binary.LittleEndian.PutUint64(hashTTLBytes(e), uint64(at))
}

// forget takes the entry, which has left the dict, out of the accounts.
func (h *bigHash) forget(e dict.Entry) {
	h.used -= hashEntrySize(e)
	if fieldExpires(e) {
		h.times.take(hashFieldIndex(e))
	}
}

func (h *bigHash) element(dst, field []byte) ([]byte, bool) {
	e := h.d.Find(field)
	if e == nil {
		return dst, false
	}
	return appendHashRow(dst, e), true
}

func appendHashRow(dst []byte, e dict.Entry) []byte {
	return append(binary.AppendUvarint(dst, uint64(fieldExpire(e))), hashValue(e)...)
}

var errBadField = errors.New("bad field of a hash")

// splitHashRow takes a row value apart.
func splitHashRow(row []byte) (at int64, val []byte, err error) {
	u, n := binary.Uvarint(row)
	if n <= 0 || u >= 1<<62 {
		return 0, nil, errBadField
	}
	return int64(u), row[n:], nil
}

func (h *bigHash) putElement(field, row []byte) error {
	at, val, err := splitHashRow(row)
	if err == nil {
		h.set(field, val, at)
	}
	return err
}

func (h *bigHash) newBlock(field, row []byte) (dict.Entry, error) {
	at, val, err := splitHashRow(row)
	if err != nil {
		return nil, err
	}
	return newHashField(field, val, at), nil
}

func (h *bigHash) fill(blocks []dict.Entry) {
	h.d.Reserve(len(blocks))
	h.d.InsertAll(blocks)
	for _, e := range blocks {
		h.used += hashEntrySize(e)
		if at := fieldExpire(e); at != 0 {
			h.times.put(fieldTimer{e}, at)
		}
	}
}

func (h *bigHash) dropElement(field []byte) {
	if old := h.d.Delete(field); old != nil {
		h.forget(old)
	}
}

func (h *bigHash) elements(f func(field, row []byte) bool) {
	var row []byte
	h.d.All(func(e dict.Entry) bool {
		row = appendHashRow(row[:0], e)
		return f(hashField(e), row)
	})
}

func (h *bigHash) each(f func(field, val []byte) bool) {
	h.d.All(func(e dict.Entry) bool { return f(hashField(e), hashValue(e)) })
}

func (h *bigHash) length() int { return h.d.Len() }
func (h *bigHash) memory() int64 {
	return h.used + int64(h.d.MemUsage()) + int64(len(h.times.items))*16 + int64(cap(h.name)) + 112
}
func (h *bigHash) mustNotBeEmpty() bool { return true }

// fits tells whether Redis would keep the hash in a listpack.
func (h *bigHash) fits(l *Limits) bool {
	if h.d.Len() > l.HashMaxListpackEntries {
		return false
	}
	small := true
	h.each(func(field, val []byte) bool {
		small = len(field) <= l.HashMaxListpackValue && len(val) <= l.HashMaxListpackValue
		return small
	})
	return small
}
