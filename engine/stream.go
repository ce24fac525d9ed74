package engine

import (
	"github.com/evald/evald/engine/stream"
)

// Stream is a stream opened for one command. It is valid until another key of the database is changed. Handlers read it through Data;
// everything that changes it is here.
//
// Changes of a consumer group are recorded aside: as in Redis they neither wake blocked clients nor touch WATCH and tracking.
type Stream struct {
	value
	quiet bool // aside was recorded
}

// Stream opens key for reading.
func (db *DB) Stream(key []byte) (Stream, error) {
	v, err := db.open(key, TypeStream, false)
	return Stream{value: v}, err
}

// StreamForUpdate opens key for changing it.
func (db *DB) StreamForUpdate(key []byte) (Stream, error) {
	v, err := db.open(key, TypeStream, true)
	return Stream{value: v}, err
}

// Data returns the stream for reading, or nil if the key does not exist.
func (s *Stream) Data() *stream.Stream {
	if s.e == nil {
		return nil
	}
	_, o := s.object()
	return o.(*bigStream).s
}

// Create makes the key, which is absent, an empty stream.
func (s *Stream) Create() { s.adopt(stream.New()) }

// adopt makes the key, which is absent, the given stream.
func (s *Stream) adopt(data *stream.Stream) { s.promote(KindStream, &bigStream{s.db.ks, data}) }

// aside records that element sub is about to change in a way that concerns consumer groups only.
func (s *Stream) aside(sub []byte) {
	if !s.quiet && !s.touched {
		s.quiet = true
		s.db.aside(s.key)
	}
	s.db.ks.touchElement(entryObject(s.e), sub)
}

// mutate runs f on the stream and counts the memory that it gains or loses.
func (s *Stream) mutate(f func(data *stream.Stream)) {
	_, o := s.object()
	before := o.memory()
	f(o.(*bigStream).s)
	s.grew(o, before)
}

func (s *Stream) touchMeta() {
	var buf [1]byte
	s.touch(stream.AppendMetaKey(buf[:0]))
}

func (s *Stream) touchEntry(id stream.ID) {
	var buf [1 + stream.IDSize]byte
	s.touch(stream.AppendEntryKey(buf[:0], id))
}

func (s *Stream) asidePending(g *stream.Group, id stream.ID) {
	s.aside(stream.AppendPendingKey(make([]byte, 0, 64), g.Name, id))
}

func (s *Stream) asideGroup(name string) {
	s.aside(stream.AppendGroupKey(make([]byte, 0, 64), name))
}

func (s *Stream) asideConsumer(group, consumer string) {
	s.aside(stream.AppendConsumerKey(make([]byte, 0, 64), group, consumer))
}

// Add appends an entry, whose id is above the last one and whose pairs passed stream.CheckSize. The key must exist. The meta row is
// not written: a load counts entries above its last id as added. Only undo needs it.
func (s *Stream) Add(id stream.ID, pairs [][]byte) {
	if s.db.ks.unit.undo {
		s.touchMeta()
	}
	s.touchEntry(id)
	for _, b := range pairs {
		s.db.ks.unit.bytes += len(b)
	}
	_, o := s.object()
	before := o.memory()
	o.(*bigStream).s.Append(id, pairs, s.db.ks.Limits.stream())
	s.grew(o, before)
}

// Delete removes an entry and tells whether it was there.
func (s *Stream) Delete(id stream.ID) bool {
	if !s.Data().Has(id) {
		return false
	}
	s.touchMeta()
	s.touchEntry(id)
	s.mutate(func(data *stream.Stream) { data.Delete(id) })
	return true
}

// Trim removes entries from the front and returns how many.
func (s *Stream) Trim(spec stream.TrimSpec) (n int) {
	var key, pairs []byte
	i, _ := s.object()
	s.mutate(func(data *stream.Stream) {
		n = data.Trim(spec, func(it *stream.Iterator) {
			if len(key) == 0 {
				s.touchMeta() // a load must not take what is gone for never added
			}
			key = stream.AppendEntryKey(key[:0], it.ID())
			if s.db.ks.unit.undo {
				pairs = it.AppendPairs(pairs[:0])
			}
			s.db.ks.touchWith(i, key, pairs, true)
		})
	})
	return n
}

// SetMeta replaces the meta data (XSETID).
func (s *Stream) SetMeta(m stream.Meta) {
	s.touchMeta()
	s.mutate(func(data *stream.Stream) { data.SetMeta(m) })
}

// CreateGroup adds a consumer group and tells whether it is new. The key must exist.
func (s *Stream) CreateGroup(name []byte, last stream.ID, entriesRead int64) bool {
	if s.Data().Group(name) != nil {
		return false
	}
	s.asideGroup(string(name))
	s.mutate(func(data *stream.Stream) { data.CreateGroup(name, last, entriesRead) })
	return true
}

// SetGroup sets where a group stands.
func (s *Stream) SetGroup(g *stream.Group, last stream.ID, entriesRead int64) {
	s.asideGroup(g.Name)
	g.LastID, g.EntriesRead = last, entriesRead
}

// DestroyGroup removes a group with its consumers and pending entries. Clients that wait for it learn of it.
func (s *Stream) DestroyGroup(g *stream.Group) {
	eachPending(g, func(p stream.Pending) { s.asidePending(g, p.ID) })
	for _, c := range g.Consumers() {
		s.asideConsumer(g.Name, c.Name)
	}
	s.touch(stream.AppendGroupKey(nil, g.Name))
	s.mutate(func(data *stream.Stream) { data.DestroyGroup([]byte(g.Name)) })
}

// eachPending calls f for every pending entry of g, which f must leave alone.
func eachPending(g *stream.Group, f func(stream.Pending)) {
	p, ok := g.NextPending(stream.ID{})
	for ok {
		f(p)
		next, more := p.ID.Next()
		if !more {
			return
		}
		p, ok = g.NextPending(next)
	}
}

// Consumer returns the consumer of that name, which it makes, seen now, if it is new.
func (s *Stream) Consumer(g *stream.Group, name []byte) (c *stream.Consumer, created bool) {
	if c = g.Consumer(name); c != nil {
		return c, false
	}
	s.asideConsumer(g.Name, string(name))
	s.mutate(func(*stream.Stream) { c, _ = g.CreateConsumer(name, s.db.ks.now) })
	return c, true
}

// See records that a consumer tried to read, or did so, now.
func (s *Stream) See(g *stream.Group, c *stream.Consumer, active bool) {
	now := s.db.ks.now
	if c.SeenTime == now && (!active || c.ActiveTime == now) {
		return
	}
	s.asideConsumer(g.Name, c.Name)
	if c.SeenTime = now; active {
		c.ActiveTime = now
	}
}

// DeleteConsumer removes a consumer with its pending entries and returns how many these were.
func (s *Stream) DeleteConsumer(g *stream.Group, c *stream.Consumer) int {
	n := c.PendingCount()
	p, ok := g.NextPendingOf(c, stream.ID{})
	for ok {
		s.asidePending(g, p.ID)
		next, more := p.ID.Next()
		if !more {
			break
		}
		p, ok = g.NextPendingOf(c, next)
	}
	s.asideConsumer(g.Name, c.Name)
	s.mutate(func(*stream.Stream) { g.DeleteConsumer(c, nil) })
	return n
}

// Advance records that the entry id was delivered to g.
func (s *Stream) Advance(g *stream.Group, id stream.ID) {
	if g.LastID.Less(id) {
		s.asideGroup(g.Name)
		s.Data().Advance(g, id)
	}
}

// SetPending makes an entry pending as p says.
func (s *Stream) SetPending(g *stream.Group, p stream.Pending) {
	s.asidePending(g, p.ID)
	s.mutate(func(*stream.Stream) { g.SetPending(p) })
}

// Ack removes a pending entry and tells whether it was there.
func (s *Stream) Ack(g *stream.Group, id stream.ID) bool {
	if _, ok := g.Pending(id); !ok {
		return false
	}
	s.asidePending(g, id)
	s.mutate(func(*stream.Stream) { g.Ack(id) })
	return true
}

// stream returns the limits of a stream's nodes.
func (l *Limits) stream() stream.Limits {
	return stream.Limits{NodeBytes: l.StreamNodeMaxBytes, NodeEntries: l.StreamNodeMaxEntries}
}

// bigStream is a stream. Its rows are those of package stream.
type bigStream struct {
	ks *Keyspace // for its limits
	s  *stream.Stream
}

func (b *bigStream) element(dst, sub []byte) ([]byte, bool) { return b.s.AppendRow(dst, sub) }
func (b *bigStream) putElement(sub, val []byte) error       { return b.s.Put(sub, val, b.ks.Limits.stream()) }
func (b *bigStream) dropElement(sub []byte) {
	if err := b.s.Drop(sub); err != nil {
		panic("engine: drop of a stream's element: " + err.Error())
	}
}
func (b *bigStream) elements(f func(sub, val []byte) bool) { b.s.EachRow(f) }
func (b *bigStream) length() int                           { return b.s.Len() }
func (b *bigStream) memory() int64                         { return b.s.Memory() + 64 }
func (b *bigStream) mustNotBeEmpty() bool                  { return false }
func (b *bigStream) check() error                          { return b.s.Check() }
