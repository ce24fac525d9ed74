package engine

import (
	"encoding/binary"
	"unsafe"

	"github.com/evald/evald/engine/dict"
)

// An entry is one key of the keyspace: a single block of bytes without pointers, so that a million keys are a million small
// objects which the garbage collector never looks into. Layout, little endian:
//
//	0   uint32  meta: kind (bits 0-3), flags (bits 4-7), access clock (bits 8-31: LRU seconds, or LFU minutes and counter)
//	4   uint32  sequence number of the last turn that touched it (wraps; only compared for equality)
//	8   uint32  value length
//	12  uint32  key length
//	16          key
//	            expiry, 12 bytes, only with flagTTL: int64 unix ms, uint32 index in the database's expiry heap
//	            value
//
// The block's size is always a size class of the Go allocator, so a value that stays in its class is overwritten in place.
// An entry's block moves when it changes class: never keep an entry over a mutation of its key.
type entry = dict.Entry

const (
	keyOffset = 16
	ttlSize   = 12
)

// Kind says what an entry's value bytes are.
type Kind uint8

// The kinds. A big kind's value is the 4-byte index of its object in Keyspace.objects.
const (
	KindRaw         Kind = iota // string bytes
	KindInt                     // string that is a canonical int64, 8 bytes
	KindHashCompact             // compact: field value field value ...
	KindHashBig
	KindSetInts // intset
	KindSetCompact
	KindSetBig
	KindZSetCompact // compact: member score member score ..., in score order
	KindZSetBig
	KindListCompact
	KindListBig
	KindStream
	kindCount
)

// Type is a Redis data type.
type Type uint8

// The types, numbered as the rows store them: never renumber.
const (
	TypeNone Type = iota
	TypeString
	TypeList
	TypeSet
	TypeZSet
	TypeHash
	TypeStream
)

// String returns the name that TYPE replies.
func (t Type) String() string {
	return [...]string{"none", "string", "list", "set", "zset", "hash", "stream"}[t]
}

var kindTypes = [kindCount]Type{TypeString, TypeString, TypeHash, TypeHash, TypeSet, TypeSet, TypeSet, TypeZSet, TypeZSet, TypeList, TypeList, TypeStream}

// Type returns the data type of values of kind k.
func (k Kind) Type() Type { return kindTypes[k] }

func (k Kind) big() bool {
	return k == KindHashBig || k == KindSetBig || k == KindZSetBig || k == KindListBig || k == KindStream
}

// Entry flags (meta bits 4-7).
const (
	flagTTL   = 1 << 4 // has an expiry
	flagDirty = 1 << 5 // touched in this turn and not yet encoded for the store
	flagOwned = 1 << 6 // block made by the running unit: undo already holds what was before
	flagGrown = 1 << 7 // string was built by APPEND, SETRANGE ...: OBJECT ENCODING says raw
	flagMask  = flagTTL | flagDirty | flagOwned | flagGrown
)

func word(e entry, off uintptr) *uint32 { return (*uint32)(unsafe.Add(e, off)) }

func entryMeta(e entry) *uint32       { return word(e, 0) }
func entryKind(e entry) Kind          { return Kind(*word(e, 0) & 15) }
func entryHas(e entry, f uint32) bool { return *word(e, 0)&f != 0 }
func entryAccess(e entry) uint32      { return *word(e, 0) >> 8 }
func setEntryAccess(e entry, v uint32) {
	m := entryMeta(e)
	*m = *m&0xff | v<<8
}
func setEntryKind(e entry, k Kind) {
	m := entryMeta(e)
	*m = *m&^15 | uint32(k)
}
func entryKeyLen(e entry) int { return int(*word(e, 12)) }

// entryKey returns the key's bytes, which live in the block.
func entryKey(e entry) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e, keyOffset)), entryKeyLen(e))
}

func entryValueOffset(e entry) int {
	off := keyOffset + entryKeyLen(e)
	if entryHas(e, flagTTL) {
		off += ttlSize
	}
	return off
}

// entryValue returns the value's bytes, which live in the block.
func entryValue(e entry) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e, entryValueOffset(e))), int(*word(e, 8)))
}

func entrySize(e entry) int { return sizeClass(entryValueOffset(e) + int(*word(e, 8))) }

func ttlBytes(e entry) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(e, keyOffset+entryKeyLen(e))), ttlSize)
}

// entryExpire returns the expiry in unix ms, or 0 for none.
func entryExpire(e entry) int64 {
	if !entryHas(e, flagTTL) {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(ttlBytes(e)))
}
func setEntryExpire(e entry, at int64) { binary.LittleEndian.PutUint64(ttlBytes(e), uint64(at)) }
func entryHeapIndex(e entry) int       { return int(binary.LittleEndian.Uint32(ttlBytes(e)[8:])) }
func setEntryHeapIndex(e entry, i int) { binary.LittleEndian.PutUint32(ttlBytes(e)[8:], uint32(i)) }

// entryObject returns the object index of a big kind.
func entryObject(e entry) uint32 { return binary.LittleEndian.Uint32(entryValue(e)) }

// newEntry makes a block for key with room for vlen value bytes, which the caller fills.
func newEntry(kind Kind, flags uint32, key []byte, vlen int) entry {
	n := keyOffset + len(key) + vlen
	if flags&flagTTL != 0 {
		n += ttlSize
	}
	b := make([]byte, sizeClass(n))
	e := entry(unsafe.Pointer(unsafe.SliceData(b)))
	*word(e, 0) = uint32(kind) | flags
	*word(e, 8) = uint32(vlen)
	*word(e, 12) = uint32(len(key))
	copy(b[keyOffset:], key)
	return e
}

// copyEntry returns a copy of e with its own block.
func copyEntry(e entry) entry {
	n := entrySize(e)
	b := make([]byte, n)
	copy(b, unsafe.Slice((*byte)(e), n))
	return entry(unsafe.Pointer(unsafe.SliceData(b)))
}

// entryBlock returns the bytes of e's block that are in use; entryOf makes a block of them again.
func entryBlock(e entry) []byte {
	return unsafe.Slice((*byte)(e), entryValueOffset(e)+int(*word(e, 8)))
}

func entryOf(block []byte) entry {
	b := make([]byte, sizeClass(len(block)))
	copy(b, block)
	return entry(unsafe.Pointer(unsafe.SliceData(b)))
}

// sizeClasses are the Go allocator's classes up to 32 KiB (runtime/sizeclasses.go); above, blocks are whole pages.
var sizeClasses = [...]uint16{8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384,
	416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864,
	5120, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576,
	27264, 28672, 32768}

// smallClass[i] is the class of a block of up to 8*i bytes, for blocks up to 1 KiB.
var smallClass = func() (t [129]uint16) {
	c := 0
	for i := range t {
		for int(sizeClasses[c]) < i*8 {
			c++
		}
		t[i] = sizeClasses[c]
	}
	return t
}()

// sizeClass rounds a block size up. Large blocks grow by an eighth, so that APPEND copies a byte a bounded number of times.
func sizeClass(n int) int {
	if n <= 1024 {
		return int(smallClass[(n+7)/8])
	}
	if n <= 32768 {
		lo, hi := 31, len(sizeClasses)-1
		for lo < hi {
			mid := (lo + hi) / 2
			if int(sizeClasses[mid]) >= n {
				hi = mid
			} else {
				lo = mid + 1
			}
		}
		return int(sizeClasses[lo])
	}
	step := 8192
	for step*16 < n {
		step *= 2
	}
	return (n + step - 1) / step * step
}
