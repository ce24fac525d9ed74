// Rows: the durable form of a stream, one per element, and the way back from them.
//
// A row key is a kind byte with the element's name; rows in key order are a valid order for
// loading. A row value is
// absolute. Put and Drop apply any row in any state, so they serve recovery, replication and undo (newest first) alike.

package stream

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Kinds of rows, the first byte of a row key.
const (
	RowMeta     byte = iota // whole key; LastID, MaxDeletedID, EntriesAdded
	RowEntry                // ID; names and values
	RowGroup                // name; LastID, EntriesRead
	RowConsumer             // group, name; SeenTime, ActiveTime
	RowPending              // group, ID; time, count, consumer
)

// ErrBadRow says that a row cannot be read.
var ErrBadRow = errors.New("stream: bad row")

// AppendMetaKey appends the key of the meta row.
func AppendMetaKey(b []byte) []byte { return append(b, RowMeta) }

// AppendEntryKey appends the key of an entry's row.
func AppendEntryKey(b []byte, id ID) []byte { return id.AppendBinary(append(b, RowEntry)) }

// AppendGroupKey appends the key of a group's row.
func AppendGroupKey(b []byte, group string) []byte { return append(append(b, RowGroup), group...) }

// AppendConsumerKey appends the key of a consumer's row.
func AppendConsumerKey(b []byte, group, consumer string) []byte {
	return append(appendText(append(b, RowConsumer), group), consumer...)
}

// AppendPendingKey appends the key of a pending entry's row.
func AppendPendingKey(b []byte, group string, id ID) []byte {
	return id.AppendBinary(appendText(append(b, RowPending), group))
}

func appendText[T string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// AppendRow appends the current value of the row key; ok is false if the element does not exist. A stream's meta row
// always exists.
func (s *Stream) AppendRow(b, key []byte) (row []byte, ok bool) {
	k, err := parseKey(key)
	if err != nil {
		panic(err)
	}
	var g *Group
	if k.kind >= RowGroup {
		if g = s.Group(k.group); g == nil {
			return b, false
		}
	}
	switch k.kind {
	case RowMeta:
		b = s.meta.LastID.AppendBinary(b)
		b = s.meta.MaxDeletedID.AppendBinary(b)
		return binary.BigEndian.AppendUint64(b, s.meta.EntriesAdded), true
	case RowEntry:
		it := s.Range(k.id, k.id, false)
		if !it.Next() {
			return b, false
		}
		return it.AppendPairs(b), true
	case RowGroup:
		return binary.BigEndian.AppendUint64(g.LastID.AppendBinary(b), uint64(g.EntriesRead)), true
	case RowConsumer:
		c := g.Consumer(k.consumer)
		if c == nil {
			return b, false
		}
		b = binary.BigEndian.AppendUint64(b, uint64(c.SeenTime))
		return binary.BigEndian.AppendUint64(b, uint64(c.ActiveTime)), true
	}
	p, ok := g.Pending(k.id)
	if !ok {
		return b, false
	}
	b = binary.BigEndian.AppendUint64(b, uint64(p.Time))
	b = binary.BigEndian.AppendUint64(b, uint64(p.Count))
	return append(b, p.Consumer.Name...), true
}

// EachRow calls f for every row, kind by kind, until it returns false. The bytes are valid during the call.
func (s *Stream) EachRow(f func(key, row []byte) bool) {
	var key, row []byte
	visit := func() bool {
		row, _ = s.AppendRow(row[:0], key)
		return f(key, row)
	}
	if key = AppendMetaKey(key[:0]); !visit() {
		return
	}
	for it := s.Range(ID{}, MaxID, false); it.Next(); {
		key = AppendEntryKey(key[:0], it.ID())
		row = it.AppendPairs(row[:0])
		if !f(key, row) {
			return
		}
	}
	for _, g := range s.groups {
		if key = AppendGroupKey(key[:0], g.Name); !visit() {
			return
		}
	}
	for _, g := range s.groups {
		for _, c := range g.consumers {
			if key = AppendConsumerKey(key[:0], g.Name, c.Name); !visit() {
				return
			}
		}
	}
	for _, g := range s.groups {
		for _, chunk := range g.pending.chunks {
			for i := range chunk {
				if key = AppendPendingKey(key[:0], g.Name, chunk[i].id); !visit() {
					return
				}
			}
		}
	}
}

// Put makes the element of the row key be as value says. A group must be there before its consumers, and these before their
// pending entries. An entry above LastID counts as added after the meta row was written, so that appending needs no meta row.
func (s *Stream) Put(key, value []byte, limits Limits) error {
	k, err := parseKey(key)
	if err != nil {
		return err
	}
	switch k.kind {
	case RowMeta:
		if len(value) != 2*IDSize+8 {
			return fmt.Errorf("%w: meta of %d bytes", ErrBadRow, len(value))
		}
		s.meta = Meta{DecodeID(value), DecodeID(value[IDSize:]), binary.BigEndian.Uint64(value[2*IDSize:])}
		return nil
	case RowEntry:
		return s.putEntry(k.id, value, limits)
	case RowGroup:
		if len(value) != IDSize+8 {
			return fmt.Errorf("%w: group of %d bytes", ErrBadRow, len(value))
		}
		g, _ := s.CreateGroup(k.group, ID{}, 0)
		g.LastID, g.EntriesRead = DecodeID(value), int64(binary.BigEndian.Uint64(value[IDSize:]))
		return nil
	}
	g := s.Group(k.group)
	if g == nil || len(value) < 16 || k.kind == RowConsumer && len(value) > 16 {
		return fmt.Errorf("%w: consumer or pending entry of %d bytes in group %q", ErrBadRow, len(value), k.group)
	}
	first, second := int64(binary.BigEndian.Uint64(value)), int64(binary.BigEndian.Uint64(value[8:]))
	if k.kind == RowConsumer {
		c, _ := g.CreateConsumer(k.consumer, 0)
		c.SeenTime, c.ActiveTime = first, second
		return nil
	}
	c := g.Consumer(value[16:])
	if c == nil {
		return fmt.Errorf("%w: pending entry of unknown consumer %q", ErrBadRow, value[16:])
	}
	g.SetPending(Pending{ID: k.id, Consumer: c, Time: first, Count: second})
	return nil
}

func (s *Stream) putEntry(id ID, value []byte, limits Limits) error {
	var room [16][]byte // on the stack: most entries have fewer
	pairs, err := DecodePairs(room[:0], value)
	if err != nil {
		return err
	}
	if last := len(s.nodes) - 1; last < 0 || s.nodes[last].lastID().Less(id) {
		s.appendLast(id, pairs, limits)
	} else {
		if i, e, ok := s.find(id); ok && !s.nodes[i].samePairs(&e, pairs) {
			s.Remove(id)
		}
		s.Insert(id, pairs, limits)
	}
	if s.meta.LastID.Less(id) {
		s.meta.LastID = id
		s.meta.EntriesAdded++
	}
	return nil
}

// Drop makes the element of the row key not exist. Dropping a group or consumer takes what it holds along; dropping the meta
// row clears the meta data.
func (s *Stream) Drop(key []byte) error {
	k, err := parseKey(key)
	if err != nil {
		return err
	}
	switch k.kind {
	case RowMeta:
		s.meta = Meta{}
		return nil
	case RowEntry:
		s.Remove(k.id)
		return nil
	case RowGroup:
		s.DestroyGroup(k.group)
		return nil
	}
	g := s.Group(k.group)
	if g == nil {
		return nil
	}
	if k.kind == RowPending {
		g.Ack(k.id)
		return nil
	}
	if c := g.Consumer(k.consumer); c != nil {
		g.DeleteConsumer(c, nil)
	}
	return nil
}

// rowKey is a row key taken apart.
type rowKey struct {
	kind            byte
	id              ID
	group, consumer []byte
}

func parseKey(b []byte) (k rowKey, err error) {
	key := b
	if len(b) == 0 {
		return k, badKey(key)
	}
	k.kind, b = b[0], b[1:]
	switch k.kind {
	case RowMeta:
		if len(b) != 0 {
			return k, badKey(key)
		}
		return k, nil
	case RowGroup:
		k.group = b
		return k, nil
	case RowConsumer, RowPending:
		var ok bool
		if k.group, b, ok = cutText(b); !ok {
			return k, badKey(key)
		}
		if k.kind == RowConsumer {
			k.consumer = b
			return k, nil
		}
	case RowEntry:
	default:
		return k, badKey(key)
	}
	if len(b) != IDSize {
		return k, badKey(key)
	}
	k.id = DecodeID(b)
	return k, nil
}

func badKey(key []byte) error { return fmt.Errorf("%w: key %q", ErrBadRow, key) }

func cutText(b []byte) (text, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 || n > uint64(len(b)-size) {
		return nil, nil, false
	}
	end := size + int(n)
	return b[size:end:end], b[end:], true
}

// AppendPairs appends the pairs of the entry that were not read yet, as an entry's row value: each text with its length.
func (it *Iterator) AppendPairs(b []byte) []byte {
	for it.NextPair() {
		b = appendText(b, it.Name())
		b = appendText(b, it.Value())
	}
	return b
}

// EncodePairs appends the row value of an entry of pairs.
func EncodePairs(b []byte, pairs [][]byte) []byte {
	for _, s := range pairs {
		b = appendText(b, s)
	}
	return b
}

// DecodePairs appends to dst the names and values of a row value, aliasing it.
func DecodePairs(dst [][]byte, value []byte) ([][]byte, error) {
	rest := value
	for len(rest) > 0 {
		text, next, ok := cutText(rest)
		if !ok {
			return dst, fmt.Errorf("%w: entry of %d bytes", ErrBadRow, len(value))
		}
		dst, rest = append(dst, text), next
	}
	if len(dst) == 0 || len(dst)%2 != 0 {
		return dst, fmt.Errorf("%w: entry of %d bytes", ErrBadRow, len(value))
	}
	return dst, nil
}
