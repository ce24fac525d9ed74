// Recovery: the store's rows into an empty keyspace. Goroutines read and decode ranges of them side by side; the caller's puts the keys
// into the keyspace and goes on answering.
package persistence

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/evald/evald/engine"
)

// Load fills ks, which is empty, with everything in the store. It calls progress for every block of rows, and now and then while a big
// collection is put together, with the rows done so far and an estimate of all; an error of progress ends the load and is returned.
func (s *Store) Load(ks *engine.Keyspace, progress func(done, total int) error) error {
	s.applyThrough(s.wal.newest())
	// A collection would walk a heap that holds nothing to collect, again and again while it doubles.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	if limit := debug.SetMemoryLimit(-1); limit == math.MaxInt64 {
		defer debug.SetMemoryLimit(limit)
		debug.SetMemoryLimit(memoryLimit())
	}
	defer s.compactions.wake()
	total, tables, err := s.tables()
	if err != nil {
		return s.openError(err)
	}
	l := load{s: s, Loader: ks.NewLoader(), progress: func(done int) error {
		if progress == nil {
			return nil
		}
		return progress(done, max(total, done))
	}}
	for _, section := range engine.Sections() {
		if section.Parallel {
			err = l.parallel(divide(section, tables, rangeBlocks*s.opts.LoadBlockSize))
		} else {
			err = l.serial(section)
		}
		if err != nil {
			return err
		}
	}
	if err := l.Finish(); err != nil {
		return s.damaged(err)
	}
	return nil
}

func (s *Store) damaged(err error) error {
	return fmt.Errorf("the store in %s is damaged: %w", s.opts.Dir, err)
}

// A table is where a part of the rows lies, and how much of them.
type table struct {
	first []byte
	size  uint64
}

// tables returns the tables in the order of their first rows, and how many rows they say they have. Rows that are only in memtables
// are not counted.
func (s *Store) tables() (rows int, list []table, err error) {
	levels, err := s.db.SSTables(pebble.WithProperties())
	if err != nil {
		return 0, nil, err
	}
	n := int64(0)
	for _, tables := range levels {
		for _, t := range tables {
			n += int64(t.Properties.NumEntries) - 2*int64(t.Properties.NumPointDeletions())
			list = append(list, table{t.Smallest.UserKey, t.Size})
		}
	}
	slices.SortFunc(list, func(a, b table) int { return bytes.Compare(a.first, b.first) })
	return int(max(n, 0)), list, nil
}

// rangeBlocks is how many blocks of rows a range of a parallel section has at least: enough that an iterator's start does not count.
const rangeBlocks = 4

// divide cuts a section where tables begin, into ranges of at least so many bytes.
func divide(section engine.Section, tables []table, least int) []engine.Section {
	var list []engine.Section
	from, size := section.From, uint64(0)
	for _, t := range tables {
		if cut := engine.Cut(t.first); size >= uint64(least) && bytes.Compare(cut, from) > 0 && bytes.Compare(cut, section.To) < 0 {
			list = append(list, engine.Section{From: from, To: cut})
			from, size = bytes.Clone(cut), 0
		}
		size += t.size
	}
	return append(list, engine.Section{From: from, To: section.To})
}

// load is one run of Load.
type load struct {
	s *Store
	*engine.Loader
	progress func(done int) error
}

// serial loads the rows of a section on the caller's goroutine.
func (l *load) serial(section engine.Section) error {
	before := l.Rows
	if err := l.s.eachRow(section, l.Load); err != nil || l.Rows == before {
		return err
	}
	return l.progress(l.Rows)
}

// eachRow calls f for every row of a range. An error of f means that the row is damaged; errQuit ends the walk.
func (s *Store) eachRow(r engine.Section, f func(key, value []byte) error) error {
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: r.From, UpperBound: r.To})
	if err != nil {
		return s.openError(err)
	}
	defer it.Close()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return s.openError(err)
		}
		if err := f(it.Key(), value); err == errQuit {
			return err
		} else if err != nil {
			return s.damaged(err)
		}
	}
	if err := it.Error(); err != nil {
		return s.openError(err)
	}
	return nil
}

// crew is the goroutines that load a parallel section.
type crew struct {
	load   *load
	ranges []engine.Section
	next   atomic.Int64       // range that nobody has begun
	full   chan *engine.Batch // what was decoded
	free   chan *engine.Batch
	quit   chan struct{}
	run    sync.WaitGroup
	mu     sync.Mutex
	err    error // the first
}

var errQuit = errors.New("the load has ended")

// parallel loads ranges side by side. When it returns, every goroutine has ended: their iterators must be closed before the store.
func (l *load) parallel(ranges []engine.Section) error {
	workers := min(runtime.GOMAXPROCS(0), len(ranges))
	c := &crew{load: l, ranges: ranges, full: make(chan *engine.Batch, 2*workers), free: make(chan *engine.Batch, 3*workers), quit: make(chan struct{})}
	for range 3 * workers {
		c.free <- new(engine.Batch)
	}
	for range workers {
		c.run.Go(c.work)
	}
	go func() {
		c.run.Wait()
		close(c.full)
	}()
	err := c.attach()
	close(c.quit)
	for range c.full { // until they have ended
	}
	if err == nil {
		err = c.err
	}
	return err
}

// attach gives the keyspace what the goroutines decode, until they have ended.
func (c *crew) attach() error {
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		select {
		case b, ok := <-c.full:
			if !ok {
				return nil
			}
			if err := c.load.Attach(b); err != nil {
				return c.load.s.damaged(err)
			}
			c.free <- b
		case <-t.C:
		}
		if err := c.load.progress(c.load.Rows); err != nil {
			return err
		}
	}
}

// work decodes one range after the other.
func (c *crew) work() {
	d := c.load.NewDecoder()
	for {
		i := int(c.next.Add(1)) - 1
		if i >= len(c.ranges) {
			return
		}
		if err := c.decode(d, c.ranges[i]); err != nil {
			c.mu.Lock()
			if err != errQuit && c.err == nil {
				c.err = err
			}
			c.mu.Unlock()
			c.next.Store(int64(len(c.ranges))) // the others need not begin another one
			return
		}
	}
}

func (c *crew) decode(d *engine.Decoder, r engine.Section) error {
	size := 0
	err := c.load.s.eachRow(r, func(key, value []byte) error {
		if err := d.Decode(key, value); err != nil {
			return err
		}
		if size += len(key) + len(value); size >= c.load.s.opts.LoadBlockSize {
			size = 0
			return c.handOver(d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.Close()
	if d.Rows == 0 {
		return nil
	}
	return c.handOver(d)
}

// handOver gives away what d has decoded.
func (c *crew) handOver(d *engine.Decoder) error {
	select {
	case b := <-c.free:
		*b, d.Batch = d.Batch, *b
		c.full <- b // taken in any case: parallel reads until all have ended
		return nil
	case <-c.quit:
		return errQuit
	}
}
