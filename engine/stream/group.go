// Consumer groups: what was delivered to whom and is not acknowledged yet.

package stream

import (
	"math"
	"slices"
	"sort"
)

// UnknownRead is the value of Group.EntriesRead when the counter is not known.
const UnknownRead = -1

// Group is a consumer group. LastID and EntriesRead are the caller's to set (XGROUP SETID, undo).
type Group struct {
	Name        string
	LastID      ID    // last entry delivered
	EntriesRead int64 // entries delivered in the stream's life, or UnknownRead

	stream    *Stream // which counts its bytes
	pending   list[delivery]
	consumers []*Consumer // by name
}

// memory returns how many bytes the group takes.
func (g *Group) memory() int64 {
	return groupBytes + int64(len(g.consumers))*consumerBytes + int64(g.pending.n)*pendingBytes
}

// Consumer is one reader of a group. Its times are the caller's to set.
type Consumer struct {
	Name       string
	SeenTime   int64 // last attempt to read or claim, ms
	ActiveTime int64 // last successful one, ms, -1 for none

	pending list[struct{}]
}

type delivery struct {
	consumer *Consumer
	time     int64
	count    int64
}

// Pending is an entry that was delivered and not acknowledged.
type Pending struct {
	ID       ID
	Consumer *Consumer
	Time     int64 // last delivery, ms
	Count    int64 // deliveries
}

// Groups returns the groups ordered by name. The slice belongs to the stream.
func (s *Stream) Groups() []*Group { return s.groups }

func (s *Stream) groupIndex(name []byte) (int, bool) {
	i := sort.Search(len(s.groups), func(i int) bool { return s.groups[i].Name >= string(name) })
	return i, i < len(s.groups) && s.groups[i].Name == string(name)
}

// Group returns the group of that name, or nil.
func (s *Stream) Group(name []byte) *Group {
	if i, ok := s.groupIndex(name); ok {
		return s.groups[i]
	}
	return nil
}

// CreateGroup adds a group. It touches the group; its inverse is DestroyGroup. An existing group is left alone and
// makes ok false.
func (s *Stream) CreateGroup(name []byte, last ID, entriesRead int64) (g *Group, ok bool) {
	i, found := s.groupIndex(name)
	if found {
		return s.groups[i], false
	}
	g = &Group{Name: string(name), LastID: last, EntriesRead: entriesRead, stream: s}
	s.groups = slices.Insert(s.groups, i, g)
	s.held += groupBytes
	return g, true
}

// DestroyGroup removes a group and returns it intact, or nil. It touches the group, its consumers and its pending
// entries; its inverse is RestoreGroup.
func (s *Stream) DestroyGroup(name []byte) *Group {
	i, ok := s.groupIndex(name)
	if !ok {
		return nil
	}
	g := s.groups[i]
	s.groups = slices.Delete(s.groups, i, i+1)
	s.held -= g.memory()
	return g
}

// RestoreGroup puts back what DestroyGroup returned.
func (s *Stream) RestoreGroup(g *Group) {
	i, ok := s.groupIndex([]byte(g.Name))
	if ok {
		panic("stream: restored a group that exists")
	}
	s.groups = slices.Insert(s.groups, i, g)
	s.held += g.memory()
}

// Consumers returns the consumers ordered by name. The slice belongs to the group.
func (g *Group) Consumers() []*Consumer { return g.consumers }

func (g *Group) consumerIndex(name []byte) (int, bool) {
	i := sort.Search(len(g.consumers), func(i int) bool { return g.consumers[i].Name >= string(name) })
	return i, i < len(g.consumers) && g.consumers[i].Name == string(name)
}

// Consumer returns the consumer of that name, or nil.
func (g *Group) Consumer(name []byte) *Consumer {
	if i, ok := g.consumerIndex(name); ok {
		return g.consumers[i]
	}
	return nil
}

// CreateConsumer adds a consumer seen at now and never active. It touches the consumer; its inverse is DeleteConsumer. An
// existing consumer is left alone and makes ok false.
func (g *Group) CreateConsumer(name []byte, now int64) (c *Consumer, ok bool) {
	i, found := g.consumerIndex(name)
	if found {
		return g.consumers[i], false
	}
	c = &Consumer{Name: string(name), SeenTime: now, ActiveTime: -1}
	g.consumers = slices.Insert(g.consumers, i, c)
	g.stream.held += consumerBytes
	return c, true
}

// DeleteConsumer removes a consumer after acknowledging its pending entries, each shown to visit (if any) before. It touches
// these and then the consumer; the inverse is RestoreConsumer and then SetPending for each.
func (g *Group) DeleteConsumer(c *Consumer, visit func(Pending)) {
	for x := c.pending.last(); x != nil; x = c.pending.last() {
		p, ok := g.Ack(x.id)
		if !ok {
			panic("stream: pending entry of a consumer is unknown to its group")
		}
		if visit != nil {
			visit(p)
		}
	}
	i, ok := g.consumerIndex([]byte(c.Name))
	if !ok || g.consumers[i] != c {
		panic("stream: deleted a consumer of another group")
	}
	g.consumers = slices.Delete(g.consumers, i, i+1)
	g.stream.held -= consumerBytes
}

// RestoreConsumer puts back a consumer that DeleteConsumer removed, without pending entries.
func (g *Group) RestoreConsumer(c *Consumer) {
	i, ok := g.consumerIndex([]byte(c.Name))
	if ok || c.pending.n != 0 {
		panic("stream: restored a consumer that exists")
	}
	g.consumers = slices.Insert(g.consumers, i, c)
	g.stream.held += consumerBytes
}

// PendingCount returns the group's number of pending entries.
func (g *Group) PendingCount() int { return g.pending.n }

// PendingCount returns the consumer's number of pending entries.
func (c *Consumer) PendingCount() int { return c.pending.n }

func (x *item[V]) pending(d *delivery) Pending {
	return Pending{ID: x.id, Consumer: d.consumer, Time: d.time, Count: d.count}
}

// Pending returns the pending entry id.
func (g *Group) Pending(id ID) (p Pending, ok bool) {
	if x := g.pending.find(id); x != nil {
		return x.pending(&x.v), true
	}
	return Pending{}, false
}

// NextPending returns the first pending entry at or above from. Walking on with ID.Next stands changes in between.
func (g *Group) NextPending(from ID) (p Pending, ok bool) {
	if x := g.pending.next(from); x != nil {
		return x.pending(&x.v), true
	}
	return Pending{}, false
}

// LastPending returns the pending entry with the largest ID.
func (g *Group) LastPending() (p Pending, ok bool) {
	if x := g.pending.last(); x != nil {
		return x.pending(&x.v), true
	}
	return Pending{}, false
}

// NextPendingOf is NextPending among the entries of c.
func (g *Group) NextPendingOf(c *Consumer, from ID) (p Pending, ok bool) {
	x := c.pending.next(from)
	if x == nil {
		return Pending{}, false
	}
	return g.Pending(x.id)
}

// SetPending makes an entry pending as p says, new, changed or moved to another consumer of the group, and returns what was
// there. It touches the pending entry; its inverse is SetPending(old), or Ack if there was none.
func (g *Group) SetPending(p Pending) (old Pending, had bool) {
	d := delivery{p.Consumer, p.Time, p.Count}
	x := g.pending.find(p.ID)
	if x == nil {
		g.pending.put(p.ID, d)
		p.Consumer.pending.put(p.ID, struct{}{})
		g.stream.held += pendingBytes
		return Pending{}, false
	}
	old = x.pending(&x.v)
	x.v = d
	if old.Consumer != p.Consumer {
		old.Consumer.pending.remove(p.ID)
		p.Consumer.pending.put(p.ID, struct{}{})
	}
	return old, true
}

// Ack removes the pending entry id and returns it. It touches the pending entry; its inverse is SetPending.
func (g *Group) Ack(id ID) (old Pending, ok bool) {
	x := g.pending.find(id)
	if x == nil {
		return Pending{}, false
	}
	old = x.pending(&x.v)
	g.pending.remove(id)
	old.Consumer.pending.remove(id)
	g.stream.held -= pendingBytes
	return old, true
}

// Advance records that the entry id, which exists, was delivered to g: it moves LastID and EntriesRead if id is above
// LastID and reports whether it did. It touches the group.
func (s *Stream) Advance(g *Group, id ID) bool {
	if !g.LastID.Less(id) {
		return false
	}
	if g.EntriesRead != UnknownRead && !s.tombstonesFrom(id) {
		g.EntriesRead++
	} else if s.meta.EntriesAdded > 0 {
		g.EntriesRead = s.EstimateRead(id)
	}
	g.LastID = id
	return true
}

// Lag returns how many entries g has yet to read; ok is false if that is not known because of deleted entries.
func (s *Stream) Lag(g *Group) (lag int64, ok bool) {
	added := int64(s.meta.EntriesAdded)
	if added == 0 {
		return 0, true
	}
	if g.EntriesRead != UnknownRead && !s.tombstonesFrom(g.LastID) {
		return added - g.EntriesRead, true
	}
	if read := s.EstimateRead(g.LastID); read != UnknownRead {
		return added - read, true
	}
	return 0, false
}

// tombstonesFrom tells whether the largest ID ever deleted lies at or above id and not before the first entry.
func (s *Stream) tombstonesFrom(id ID) bool {
	deleted := s.meta.MaxDeletedID
	return s.length > 0 && !deleted.IsZero() && !deleted.Less(s.first) && !deleted.Less(id)
}

// EstimateRead returns how many entries up to id were ever added, or UnknownRead where deletions or an ID between the
// first and the last make that impossible to say. XGROUP's ENTRIESREAD and XINFO's lag rest on it.
func (s *Stream) EstimateRead(id ID) int64 {
	added := s.meta.EntriesAdded
	switch c := id.Compare(s.meta.LastID); {
	case added == 0:
		return 0
	case s.length == 0 && c <= 0, c == 0:
		return read(added)
	case c > 0:
		return UnknownRead
	}
	if deleted := s.meta.MaxDeletedID; deleted.IsZero() || deleted.Less(s.first) {
		switch id.Compare(s.first) {
		case -1:
			return read(added - uint64(s.length))
		case 0:
			return read(added - uint64(s.length) + 1)
		}
	}
	return UnknownRead
}

func read(n uint64) int64 { return int64(min(n, math.MaxInt64)) }
