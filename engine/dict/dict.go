// Package dict is the hash table of the keyspace and of every big collection.
//
// Shape: linear hashing over 64-byte buckets. A bucket is one cache line: a control word (one flag byte and seven
// one-byte tags) and seven entry pointers; a bucket that overflows turns its last pointer into a child bucket. The table
// grows and shrinks by one bucket at a time (the bucket at the split point divides in two, or the last bucket folds
// into its partner), so there is never a second table, a long pause, or a jump in memory: about 13 bytes of table for
// each entry at every size. Buckets live in pages of 256, which are allocated and released one by one.
//
// An entry is one block of bytes without pointers, made by make([]byte); the key's length is a little-endian uint32
// at keyOff-4 and the key follows at keyOff. What else the block holds is the caller's business.
package dict

import (
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"unsafe"
)

// Entry points at the first byte of an entry's block. The dict keeps the block alive; it never writes to it.
type Entry = unsafe.Pointer

const (
	pageBits   = 8
	pageSize   = 1 << pageBits // buckets in a full page: 16 KB
	pageMask   = pageSize - 1
	growLoad   = slotsPerBucket // split while there are more entries per bucket than this
	maxSpare   = 8              // child buckets kept for reuse
	bucketSize = int(unsafe.Sizeof(bucket{}))
)

// Dict is a hash table of entries. The zero value is not usable; see New.
type Dict struct {
	seed   maphash.Seed
	keyOff int
	used   int
	n      uint64 // buckets in use; mask+1 <= n < 2*(mask+1), or 0 while nothing was ever inserted
	mask   uint64 // 2^level - 1; buckets below n-(mask+1) are already split for the next level
	pages  [][]bucket

	// recent is the slot that was found last: scripts call several commands on one key. Whatever moves entries forgets it.
	recent *Entry

	depth    int     // upper bound of the buckets in any chain
	children int     // child buckets in chains
	spare    *bucket // free child buckets, linked through their last slot
	spares   int
	paused   int // iterations in progress: no bucket is split, folded or compacted
}

// New returns an empty dict of entries whose key starts keyOff (>= 4) bytes into the block.
func New(keyOff int) *Dict {
	if keyOff < 4 {
		panic("dict: key offset leaves no room for the key's length")
	}
	return &Dict{seed: maphash.MakeSeed(), keyOff: keyOff, depth: 1}
}

// Len returns the number of entries.
func (d *Dict) Len() int { return d.used }

// Key returns the key of e: a view into its block, not a copy.
func (d *Dict) Key(e Entry) []byte {
	n := d.keyLen(e)
	if n == 0 {
		return nil // a pointer to the end of the block could point into the next one
	}
	return unsafe.Slice((*byte)(unsafe.Add(e, d.keyOff)), n)
}

func (d *Dict) keyLen(e Entry) int {
	return int(binary.LittleEndian.Uint32((*[4]byte)(unsafe.Add(e, d.keyOff-4))[:]))
}

func (d *Dict) equal(e Entry, key []byte) bool {
	n := d.keyLen(e)
	if n != len(key) {
		return false
	}
	return n == 0 || string(unsafe.Slice((*byte)(unsafe.Add(e, d.keyOff)), n)) == string(key)
}

func (d *Dict) bucket(i uint64) *bucket { return &d.pages[i>>pageBits][i&pageMask] }

func (d *Dict) home(hash uint64) *bucket {
	i := hash & (d.mask<<1 | 1)
	if i >= d.n {
		i &= d.mask
	}
	return d.bucket(i)
}

// Find returns the entry with the key, or nil.
func (d *Dict) Find(key []byte) Entry {
	if s := d.FindSlot(key); s != nil {
		return *s
	}
	return nil
}

// FindSlot returns where the table holds the entry with the key, or nil. The caller may store another block with the
// same key there. The pointer is valid until the next Insert, Replace, Delete, Reserve or Clear.
func (d *Dict) FindSlot(key []byte) *Entry {
	if d.used == 0 {
		return nil
	}
	if s := d.recent; s != nil && d.equal(*s, key) {
		return s
	}
	hash := maphash.Bytes(d.seed, key)
	b, probe := d.home(hash), probeOf(hash)
	for {
		for m := b.match(probe); m != 0; m &= m - 1 {
			s := &b.slots[slotOf(m)]
			if d.equal(*s, key) {
				d.recent = s
				return s
			}
		}
		if !b.chained() {
			return nil
		}
		b = b.child()
	}
}

// Insert adds e, whose key must not be in the dict.
func (d *Dict) Insert(e Entry) {
	d.recent = nil
	if d.n == 0 {
		d.addBucket()
	}
	hash := maphash.Bytes(d.seed, d.Key(e))
	d.put(d.home(hash), tagOf(hash), e)
	d.used++
	if d.paused == 0 {
		// Two at a time, so that growth deferred by a long iteration is made up for.
		for i := 0; i < 2 && uint64(d.used) > growLoad*d.n; i++ {
			d.split()
		}
	}
}

// InsertAll adds entries whose keys are not in the dict. A place in a large table is in no cache: where room has been Reserved, the
// places of a group are fetched together, which takes a quarter of the time of as many Inserts.
func (d *Dict) InsertAll(entries []Entry) {
	const group = 32
	var tags, free [group]uint64
	var homes [group]*bucket
	d.recent = nil
	for len(entries) > 0 {
		n := min(len(entries), group)
		if d.n == 0 || uint64(d.used+n) > growLoad*d.n { // buckets divide meanwhile: a place does not last
			for _, e := range entries[:n] {
				d.Insert(e)
			}
			entries = entries[n:]
			continue
		}
		for i, e := range entries[:n] {
			hash := maphash.Bytes(d.seed, d.Key(e))
			homes[i], tags[i] = d.home(hash), tagOf(hash)
		}
		for i, b := range homes[:n] {
			free[i] = b.vacant() // none of these loads waits for another
		}
		for i, e := range entries[:n] {
			b := homes[i]
			if m := free[i] & b.vacant(); m != 0 {
				b.set(slotOf(m), tags[i], e)
			} else {
				d.put(b, tags[i], e)
			}
		}
		d.used += n
		entries = entries[n:]
	}
}

// Replace stores e under key, which must be e's own key, and returns the entry it takes the place of, or nil.
func (d *Dict) Replace(key []byte, e Entry) (old Entry) {
	if s := d.FindSlot(key); s != nil {
		old, *s = *s, e
		return old
	}
	d.Insert(e)
	return nil
}

// Delete removes and returns the entry with the key, or returns nil.
func (d *Dict) Delete(key []byte) Entry {
	if d.used == 0 {
		return nil
	}
	d.recent = nil
	hash := maphash.Bytes(d.seed, key)
	head, probe := d.home(hash), probeOf(hash)
	for b := head; ; b = b.child() {
		for m := b.match(probe); m != 0; m &= m - 1 {
			i := slotOf(m)
			e := b.slots[i]
			if !d.equal(e, key) {
				continue
			}
			b.clear(i)
			d.used--
			if d.paused == 0 {
				d.tighten(head, b, i)
				for i := 0; i < 2 && d.n > 1 && 2*uint64(d.used) < growLoad*d.n; i++ {
					d.fold()
				}
			}
			return e
		}
		if !b.chained() {
			return nil
		}
	}
}

// Clear removes all entries and releases the table.
func (d *Dict) Clear() {
	*d = Dict{seed: d.seed, keyOff: d.keyOff, depth: 1, paused: d.paused}
}

// Reserve makes room for n entries in all, so that inserting them never divides a bucket.
func (d *Dict) Reserve(n int) {
	d.recent = nil
	want := uint64(n+growLoad-1) / growLoad
	if d.used > 0 {
		for d.paused == 0 && d.n < want {
			d.split()
		}
		return
	}
	for d.n < want {
		d.addBucket()
	}
}

// MemUsage returns the bytes that the table takes, without the entries.
func (d *Dict) MemUsage() int {
	buckets := d.children + d.spares
	if last := len(d.pages) - 1; last >= 0 {
		buckets += last*pageSize + cap(d.pages[last])
	}
	return int(unsafe.Sizeof(*d)) + cap(d.pages)*int(unsafe.Sizeof([]bucket(nil))) + buckets*bucketSize
}

// Random returns an entry, each with the same probability, or nil if the dict is empty. It draws (bucket, position)
// pairs until one is taken; about four draws on average.
func (d *Dict) Random(rnd func() uint64) Entry {
	if d.used == 0 {
		return nil
	}
	for {
		i, _ := bits.Mul64(rnd(), d.n)
		pos, _ := bits.Mul64(rnd(), uint64(d.depth*(slotsPerBucket-1)+1))
		for b := d.bucket(i); ; b = b.child() {
			n := uint64(bits.OnesCount64(b.occupied()))
			if pos < n {
				return b.nth(int(pos))
			}
			pos -= n
			if !b.chained() {
				break
			}
		}
	}
}
