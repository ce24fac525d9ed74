// Package stream is the append-only log of field-value entries behind Redis's X commands, with its consumer groups.
//
// Entries live in nodes of about a hundred, each one listpack in Redis's own layout (node.go); a sorted slice of nodes
// gives O(log n) seeks. Consumer groups keep their pending entries in ordered lists (pending.go).
//
// Every change concerns named elements, which are also its durable rows (rows.go): the meta data, an entry, a group, a
// consumer, a pending entry. Mutators either report what they touched or are given it, and each has an inverse that restores
// the element exactly, so that a caller can undo them newest first. Times are unix milliseconds and come from the caller.
// Byte slices passed in are copied; those handed out alias the stream and are void after its next change.
package stream

import (
	"errors"
	"slices"
	"sort"

	"github.com/evald/evald/engine/listpack"
)

// maxNodeBytes bounds a node, and so an entry, as in Redis.
const maxNodeBytes = 1 << 30

// ErrTooLarge says that an entry does not fit a node.
var ErrTooLarge = errors.New("stream: entry too large")

// Limits bound a node, as stream-node-max-bytes and stream-node-max-entries; 0 means no limit.
type Limits struct {
	NodeBytes   int
	NodeEntries int
}

// DefaultLimits are Redis's.
var DefaultLimits = Limits{NodeBytes: 4096, NodeEntries: 100}

// full tells whether n has no room for size more bytes.
func (l Limits) full(n *node, size int) bool {
	limit := l.NodeBytes
	if limit == 0 || limit > maxNodeBytes {
		limit = maxNodeBytes
	}
	if len(n.lp)+size >= limit {
		return true
	}
	return l.NodeEntries > 0 && n.live()+n.tombstones() >= l.NodeEntries
}

// Meta is what a stream remembers besides its entries.
type Meta struct {
	LastID       ID     // largest ID ever added, or set by XSETID
	MaxDeletedID ID     // largest ID ever deleted by XDEL
	EntriesAdded uint64 // entries added in the stream's life
}

// Stream holds entries ordered by ID. The zero value is an empty stream.
type Stream struct {
	nodes  []node
	length int
	first  ID // ID of the first entry, 0-0 if there is none
	meta   Meta
	groups []*Group // by name
	bytes  int      // of all nodes
	held   int64    // bytes of all groups
}

// New returns an empty stream.
func New() *Stream { return &Stream{} }

// Len returns the number of entries.
func (s *Stream) Len() int { return s.length }

// Meta returns the stream's meta data.
func (s *Stream) Meta() Meta { return s.meta }

// SetMeta replaces the meta data (XSETID, undo, recovery). LastID may not be below the last entry's.
func (s *Stream) SetMeta(m Meta) { s.meta = m }

// FirstID returns the ID of the first entry, 0-0 if there is none.
func (s *Stream) FirstID() ID { return s.first }

// LastEntryID returns the ID of the last entry; ok is false if there is none.
func (s *Stream) LastEntryID() (id ID, ok bool) {
	it := s.Range(ID{}, MaxID, true)
	ok = it.Next()
	return it.ID(), ok
}

// Nodes returns the number of nodes, Redis's radix-tree-keys.
func (s *Stream) Nodes() int { return len(s.nodes) }

// Bytes that the parts of a stream take besides what they hold.
const (
	nodeBytes     = 48
	groupBytes    = 160
	consumerBytes = 160
	pendingBytes  = 72
)

// Memory returns about how many bytes the stream takes, in O(1).
func (s *Stream) Memory() int64 { return int64(s.bytes) + int64(len(s.nodes))*nodeBytes + s.held }

// NextID returns the ID for an entry added at now (XADD with "*"); ok is false if IDs are exhausted.
func (s *Stream) NextID(now int64) (id ID, ok bool) {
	if uint64(now) > s.meta.LastID.Ms {
		return ID{Ms: uint64(now)}, true
	}
	return s.meta.LastID.Next()
}

// NextSeq returns the ID for an entry added at ms (XADD with "ms-*"); ok is false if there is none above the last ID.
func (s *Stream) NextSeq(ms uint64) (id ID, ok bool) {
	if ms != s.meta.LastID.Ms {
		return ID{Ms: ms}, ms > s.meta.LastID.Ms
	}
	if s.meta.LastID.Seq == MaxID.Seq {
		return ID{}, false
	}
	return ID{ms, s.meta.LastID.Seq + 1}, true
}

// CheckSize tells with ErrTooLarge that pairs (name, value, name, value ...) do not fit an entry.
func CheckSize(pairs [][]byte) error {
	if size(pairs) > maxNodeBytes {
		return ErrTooLarge
	}
	return nil
}

func size(pairs [][]byte) int {
	n := 0
	for _, s := range pairs {
		n += len(s)
	}
	return n
}

// Append adds an entry, whose ID is above LastID, and makes it LastID. It touches the entry; its inverse is Remove and
// SetMeta. pairs holds name, value, name, value ... and passed CheckSize.
func (s *Stream) Append(id ID, pairs [][]byte, limits Limits) {
	if !s.meta.LastID.Less(id) {
		panic("stream: appended ID " + id.String() + " is not above " + s.meta.LastID.String())
	}
	s.appendLast(id, pairs, limits)
	s.meta.EntriesAdded++
	s.meta.LastID = id
}

func (s *Stream) appendLast(id ID, pairs [][]byte, limits Limits) {
	if len(pairs) == 0 || len(pairs)%2 != 0 {
		panic("stream: entry without pairs of names and values")
	}
	last := len(s.nodes) - 1
	if last < 0 || limits.full(&s.nodes[last], size(pairs)) {
		if last >= 0 {
			s.nodes[last].lp = shrink(s.nodes[last].lp)
		}
		s.nodes = append(s.nodes, newNode(id, pairs))
		s.bytes += len(s.nodes[last+1].lp)
	} else {
		n := &s.nodes[last]
		s.bytes -= len(n.lp)
		n.append(id, pairs)
		s.bytes += len(n.lp)
	}
	s.length++
	if s.length == 1 {
		s.first = id
	}
}

// shrink gives back the slack of a listpack that will hardly grow again.
func shrink(lp []byte) []byte {
	if cap(lp)-len(lp) > len(lp)/8 {
		return slices.Clone(lp)
	}
	return lp
}

// seek returns the index of the last node that begins at or before id, or -1.
func (s *Stream) seek(id ID) int {
	return sort.Search(len(s.nodes), func(i int) bool { return id.Less(s.nodes[i].first) }) - 1
}

// find locates the live entry id.
func (s *Stream) find(id ID) (node int, e entry, ok bool) {
	i := s.seek(id)
	if i < 0 {
		return 0, entry{}, false
	}
	n := &s.nodes[i]
	fields, p := n.master()
	for p = skip(n.lp, p, fields+1); p < n.end(); p = n.after(&e) {
		e = n.entryAt(p, fields)
		if !e.deleted() && !e.id.Less(id) {
			return i, e, e.id == id
		}
	}
	return 0, entry{}, false
}

// Has tells whether the entry id exists.
func (s *Stream) Has(id ID) bool {
	_, _, ok := s.find(id)
	return ok
}

// Delete removes the entry id (XDEL) and remembers it in MaxDeletedID. It touches the entry and the meta data; its inverse is
// Insert and SetMeta.
func (s *Stream) Delete(id ID) bool {
	if !s.drop(id) {
		return false
	}
	if s.meta.MaxDeletedID.Less(id) {
		s.meta.MaxDeletedID = id
	}
	return true
}

// drop takes the entry id out: as a tombstone, or with its node if it was the last one there.
func (s *Stream) drop(id ID) bool {
	i, e, ok := s.find(id)
	if !ok {
		return false
	}
	n := &s.nodes[i]
	s.bytes -= len(n.lp)
	if n.live() == 1 {
		s.cut(i, i+1)
	} else {
		n.setDeleted(&e, true)
		s.bytes += len(n.lp)
	}
	s.length--
	s.updateFirst(id)
	return true
}

// cut removes the nodes i to j, cheaply at the front.
func (s *Stream) cut(i, j int) {
	if i == 0 {
		clear(s.nodes[:j]) // let go of the listpacks
		s.nodes = s.nodes[j:]
		return
	}
	s.nodes = slices.Delete(s.nodes, i, j)
}

// updateFirst finds the first entry anew after the entry gone went away.
func (s *Stream) updateFirst(gone ID) {
	if gone != s.first {
		return
	}
	it := s.Range(ID{}, MaxID, false)
	s.first = ID{}
	if it.Next() {
		s.first = it.ID()
	}
}

// Remove takes an entry out as if it had never been there, the inverse of Append and Insert. The meta data stays.
func (s *Stream) Remove(id ID) bool {
	last := len(s.nodes) - 1
	if last >= 0 && s.nodes[last].live() > 1 {
		n := &s.nodes[last]
		p := n.before(n.end())
		fields, _ := n.master()
		if e := n.entryAt(p, fields); e.id == id && !e.deleted() {
			s.bytes -= len(n.lp)
			n.lp = listpack.Truncate(n.lp, p, n.countFrom(p))
			n.addCounts(-1, 0)
			s.bytes += len(n.lp)
			s.length--
			return true
		}
	}
	return s.drop(id)
}

// Insert puts an entry in at its place in the order, the inverse of Delete, Trim and Remove. The meta data stays. An
// entry that exists is left alone.
func (s *Stream) Insert(id ID, pairs [][]byte, limits Limits) {
	if s.Has(id) {
		return
	}
	i := s.seek(id)
	switch {
	case i < 0 && (len(s.nodes) == 0 || !s.prepend(0, id, pairs, limits)):
		s.insertNode(0, id, pairs)
	case i >= 0:
		s.insertInto(i, id, pairs, limits)
	}
	s.length++
	if s.length == 1 || id.Less(s.first) {
		s.first = id
	}
}

// insertInto puts an entry into the node i, or next to it if it is full: entries undeleted newest first fill the next node
// from behind.
func (s *Stream) insertInto(i int, id ID, pairs [][]byte, limits Limits) {
	n := &s.nodes[i]
	fields, p := n.master()
	var e entry
	for p = skip(n.lp, p, fields+1); p < n.end(); p = n.after(&e) {
		e = n.entryAt(p, fields)
		if e.id == id && e.deleted() && n.samePairs(&e, pairs) {
			s.bytes -= len(n.lp)
			n.setDeleted(&e, false)
			s.bytes += len(n.lp)
			return
		}
		if id.Less(e.id) {
			break
		}
	}
	if p == n.end() && limits.full(n, size(pairs)) {
		if i+1 == len(s.nodes) || !s.prepend(i+1, id, pairs, limits) {
			s.insertNode(i+1, id, pairs)
		}
		return
	}
	s.bytes -= len(n.lp)
	n.insert(p, id, pairs)
	s.bytes += len(n.lp)
}

// prepend puts an entry in front of the node i if there is room.
func (s *Stream) prepend(i int, id ID, pairs [][]byte, limits Limits) bool {
	n := &s.nodes[i]
	if limits.full(n, size(pairs)) {
		return false
	}
	s.bytes -= len(n.lp)
	n.rebase(id)
	n.insert(n.start(), id, pairs)
	s.bytes += len(n.lp)
	return true
}

func (s *Stream) insertNode(i int, id ID, pairs [][]byte) {
	s.nodes = slices.Insert(s.nodes, i, newNode(id, pairs))
	s.bytes += len(s.nodes[i].lp)
}

// RadixNodes returns how many radix tree nodes Redis would use for the nodes' IDs, which XINFO shows: one per shared run of key
// bytes, one per fork and one per key.
func (s *Stream) RadixNodes() int {
	if len(s.nodes) == 0 {
		return 1
	}
	return s.radixNodes(0, len(s.nodes), 0)
}

// radixNodes counts for the nodes from to to, whose keys share depth bytes that are counted already.
func (s *Stream) radixNodes(from, to, depth int) int {
	a, b := s.radixKey(from), s.radixKey(to-1)
	fork := depth // the keys are sorted: what the first and last share, all do
	for fork < IDSize && a[fork] == b[fork] {
		fork++
	}
	count := 1 // the fork, or the end of the key
	if fork > depth {
		count++
	}
	if fork == IDSize {
		return count
	}
	for from < to {
		c := s.radixKey(from)[fork]
		next := from + sort.Search(to-from, func(i int) bool { return s.radixKey(from + i)[fork] > c })
		count += s.radixNodes(from, next, fork+1)
		from = next
	}
	return count
}

func (s *Stream) radixKey(i int) (key [IDSize]byte) {
	s.nodes[i].first.AppendBinary(key[:0])
	return key
}
