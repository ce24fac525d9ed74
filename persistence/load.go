// Recovery: the store's rows, in the order of their keys, into an empty keyspace. One goroutine reads and copies rows into blocks,
// the caller's decodes and inserts them.
package persistence

import (
	"fmt"
	"math"
	"runtime/debug"

	"github.com/cockroachdb/pebble/v2"

	"github.com/evald/evald/engine"
)

// Load fills ks, which is empty, with everything in the store. It calls progress for every block of rows, with the rows done so far
// and an estimate of all; an error of progress ends the load and is returned.
func (s *Store) Load(ks *engine.Keyspace, progress func(done, total int) error) error {
	// A collection would walk a heap that holds nothing to collect, again and again while it doubles.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	if limit := debug.SetMemoryLimit(-1); limit == math.MaxInt64 {
		defer debug.SetMemoryLimit(limit)
		debug.SetMemoryLimit(memoryLimit())
	}
	total, err := s.estimateRows()
	if err != nil {
		return s.openError(err)
	}
	loader := ks.NewLoader()
	r := newReader(s.db, s.opts.LoadBlockSize)
	defer r.close()
	for b := range r.blocks {
		if b.err != nil {
			return s.openError(b.err)
		}
		if err := b.each(loader.Load); err != nil {
			return fmt.Errorf("the store in %s is damaged: %w", s.opts.Dir, err)
		}
		r.free <- b
		if progress != nil {
			if err := progress(loader.Rows, max(total, loader.Rows)); err != nil {
				return err
			}
		}
	}
	if err := loader.Finish(); err != nil {
		return fmt.Errorf("the store in %s is damaged: %w", s.opts.Dir, err)
	}
	return nil
}

// estimateRows adds up what the tables say of themselves. Rows that are only in the log are not counted.
func (s *Store) estimateRows() (int, error) {
	levels, err := s.db.SSTables(pebble.WithProperties())
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, tables := range levels {
		for _, t := range tables {
			n += int64(t.Properties.NumEntries) - 2*int64(t.Properties.NumPointDeletions())
		}
	}
	return int(max(n, 0)), nil
}

// A block is some rows in a row: keys and values one after the other, and where each ends.
type block struct {
	data []byte
	ends []int // key, value, key, value ...
	err  error
}

func (b *block) add(key, value []byte) {
	b.data = append(b.data, key...)
	b.ends = append(b.ends, len(b.data))
	b.data = append(b.data, value...)
	b.ends = append(b.ends, len(b.data))
}

func (b *block) each(f func(key, value []byte) error) error {
	from := 0
	for i := 0; i < len(b.ends); i += 2 {
		k, v := b.ends[i], b.ends[i+1]
		if err := f(b.data[from:k:k], b.data[k:v:v]); err != nil {
			return err
		}
		from = v
	}
	return nil
}

// reader reads the store's rows ahead of who decodes them.
type reader struct {
	blocks chan *block // full ones, in order; a block with an error is the last
	free   chan *block
	quit   chan struct{}
}

const readAhead = 4 // blocks

func newReader(db *pebble.DB, blockSize int) *reader {
	r := &reader{blocks: make(chan *block, readAhead), free: make(chan *block, readAhead+1), quit: make(chan struct{})}
	for range readAhead {
		r.free <- &block{data: make([]byte, 0, blockSize+blockSize/8)}
	}
	go func() {
		defer close(r.blocks)
		if err := r.read(db, blockSize); err != nil {
			r.blocks <- &block{err: err}
		}
	}()
	return r
}

func (r *reader) read(db *pebble.DB, blockSize int) error {
	it, err := db.NewIter(nil)
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; {
		var b *block
		select {
		case b = <-r.free:
		case <-r.quit:
			return nil
		}
		b.data, b.ends = b.data[:0], b.ends[:0]
		for ; ok && len(b.data) < blockSize; ok = it.Next() {
			value, err := it.ValueAndErr()
			if err != nil {
				return err
			}
			b.add(it.Key(), value)
		}
		r.blocks <- b
	}
	return it.Error()
}

// close ends the reading, wherever it is, and waits for its end: the iterator must be closed before the store.
func (r *reader) close() {
	close(r.quit)
	for range r.blocks {
	}
}
