// The list's invariants, for tests and for checking a running engine.
package list

import (
	"errors"
	"fmt"

	"github.com/evald/evald/engine/compact"
)

// Check returns the first broken invariant that it finds, or nil.
func (l *List) Check() error {
	if l.lo > l.hi || l.hi > len(l.slots) || len(l.slots) > 0 && len(l.sums) != len(l.slots)+1 {
		return fmt.Errorf("list: slots %d..%d of %d, %d sums", l.lo, l.hi, len(l.slots), len(l.sums))
	}
	for s, c := range l.slots {
		if (c == nil) != (s < l.lo || s >= l.hi) {
			return fmt.Errorf("list: slot %d is wrongly free or used", s)
		}
	}
	total, last := 0, int64(0)
	for s := l.lo; s < l.hi; s++ {
		c := l.slots[s]
		n := c.len()
		if n == 0 {
			return errors.New("list: empty chunk")
		}
		if err := compact.Valid(c.pack); err != nil {
			return err
		}
		if len(c.pack) > chunkCap && n > 1 {
			return fmt.Errorf("list: chunk of %d elements takes %d bytes", n, len(c.pack))
		}
		if c.positions != nil && len(c.positions) != n {
			return fmt.Errorf("list: %d positions for %d elements", len(c.positions), n)
		}
		for i := range n {
			if pos := c.pos(i); total+i > 0 && pos <= last {
				return fmt.Errorf("list: position %d follows %d", pos, last)
			}
			last = c.pos(i)
		}
		if l.before(s) != total {
			return fmt.Errorf("list: the tree counts %d elements before slot %d, there are %d", l.before(s), s, total)
		}
		total += n
	}
	if total != l.n {
		return fmt.Errorf("list: %d elements, recorded %d", total, l.n)
	}
	return nil
}
