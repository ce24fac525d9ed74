// Trimming from the front (XTRIM, and XADD with MAXLEN or MINID).

package stream

// TrimSpec says what to trim. Approximate trimming removes whole nodes only, at most Limit entries of them (0: no limit).
type TrimSpec struct {
	ByID        bool // trim entries below MinID, otherwise down to MaxLen entries
	MaxLen      uint64
	MinID       ID
	Approximate bool
	Limit       int64
}

// TrimLimit is the Limit of approximate trimming when none is given: a hundred nodes.
func (l Limits) TrimLimit() int64 {
	const fallback, most = 10000, 1000000
	if l.NodeEntries <= 0 {
		return fallback
	}
	return min(100*int64(l.NodeEntries), most)
}

// Trim removes entries from the front as spec says and returns how many. Before each goes, visit (if any) sees it, read
// with the Iterator's ID and pairs; it may not change the stream. Trim touches the entries alone: the meta data stays, as
// in Redis. The inverse is Insert, newest first.
func (s *Stream) Trim(spec TrimSpec, visit func(*Iterator)) int {
	var deleted int64
	var cut int // whole nodes to remove
	for ; cut < len(s.nodes); cut++ {
		n := &s.nodes[cut]
		if !spec.ByID && uint64(s.length) <= spec.MaxLen {
			break
		}
		live := n.live()
		if spec.Limit > 0 && deleted+int64(live) > spec.Limit {
			break
		}
		var whole bool
		if spec.ByID {
			whole = n.lastID().Less(spec.MinID)
		} else {
			whole = uint64(s.length-live) >= spec.MaxLen
		}
		if !whole {
			if !spec.Approximate {
				deleted += int64(s.trimWithin(cut, spec, visit))
				if n.live() == 0 { // the rest are tombstones; Redis keeps such a node, empty, for nothing
					s.bytes -= len(n.lp)
					cut++
				}
			}
			break
		}
		if visit != nil {
			s.visitNode(cut, visit)
		}
		s.bytes -= len(n.lp)
		s.length -= live
		deleted += int64(live)
	}
	if cut > 0 {
		s.cut(0, cut)
	}
	if deleted > 0 {
		s.updateFirst(s.first)
	}
	return int(deleted)
}

// visitNode shows the live entries of the node i.
func (s *Stream) visitNode(i int, visit func(*Iterator)) {
	it := Iterator{s: s, end: MaxID, i: i}
	for it.enter(); it.Next() && it.i == i; {
		visit(&it)
	}
}

// trimWithin marks entries of the node i as deleted, from its front.
func (s *Stream) trimWithin(i int, spec TrimSpec, visit func(*Iterator)) (deleted int) {
	n := &s.nodes[i]
	s.bytes -= len(n.lp)
	fields, _ := n.master()
	for p := n.start(); p < n.end(); {
		e := n.entryAt(p, fields)
		if spec.ByID && !e.id.Less(spec.MinID) || !spec.ByID && uint64(s.length) <= spec.MaxLen {
			break
		}
		p = n.after(&e)
		if e.deleted() {
			continue
		}
		if visit != nil {
			it := s.Range(e.id, e.id, false)
			if it.Next() {
				visit(&it)
			}
		}
		size := len(n.lp)
		n.setDeleted(&e, true)
		p += len(n.lp) - size // the counts in front may have changed size
		s.length--
		deleted++
	}
	s.bytes += len(n.lp)
	return deleted
}
