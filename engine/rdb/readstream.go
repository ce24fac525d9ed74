// Reading streams.

package rdb

import (
	"bytes"

	"github.com/evald/evald/engine/stream"
)

func (r *decoder) stream(kind byte) *stream.Stream {
	s := stream.New()
	for n := r.count(2); n > 0 && !r.bad; n-- {
		key, lp := r.string(), r.string()
		if len(key) != stream.IDSize {
			r.fail()
			break
		}
		// The node outlives the payload.
		if err := s.AddNode(stream.DecodeID(key), bytes.Clone(lp)); err != nil {
			r.fail()
		}
	}
	length := r.length()
	m := stream.Meta{LastID: r.id()}
	if kind == typeStreamListpacks {
		m.EntriesAdded = length
	} else {
		r.id() // the first ID, which the nodes tell
		m.MaxDeletedID = r.id()
		m.EntriesAdded = r.length()
	}
	last, ok := s.LastEntryID()
	if r.bad || length != uint64(s.Len()) || ok && m.LastID.Less(last) {
		r.fail()
		return nil
	}
	s.SetMeta(m)
	for n := r.count(4); n > 0 && !r.bad; n-- {
		r.group(s, kind)
	}
	return s
}

func (r *decoder) group(s *stream.Stream, kind byte) {
	name, last := r.string(), r.id()
	read := s.EstimateRead(last)
	if kind != typeStreamListpacks {
		read = int64(r.length())
		if read < stream.UnknownRead {
			r.fail()
		}
	}
	g, ok := s.CreateGroup(name, last, read)
	if !ok {
		r.fail()
	}
	pending := r.pending()
	for n := r.count(10); n > 0 && !r.bad; n-- {
		r.consumer(g, kind, pending)
	}
	if len(pending) != 0 { // entries without a consumer
		r.fail()
	}
}

// pending reads the entries that the group's consumers will claim.
func (r *decoder) pending() map[stream.ID]stream.Pending {
	n := r.count(stream.IDSize + 9)
	entries := make(map[stream.ID]stream.Pending, n)
	for range n {
		id := r.rawID()
		p := stream.Pending{ID: id, Time: int64(r.uint64())}
		p.Count = int64(r.length())
		entries[id] = p
	}
	if len(entries) != n {
		r.fail()
	}
	return entries
}

func (r *decoder) consumer(g *stream.Group, kind byte, pending map[stream.ID]stream.Pending) {
	name := r.string()
	c, ok := g.CreateConsumer(name, int64(r.uint64()))
	if !ok {
		r.fail()
		return
	}
	c.ActiveTime = c.SeenTime // the best guess for older versions
	if kind == typeStreamListpacks3 {
		c.ActiveTime = int64(r.uint64())
	}
	for n := r.count(stream.IDSize); n > 0 && !r.bad; n-- {
		id := r.rawID()
		p, ok := pending[id]
		if !ok {
			r.fail()
			return
		}
		delete(pending, id) // each belongs to one consumer
		p.Consumer = c
		g.SetPending(p)
	}
}
