// Growing and shrinking, one bucket at a time.
package dict

import "hash/maphash"

// split adds a bucket at the end and divides the bucket at the split point between itself and the new one.
func (d *Dict) split() {
	bit := d.mask + 1
	from := d.n - bit
	d.addBucket()
	low, high := d.bucket(from), d.bucket(from|bit)
	old := *low
	*low = bucket{}
	d.putAll(old, func(e Entry) *bucket {
		if maphash.Bytes(d.seed, d.Key(e))&bit != 0 {
			return high
		}
		return low
	})
}

// fold empties the last bucket into its partner, the bucket it was once divided from.
func (d *Dict) fold() {
	last := d.n - 1
	if last == d.mask {
		d.mask >>= 1
	}
	old := *d.bucket(last)
	d.dropBucket()
	low := d.bucket(last & d.mask)
	d.putAll(old, func(Entry) *bucket { return low })
}

// addBucket appends an empty bucket. It may move the buckets of the first page.
func (d *Dict) addBucket() {
	last := len(d.pages) - 1
	switch {
	case last < 0:
		d.pages = append(d.pages, make([]bucket, 1))
	case len(d.pages[last]) == pageSize:
		d.pages = append(d.pages, make([]bucket, 1, pageSize))
	default:
		p := d.pages[last]
		if len(p) == cap(p) { // the only page of a small table grows gently
			p = append(make([]bucket, 0, min(pageSize, cap(p)+cap(p)/4+1)), p...)
		}
		d.pages[last] = p[:len(p)+1]
	}
	d.n++
	if d.n > 2*d.mask+1 {
		d.mask = d.n - 1
	}
}

// dropBucket removes the last bucket, whose entries must have been copied out. The mask is the caller's to lower.
func (d *Dict) dropBucket() {
	d.n--
	last := len(d.pages) - 1
	p := d.pages[last]
	p[len(p)-1] = bucket{}
	p = p[:len(p)-1]
	switch {
	case len(p) == 0:
		d.pages[last] = nil
		d.pages = d.pages[:last]
		return
	case last == 0 && len(p)*4 < cap(p):
		p = append(make([]bucket, 0, len(p)*2), p...)
	}
	d.pages[last] = p
}
