package engine

import (
	"errors"
	"fmt"
	"math"

	"github.com/evald/evald/engine/compact"
	"github.com/evald/evald/engine/dict"
	"github.com/evald/evald/engine/intset"
)

// Check verifies the keyspace's invariants between units and returns every one that is broken. It walks all data: for tests and DEBUG.
func (ks *Keyspace) Check() (faults []error) {
	c := checker{ks: ks, owners: map[uint32]string{}}
	if ks.unit.active {
		c.fault("a unit is running")
	}
	if ks.walks.depth != 0 {
		c.fault("%d walks have not ended", ks.walks.depth)
	}
	for i, db := range ks.dbs {
		if db.index != i || ks.byID[db.id] != db {
			c.fault("database %d has index %d and id %d", i, db.index, db.id)
		}
		c.database(db)
	}
	c.objects()
	if c.timed != len(ks.hashes.items) {
		c.fault("%d hashes with fields that expire, %d in the heap", c.timed, len(ks.hashes.items))
	}
	return c.faults
}

type checker struct {
	ks     *Keyspace
	owners map[uint32]string // object index to its key
	timed  int               // hashes of which fields expire
	faults []error
}

func (c *checker) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf(format, args...))
}

func (c *checker) database(db *DB) {
	n, timed, used := 0, 0, int64(0)
	db.dict.All(func(e entry) bool {
		n++
		used += int64(entrySize(e))
		name := fmt.Sprintf("db %d %q", db.index, entryKey(e))
		if entryHas(e, flagOwned) {
			c.fault("%s: still marked as made by a unit", name)
		}
		if db.dict.Find(entryKey(e)) != e {
			c.fault("%s: not found under its key", name)
		}
		if entryHas(e, flagTTL) {
			timed++
			if i := entryHeapIndex(e); i >= len(db.ttl.items) || db.ttl.items[i].t.e != e || db.ttl.items[i].when != entryExpire(e) {
				c.fault("%s: its place %d in the expiry heap is another's", name, i)
			}
		}
		if err := c.value(db, e, name); err != nil {
			c.fault("%s: %w", name, err)
		}
		return true
	})
	if n != db.dict.Len() {
		c.fault("db %d: %d keys, counted as %d", db.index, n, db.dict.Len())
	}
	if timed != len(db.ttl.items) {
		c.fault("db %d: %d keys with an expiry, %d in the heap", db.index, timed, len(db.ttl.items))
	}
	if used != db.used {
		c.fault("db %d: entries take %d bytes, counted as %d", db.index, used, db.used)
	}
	for i := 1; i < len(db.ttl.items); i++ {
		if db.ttl.items[(i-1)/4].when > db.ttl.items[i].when {
			c.fault("db %d: the expiry heap is out of order at %d", db.index, i)
		}
	}
}

// value checks one entry's value.
func (c *checker) value(db *DB, e entry, name string) error {
	k := entryKind(e)
	if !k.big() {
		if err := validInline(k, entryValue(e)); err != nil {
			return err
		}
		return checkInline(k, entryValue(e))
	}
	i := entryObject(e)
	if int(i) >= len(c.ks.objects.slots) || c.ks.objects.at(i).v == nil {
		return fmt.Errorf("its object %d does not exist", i)
	}
	o := c.ks.objects.at(i)
	if other, taken := c.owners[i]; taken {
		return fmt.Errorf("its object %d belongs to %s too", i, other)
	}
	c.owners[i] = name
	if o.gone || o.owner != uint8(db.id) {
		return fmt.Errorf("its object says gone %v, owner %d; the database's id is %d", o.gone, o.owner, db.id)
	}
	if o.v.length() == 0 && o.v.mustNotBeEmpty() {
		return errors.New("empty")
	}
	if h, ok := o.v.(*bigHash); ok {
		if err := c.hash(db, e, h); err != nil {
			return err
		}
	}
	return checkObject(k, o.v)
}

// hash checks what a hash keeps about its expiry.
func (c *checker) hash(db *DB, e entry, h *bigHash) error {
	if string(h.name) != string(entryKey(e)) {
		return fmt.Errorf("its hash says that it is %q", h.name)
	}
	first := h.times.next()
	if (first != 0) != (h.timer > 0) {
		return fmt.Errorf("its first field expires at %d, its place among the hashes is %d", first, h.timer)
	}
	if first != 0 && (h.timer > len(c.ks.hashes.items) || c.ks.hashes.items[h.timer-1].t.h != h || c.ks.hashes.items[h.timer-1].when != first) {
		return fmt.Errorf("its place %d among the hashes is another's", h.timer)
	}
	if first != 0 {
		c.timed++
	}
	return nil
}

// checkInline checks what validInline, which rows pass through, leaves to the program's own care: order and distinct elements.
func checkInline(k Kind, b []byte) error {
	switch k {
	case KindSetInts:
		for i := 1; i < intset.Len(b); i++ {
			if intset.At(b, i-1) >= intset.At(b, i) {
				return errors.New("integers out of order")
			}
		}
	case KindHashCompact, KindSetCompact, KindZSetCompact:
		step := 2
		if k == KindSetCompact {
			step = 1
		}
		return checkCompact(k, b, step)
	}
	return nil
}

func checkCompact(k Kind, b []byte, step int) error {
	seen := map[string]bool{}
	last, lastMember := math.Inf(-1), ""
	for off, i := compact.First(b), 0; off >= 0; off, i = compact.Next(b, off), i+1 {
		if i%step == 0 {
			name := string(compact.Get(b, off).AppendTo(nil))
			if seen[name] {
				return fmt.Errorf("element %q stands twice", name)
			}
			seen[name] = true
			if k == KindZSetCompact {
				s := elemScore(compact.Get(b, compact.Next(b, off)))
				if math.IsNaN(s) || s < last || s == last && i > 0 && name <= lastMember {
					return fmt.Errorf("member %q is out of order", name)
				}
				last, lastMember = s, name
			}
		}
	}
	return nil
}

func checkObject(k Kind, o object) error {
	if v, ok := o.(interface{ check() error }); ok {
		if err := v.check(); err != nil {
			return err
		}
	}
	n := 0
	o.elements(func(sub, _ []byte) bool {
		if _, ok := o.element(nil, sub); !ok {
			n = math.MinInt
		}
		n++
		return true
	})
	if n < 0 {
		return errors.New("an element is not found under its name")
	}
	if k != KindStream && n != o.length() {
		return fmt.Errorf("%d elements, counted as %d", n, o.length())
	}
	return nil
}

func (h *bigHash) check() error {
	n := 0
	for i := range h.times.items {
		it := &h.times.items[i]
		if hashFieldIndex(it.t.e) != i || fieldExpire(it.t.e) != it.when || h.d.Find(hashField(it.t.e)) != it.t.e {
			return fmt.Errorf("expiry %d is not that of a field", i)
		}
		if i > 0 && h.times.items[(i-1)/4].when > it.when {
			return fmt.Errorf("expiries are out of order at %d", i)
		}
	}
	h.d.All(func(e dict.Entry) bool {
		if fieldExpires(e) {
			n++
		}
		return true
	})
	if n != len(h.times.items) {
		return fmt.Errorf("%d fields with an expiry, %d in the heap", n, len(h.times.items))
	}
	return checkDict(h.d, h.used, hashEntrySize)
}

func (s *bigSet) check() error {
	return checkDict(s.d, s.used, func(e dict.Entry) int64 { return int64(sizeClass(setMemberOffset + len(setMember(e)))) })
}

func (z *bigZSet) check() error { return z.z.Check() }
func (l *bigList) check() error { return l.l.Check() }

func checkDict(d *dict.Dict, used int64, size func(dict.Entry) int64) error {
	sum := int64(0)
	d.All(func(e dict.Entry) bool { sum += size(e); return true })
	if sum != used {
		return fmt.Errorf("entries take %d bytes, counted as %d", sum, used)
	}
	return nil
}

// objects checks the object table against the owners that were met.
func (c *checker) objects() {
	t, used, free := &c.ks.objects, int64(0), map[uint32]bool{}
	for _, i := range t.free {
		if free[i] {
			c.fault("object place %d is free twice", i)
		}
		free[i] = true
	}
	for i := range t.slots {
		o, i := &t.slots[i], uint32(i)
		if (o.v == nil) != free[i] {
			c.fault("object place %d: free %v, empty %v", i, free[i], o.v == nil)
		}
		if o.v == nil {
			continue
		}
		used += o.v.memory()
		if _, owned := c.owners[i]; !owned {
			c.fault("object %d in place %d belongs to no key", o.id, i)
		}
		if o.id == 0 || o.id >= t.next {
			c.fault("object place %d has id %d, the next is %d", i, o.id, t.next)
		}
	}
	if used != t.used {
		c.fault("objects take %d bytes, counted as %d", used, t.used)
	}
}
