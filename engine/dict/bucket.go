// The bucket: one cache line of tags and entry pointers, and the operations inside a chain of them.
package dict

import (
	"math/bits"
	"unsafe"
)

const (
	slotsPerBucket = 7
	lastSlot       = slotsPerBucket - 1

	ones     = 0x0101010101010101
	highs    = 0x8080808080808080
	slotBits = highs &^ 0xff
	lastBits = 0xff << 56

	chainedFlag = 1
)

// bucket holds up to seven entries. Byte 0 of ctrl (the lowest) is the flags, byte i+1 the tag of slot i: eight bits of
// the key's hash, 0 if the slot is free. Real tags are never 0 or 1, which makes the byte-parallel comparisons below
// exact: neither a free slot nor the flag byte can look like a match. With chainedFlag, the last slot is a *bucket and
// its tag is 0.
type bucket struct {
	ctrl  uint64
	slots [slotsPerBucket]unsafe.Pointer
}

// tagOf takes the tag from the top of the hash; the bucket number comes from the bottom.
func tagOf(hash uint64) uint64 {
	tag := hash >> 56
	if tag < 2 {
		tag += 2
	}
	return tag
}

func probeOf(hash uint64) uint64 { return tagOf(hash) * ones }

// slotOf returns the slot of the lowest bit of a mask that match, vacant or occupied returned.
func slotOf(m uint64) int { return bits.TrailingZeros64(m)>>3 - 1 }

func (b *bucket) chained() bool  { return b.ctrl&chainedFlag != 0 }
func (b *bucket) child() *bucket { return (*bucket)(b.slots[lastSlot]) }

// match returns a mask with the top bit of every byte whose tag is the probe's.
func (b *bucket) match(probe uint64) uint64 {
	x := b.ctrl ^ probe
	return (x - ones) &^ x & slotBits
}

// vacant returns the mask of the slots that can take an entry.
func (b *bucket) vacant() uint64 {
	m := (b.ctrl - ones) &^ b.ctrl & slotBits
	if b.chained() {
		m &^= lastBits
	}
	return m
}

// occupied returns the mask of the slots that hold entries.
func (b *bucket) occupied() uint64 {
	return ^((b.ctrl - ones) &^ b.ctrl) & slotBits
}

func (b *bucket) tag(i int) uint64 { return b.ctrl >> (8 * (i + 1)) & 0xff }

// set fills the free slot i.
func (b *bucket) set(i int, tag uint64, e Entry) {
	b.ctrl |= tag << (8 * (i + 1))
	b.slots[i] = e
}

func (b *bucket) clear(i int) {
	b.ctrl &^= 0xff << (8 * (i + 1))
	b.slots[i] = nil
}

// nth returns the entry in the n-th occupied slot.
func (b *bucket) nth(n int) Entry {
	m := b.occupied()
	for ; n > 0; n-- {
		m &= m - 1
	}
	return b.slots[slotOf(m)]
}

// put stores e in the chain that starts at b.
func (d *Dict) put(b *bucket, tag uint64, e Entry) {
	for depth := 1; ; depth++ {
		if m := b.vacant(); m != 0 {
			b.set(slotOf(m), tag, e)
			d.depth = max(d.depth, depth)
			return
		}
		if !b.chained() {
			c := d.newChild()
			c.set(0, b.tag(lastSlot), b.slots[lastSlot])
			b.clear(lastSlot)
			b.slots[lastSlot] = unsafe.Pointer(c)
			b.ctrl |= chainedFlag
		}
		b = b.child()
	}
}

// putAll stores every entry of the chain that starts with the detached bucket old: pick names the bucket for each.
// The child buckets of old are recycled as they are read.
func (d *Dict) putAll(old bucket, pick func(e Entry) *bucket) {
	for {
		for m := old.occupied(); m != 0; m &= m - 1 {
			i := slotOf(m)
			d.put(pick(old.slots[i]), old.tag(i), old.slots[i])
		}
		if !old.chained() {
			return
		}
		c := old.child()
		old = *c
		d.freeChild(c)
	}
}

// tighten refills slot i of b, just emptied, from the end of the chain that starts at head, and drops child buckets
// that have become empty.
func (d *Dict) tighten(head, b *bucket, i int) {
	for head.chained() {
		parent, tail := head, head.child()
		for tail.chained() {
			parent, tail = tail, tail.child()
		}
		m := tail.occupied()
		if m != 0 && tail != b {
			j := slotOf(m)
			b.set(i, tail.tag(j), tail.slots[j])
			tail.clear(j)
			m &= m - 1
			b = tail // the hole is filled; only an empty tail remains to be dropped
		}
		if m != 0 {
			return
		}
		parent.slots[lastSlot] = nil
		parent.ctrl &^= chainedFlag
		d.freeChild(tail)
		if tail == b {
			return
		}
	}
}

func (d *Dict) newChild() *bucket {
	d.children++
	c := d.spare
	if c == nil {
		return new(bucket)
	}
	d.spare = c.child()
	d.spares--
	c.slots[lastSlot] = nil
	return c
}

func (d *Dict) freeChild(c *bucket) {
	d.children--
	if d.spares == maxSpare {
		return
	}
	*c = bucket{}
	c.slots[lastSlot] = unsafe.Pointer(d.spare)
	d.spare = c
	d.spares++
}
