// Invariants, for tests and fuzzing.

package stream

import (
	"fmt"

	"github.com/evald/evald/engine/listpack"
)

// Check verifies the stream's own invariants and describes the first one broken.
func (s *Stream) Check() error {
	length, bytes := 0, 0
	first, prev := ID{}, ID{}
	for i := range s.nodes {
		n := &s.nodes[i]
		bytes += len(n.lp)
		if i > 0 && !s.nodes[i-1].first.Less(n.first) {
			return fmt.Errorf("node %d begins at %v, not after %v", i, n.first, s.nodes[i-1].first)
		}
		if err := n.check(); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
		length += n.live()
	}
	for it := s.Range(ID{}, MaxID, false); it.Next(); prev = it.ID() {
		if first.IsZero() {
			first = it.ID()
		}
		if !prev.Less(it.ID()) {
			return fmt.Errorf("entry %v follows %v", it.ID(), prev)
		}
	}
	switch {
	case length != s.length:
		return fmt.Errorf("length %d, nodes hold %d", s.length, length)
	case bytes != s.bytes:
		return fmt.Errorf("bytes %d, nodes hold %d", s.bytes, bytes)
	case first != s.first:
		return fmt.Errorf("first ID %v, first entry %v", s.first, first)
	case s.meta.LastID.Less(prev):
		return fmt.Errorf("last ID %v, last entry %v", s.meta.LastID, prev)
	}
	held := int64(0)
	for i, g := range s.groups {
		held += g.memory()
		if i > 0 && s.groups[i-1].Name >= g.Name {
			return fmt.Errorf("group %q follows %q", g.Name, s.groups[i-1].Name)
		}
		if err := g.check(); err != nil {
			return fmt.Errorf("group %q: %w", g.Name, err)
		}
	}
	if held != s.held {
		return fmt.Errorf("groups of %d bytes, counted as %d", held, s.held)
	}
	return nil
}

func (n *node) check() error {
	if _, err := listpack.Validate(n.lp); err != nil {
		return err
	}
	fields, p := n.master()
	p = skip(n.lp, p, fields)
	if mustInt(n.lp, p) != 0 {
		return fmt.Errorf("master entry of %d fields does not end in 0", fields)
	}
	live, deleted := 0, 0
	for p = listpack.Skip(n.lp, p); p < n.end(); {
		e := n.entryAt(p, fields)
		if e.deleted() {
			deleted++
		} else {
			live++
		}
		if e.id.Less(n.first) {
			return fmt.Errorf("entry %v before the first, %v", e.id, n.first)
		}
		next := n.after(&e)
		if n.before(next) != p {
			return fmt.Errorf("entry %v cannot be walked back", e.id)
		}
		p = next
	}
	if live != n.live() || deleted != n.tombstones() || live == 0 {
		return fmt.Errorf("counts %d and %d, found %d and %d", n.live(), n.tombstones(), live, deleted)
	}
	return nil
}

func (g *Group) check() error {
	if err := g.pending.check(); err != nil {
		return err
	}
	owned := 0
	for i, c := range g.consumers {
		if i > 0 && g.consumers[i-1].Name >= c.Name {
			return fmt.Errorf("consumer %q follows %q", c.Name, g.consumers[i-1].Name)
		}
		if err := c.pending.check(); err != nil {
			return fmt.Errorf("consumer %q: %w", c.Name, err)
		}
		for _, chunk := range c.pending.chunks {
			for _, x := range chunk {
				if p, ok := g.Pending(x.id); !ok || p.Consumer != c {
					return fmt.Errorf("consumer %q: %v is not its pending entry", c.Name, x.id)
				}
			}
		}
		owned += c.pending.n
	}
	if owned != g.pending.n {
		return fmt.Errorf("%d pending, consumers hold %d", g.pending.n, owned)
	}
	return nil
}

func (l *list[V]) check() error {
	n, prev := 0, ID{}
	for c, chunk := range l.chunks {
		if len(chunk) == 0 || len(chunk) > chunkItems {
			return fmt.Errorf("chunk %d of %d items", c, len(chunk))
		}
		for _, x := range chunk {
			if n > 0 && !prev.Less(x.id) {
				return fmt.Errorf("pending %v follows %v", x.id, prev)
			}
			prev = x.id
			n++
		}
	}
	if n != l.n {
		return fmt.Errorf("%d pending, list says %d", n, l.n)
	}
	return nil
}
