// Rows in the order of their keys. Runs on the committer.
package persistence

import (
	"bytes"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// A memtable is a skip list: rows that come in the order of their keys are found places near the last one, where random ones cost a
// walk through memory each. For 800 random rows of one batch, as pipelined writes give them, that saves a fifth (BenchmarkOrder); for
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
	s.order = s.order[:0]
	s.sorted.Reset()
	for r := b.Reader(); ; {
		kind, key, value, ok, err := r.Next()
		s.must("order", err)
		if !ok {
			break
		}
		switch kind {
		case pebble.InternalKeyKindSet, pebble.InternalKeyKindDelete:
			s.order = append(s.order, orderedRow{kind, key, value})
		case pebble.InternalKeyKindRangeDelete:
			s.writeOrdered()
			s.must("order", s.sorted.DeleteRange(key, value, nil))
		default:
			panic("persistence: a batch has rows of an unknown kind")
		}
	}
	s.writeOrdered()
	return s.sorted
}

// writeOrdered moves the rows gathered so far to the sorted batch.
func (s *Store) writeOrdered() {
	slices.SortStableFunc(s.order, func(a, b orderedRow) int { return bytes.Compare(a.key, b.key) })
	for i, row := range s.order {
		if i+1 < len(s.order) && bytes.Equal(row.key, s.order[i+1].key) {
			continue // a later value follows
		}
		if row.kind == pebble.InternalKeyKindDelete {
			s.must("order", s.sorted.Delete(row.key, nil))
		} else {
			s.must("order", s.sorted.Set(row.key, row.value, nil))
		}
	}
	clear(s.order)
	s.order = s.order[:0]
}
