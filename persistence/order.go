// Rows in the order of their keys. Runs on the applier.
package persistence

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// A memtable is a skip list: rows that come in the order of their keys are found places near the last one, where random ones cost a
// walk through memory each. For 800 random rows that saves a seventh, for 16,000 two fifths (BenchmarkOrder); for
// 50 it costs more than it saves. A key that was written several times is written once, with its last value.

// orderedRow is a row of a batch: views into it.
type orderedRow struct {
	kind       pebble.InternalKeyKind
	key, value []byte
}

// fewRows is where ordering does not pay.
const fewRows = 256

// ordered returns a batch with the effect of b, which stays as it is. Range deletes keep their place: rows are ordered between them.
func (s *Store) ordered(b *pebble.Batch) *pebble.Batch {
	if b.Count() < fewRows {
		return b
	}
	s.applier.order = s.applier.order[:0]
	s.applier.sorted.Reset()
	for r := b.Reader(); ; {
		kind, key, value, ok, err := r.Next()
		s.must("order", err)
		if !ok {
			break
		}
		switch kind {
		case pebble.InternalKeyKindSet, pebble.InternalKeyKindDelete:
			s.applier.order = append(s.applier.order, orderedRow{kind, key, value})
		case pebble.InternalKeyKindRangeDelete:
			s.writeOrdered()
			s.must("order", s.applier.sorted.DeleteRange(key, value, nil))
		default:
			panic("persistence: a batch has rows of an unknown kind")
		}
	}
	s.writeOrdered()
	return s.applier.sorted
}

// rowHead is a row's place in order: the first bytes of its key in which the rows differ, and its number.
type rowHead struct {
	head uint64
	row  uint32
}

// writeOrdered moves the rows gathered so far to the sorted batch. Most comparisons are of heads: keys of one batch begin alike.
func (s *Store) writeOrdered() {
	a := &s.applier
	rows := a.order
	a.heads = a.heads[:0]
	common := commonPrefix(rows)
	for i, row := range rows {
		var head [8]byte
		copy(head[:], row.key[common:])
		a.heads = append(a.heads, rowHead{binary.BigEndian.Uint64(head[:]), uint32(i)})
	}
	slices.SortFunc(a.heads, func(x, y rowHead) int {
		if c := cmp.Compare(x.head, y.head); c != 0 {
			return c
		}
		if c := bytes.Compare(rows[x.row].key, rows[y.row].key); c != 0 {
			return c
		}
		return cmp.Compare(x.row, y.row)
	})
	for i, h := range a.heads {
		row := rows[h.row]
		if i+1 < len(a.heads) && h.head == a.heads[i+1].head && bytes.Equal(row.key, rows[a.heads[i+1].row].key) {
			continue // a later value follows
		}
		if row.kind == pebble.InternalKeyKindDelete {
			s.must("order", a.sorted.Delete(row.key, nil))
		} else {
			s.must("order", a.sorted.Set(row.key, row.value, nil))
		}
	}
	clear(a.order)
	a.order = a.order[:0]
}

// commonPrefix returns how many bytes all keys begin with.
func commonPrefix(rows []orderedRow) int {
	if len(rows) == 0 {
		return 0
	}
	first := rows[0].key
	n := len(first)
	for _, row := range rows[1:] {
		n = min(n, len(row.key))
		for i := range n {
			if row.key[i] != first[i] {
				n = i
				break
			}
		}
	}
	return n
}
