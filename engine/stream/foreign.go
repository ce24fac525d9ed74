// Nodes in and out as they are, for DUMP and RESTORE.

package stream

import (
	"errors"

	"github.com/evald/evald/engine/listpack"
)

// ErrBadNode says that bytes are not a node of a stream, or not one that may follow those before.
var ErrBadNode = errors.New("stream: bad node")

// EachNode calls f for every node, in order, with the ID it counts from and its listpack, until f returns false.
func (s *Stream) EachNode(f func(first ID, lp []byte) bool) {
	for i := range s.nodes {
		if !f(s.nodes[i].first, s.nodes[i].lp) {
			return
		}
	}
}

// AddNode appends a node made of foreign bytes, which it keeps. A node of tombstones only is left out. The meta data stays.
func (s *Stream) AddNode(first ID, lp []byte) error {
	n := node{first, lp}
	firstLive, _, err := n.validate()
	if err != nil {
		return err
	}
	if len(s.nodes) > 0 {
		last, _ := s.LastEntryID()
		if !s.nodes[len(s.nodes)-1].first.Less(first) || n.live() > 0 && !last.Less(firstLive) {
			return ErrBadNode
		}
	}
	if n.live() == 0 {
		return nil
	}
	s.nodes = append(s.nodes, n)
	s.length += n.live()
	s.bytes += len(lp)
	if s.first.IsZero() {
		s.first = firstLive
	}
	return nil
}

// reader walks the elements of a validated listpack and remembers any mistake.
type reader struct {
	lp  []byte
	p   int
	bad bool
}

func (r *reader) next() (p int) {
	if r.bad || r.p >= len(r.lp)-1 {
		r.bad = true
		return r.p
	}
	p = r.p
	r.p = listpack.Skip(r.lp, p)
	return p
}

func (r *reader) int() int64 {
	p := r.next()
	if r.bad {
		return 0
	}
	n, ok := listpack.Int(r.lp, p)
	r.bad = !ok
	return n
}

// skip passes count elements.
func (r *reader) skip(count int64) {
	if count < 0 || count > int64(len(r.lp)) {
		r.bad = true
		return
	}
	for ; count > 0 && !r.bad; count-- {
		r.next()
	}
}

// validate checks foreign bytes against the layout of a node and returns the IDs of the first and last live entry.
func (n *node) validate() (firstLive, lastLive ID, err error) {
	if _, err := listpack.Validate(n.lp); err != nil {
		return ID{}, ID{}, ErrBadNode
	}
	r := reader{lp: n.lp, p: len(listpack.New(0)) - 1}
	live, deleted, masterFields := r.int(), r.int(), r.int()
	r.skip(masterFields)
	if r.int() != 0 || r.bad || live < 0 || deleted < 0 || masterFields < 1 {
		return ID{}, ID{}, ErrBadNode
	}
	for !r.bad && r.p < len(n.lp)-1 {
		flags := r.int()
		id := ID{n.first.Ms + uint64(r.int()), n.first.Seq + uint64(r.int())}
		fields, elements := masterFields, masterFields+3
		if flags&flagSameFields == 0 {
			fields = r.int()
			r.skip(fields)
			elements = 2*fields + 4
		}
		r.skip(fields)
		if r.int() != elements || r.bad || fields < 1 || flags&^(flagDeleted|flagSameFields) != 0 {
			return ID{}, ID{}, ErrBadNode
		}
		if flags&flagDeleted != 0 {
			deleted--
			continue
		}
		live--
		if id.Less(n.first) || !lastLive.Less(id) {
			return ID{}, ID{}, ErrBadNode
		}
		lastLive = id
		if firstLive.IsZero() {
			firstLive = id
		}
	}
	if r.bad || live != 0 || deleted != 0 {
		return ID{}, ID{}, ErrBadNode
	}
	return firstLive, lastLive, nil
}
