// Rows in the order of their keys. Runs on the applier.
package persistence

import (
	"bytes"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// A memtable is a skip list: rows that come in the order of their keys are found places near the last one, where random ones cost a
// walk through memory each. For 800 random rows that saves a fifth, for 16,000 half (BenchmarkOrder); for
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

// writeOrdered moves the rows gathered so far to the sorted batch.
func (s *Store) writeOrdered() {
	slices.SortStableFunc(s.applier.order, func(a, b orderedRow) int { return bytes.Compare(a.key, b.key) })
	for i, row := range s.applier.order {
		if i+1 < len(s.applier.order) && bytes.Equal(row.key, s.applier.order[i+1].key) {
			continue // a later value follows
		}
		if row.kind == pebble.InternalKeyKindDelete {
			s.must("order", s.applier.sorted.Delete(row.key, nil))
		} else {
			s.must("order", s.applier.sorted.Set(row.key, row.value, nil))
		}
	}
	clear(s.applier.order)
	s.applier.order = s.applier.order[:0]
}
