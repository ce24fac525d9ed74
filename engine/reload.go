package engine

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// Reload encodes every row of the keyspace, loads them into a new one, and goes on with the collections of that one, as after a
// restart: DEBUG RELOAD. Keys, object ids and what the running turn has touched stay. An error means that rows do not give back what
// they were made from.
func (ks *Keyspace) Reload() error {
	var rows rowList
	for _, db := range ks.dbs {
		db.dict.All(func(e entry) bool {
			ks.appendRows(&rows, db, e)
			return true
		})
	}
	if ks.swapped() {
		rows.add(swapRow, ks.swapValue(nil))
	}
	slices.SortFunc(rows, func(a, b [2][]byte) int { return bytes.Compare(a[0], b[0]) })
	fresh := New(Options{Databases: len(ks.dbs), Random: ks.random})
	fresh.Limits, fresh.now, fresh.nowUs = ks.Limits, ks.now, ks.nowUs
	l := fresh.NewLoader()
	for _, r := range rows {
		if err := l.Load(r[0], r[1]); err != nil {
			return err
		}
	}
	if err := l.Finish(); err != nil {
		return err
	}
	if fresh.Digest() != ks.Digest() {
		return errors.New("the rows give another keyspace")
	}
	return ks.adopt(fresh)
}

type rowList [][2][]byte

func (l *rowList) add(key, val []byte) {
	*l = append(*l, [2][]byte{bytes.Clone(key), bytes.Clone(val)})
}

// appendRows appends the header row of e and the element rows of its object.
func (ks *Keyspace) appendRows(rows *rowList, db *DB, e entry) {
	b := &ks.rowBuf
	b.key = headerRow(b.key[:0], db.id, entryKey(e))
	b.val = ks.headerValue(b.val[:0], e)
	rows.add(b.key, b.val)
	if !entryKind(e).big() {
		return
	}
	o := ks.objects.at(entryObject(e))
	b.key = o.home.rowPrefix(b.key[:0], o.id)
	prefix := len(b.key)
	o.v.elements(func(sub, val []byte) bool {
		b.key = append(b.key[:prefix], sub...)
		rows.add(b.key, val)
		return true
	})
}

// adopt takes over the collections of a keyspace with the same keys.
func (ks *Keyspace) adopt(fresh *Keyspace) (err error) {
	for i, db := range ks.dbs {
		db.dict.All(func(e entry) bool {
			if !entryKind(e).big() {
				return true
			}
			other := fresh.dbs[i].dict.Find(entryKey(e))
			if other == nil {
				err = fmt.Errorf("key %.80q is lost", entryKey(e))
				return false
			}
			at, v := entryObject(e), fresh.objects.at(entryObject(other)).v
			o := ks.objects.at(at)
			ks.objects.used += v.memory() - o.v.memory()
			if h, ok := o.v.(*bigHash); ok {
				packed := h.packed
				h.times.items = nil
				ks.retime(at) // out of the order of hashes
				v.(*bigHash).timer, v.(*bigHash).packed = 0, packed
			}
			if s, ok := v.(*bigStream); ok {
				s.ks = ks
			}
			o.v = v
			ks.retime(at)
			return true
		})
	}
	return err
}

// swapped tells whether databases have changed places.
func (ks *Keyspace) swapped() bool {
	return slices.ContainsFunc(ks.dbs, func(db *DB) bool { return db.index != db.id })
}

// swapValue appends the value of swapRow.
func (ks *Keyspace) swapValue(dst []byte) []byte {
	for _, db := range ks.dbs {
		dst = append(dst, byte(db.id))
	}
	return dst
}
