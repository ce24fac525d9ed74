// Iteration: SCAN's cursor and the plain walk.
package dict

import "math/bits"

// Scan calls fn for the entries at the cursor and returns the next cursor, 0 at the end; start with 0. Every entry that
// is present from the first call to the last is reported at least once, whatever is inserted and deleted in between and
// however the table grows and shrinks. Entries may be reported twice.
//
// The cursor counts in bits reversed: it says that all keys whose reversed hash is below it have been reported, which
// stays true when buckets divide or fold. fn may delete entries and replace blocks; it should not insert.
func (d *Dict) Scan(cursor uint64, fn func(Entry)) uint64 {
	if d.used == 0 {
		return 0
	}
	d.paused++
	defer d.resume()
	i := cursor & d.mask
	d.walk(d.bucket(i), func(e Entry) bool { fn(e); return true })
	if j := i + d.mask + 1; j < d.n {
		d.walk(d.bucket(j), func(e Entry) bool { fn(e); return true })
	}
	cursor |= ^d.mask
	return bits.Reverse64(bits.Reverse64(cursor) + 1)
}

// All calls fn for every entry, in no order, until fn returns false. fn may delete entries and replace blocks; an entry
// that fn inserts may or may not be reported.
func (d *Dict) All(fn func(Entry) bool) {
	d.paused++
	defer d.resume()
	for i := uint64(0); i < d.n; i++ {
		if !d.walk(d.bucket(i), fn) {
			return
		}
	}
}

// walk calls fn for every entry of the chain; it reports false if fn did.
func (d *Dict) walk(b *bucket, fn func(Entry) bool) bool {
	for {
		for i := range slotsPerBucket {
			// Looked at anew each time: fn may have changed the bucket.
			if b.tag(i) != 0 && !fn(b.slots[i]) {
				return false
			}
		}
		if !b.chained() {
			return true
		}
		b = b.child()
	}
}

func (d *Dict) resume() { d.paused-- }
