// Check reads a whole store and tells what is damaged.
package persistence

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"

	"github.com/evald/evald/engine"
)

// A Report is the result of a check.
type Report struct {
	Tables int      // tables whose every block was read
	Rows   int      // rows decoded
	Keys   int      // keys among them
	Faults []string // one line each; none: the store is intact
}

// maxFaults is where a check of a badly damaged store stops to list.
const maxFaults = 1000

// Check opens the store of o.Dir without changing it, verifies the checksum of every block of every table, the order of the tables'
// keys, and decodes every row into ks, an empty keyspace. An error means that the store cannot be opened at all.
func Check(o Options, ks *engine.Keyspace) (Report, error) {
	o.ReadOnly = true
	s, err := Open(o)
	if err != nil {
		return Report{}, err
	}
	defer s.Close()
	var r Report
	fault := func(format string, args ...any) {
		if len(r.Faults) < maxFaults {
			r.Faults = append(r.Faults, newlineInError.ReplaceAllString(fmt.Sprintf(format, args...), "; "))
		}
	}
	if err := s.checkFormat(); errors.Is(err, errNewer) {
		return r, err
	} else if err != nil {
		fault("%v", err)
	}
	levels, err := s.db.SSTables()
	if err != nil {
		return r, s.openError(err)
	}
	for _, tables := range levels {
		for _, t := range tables {
			r.Tables++
			if err := s.checkTable(t.FileNum); err != nil {
				fault("table %s: %v", t.FileNum, err)
			}
		}
	}
	if err := s.db.CheckLevels(nil); err != nil {
		fault("order of the tables: %v", err)
	}
	if err := s.checkRows(&r, ks, fault); err != nil {
		fault("reading the rows ended after %d: %v", r.Rows, err)
	}
	return r, nil
}

// checkTable verifies the checksum of every block of one table.
func (s *Store) checkTable(n pebble.TableNum) error {
	f, err := s.fs.Open(s.fs.PathJoin(s.dir, fmt.Sprintf("%s.sst", n)))
	if err != nil {
		return reason(err)
	}
	readable, err := sstable.NewSimpleReadable(f)
	if err != nil {
		f.Close()
		return err
	}
	r, err := sstable.NewReader(context.Background(), readable, s.pebble.MakeReaderOptions())
	if err != nil {
		readable.Close()
		return err
	}
	defer r.Close()
	return r.ValidateBlockChecksums()
}

func (s *Store) checkRows(r *Report, ks *engine.Keyspace, fault func(string, ...any)) error {
	b := s.db.NewIndexedBatch()
	defer b.Close()
	if err := s.overlay(b); err != nil {
		fault("%v", err)
	}
	it, err := b.NewIter(nil)
	if err != nil {
		return err
	}
	defer it.Close()
	loader := ks.NewLoader()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := loader.Load(it.Key(), value); err != nil {
			fault("%v", err)
		}
		r.Rows, r.Keys = loader.Rows, loader.Keys
	}
	if err := it.Error(); err != nil {
		return err
	}
	if len(r.Faults) == 0 {
		if err := loader.Finish(); err != nil {
			fault("%v", err)
		}
	}
	return nil
}

// overlay puts what only the log has on top of the tables.
func (s *Store) overlay(b *pebble.Batch) error {
	log, err := s.readWAL()
	if err != nil {
		return err
	}
	one := s.db.NewBatch()
	defer one.Close()
	for _, r := range log.records {
		if err := one.SetRepr(r.batch); err != nil {
			return err
		}
		if err := b.Apply(one, nil); err != nil {
			return err
		}
	}
	return nil
}
