// Counting the bytes alive in a run, by walking everything its script can reach. Nothing is freed here: that is the
// work of Go's garbage collector.
package lua

import "unsafe"

// counter walks the objects reachable from the registers and globals.
type counter struct {
	s     *State
	epoch uint8
	total int64
	turns int
	todo  []unsafe.Pointer
}

// countLive returns the bytes of every object that the run can reach. Read-only tables are not the run's own.
func (s *State) countLive() int64 {
	s.epoch++
	if s.epoch == 0 {
		s.epoch = 1
	}
	c := counter{s: s, epoch: s.epoch}
	c.object(unsafe.Pointer(s.main))
	c.object(unsafe.Pointer(s.cur))
	c.entries(s.globals)
	for len(c.todo) > 0 {
		p := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		c.walk(p)
		c.breathe()
	}
	return c.total
}

// breathe gives the host its say now and then. Steps are not drawn: how often the bytes are counted is none of the script's doing.
func (c *counter) breathe() {
	if c.turns++; c.turns&8191 == 0 {
		c.s.pause()
	}
}

// object puts the object at p on the list if this count has not seen it. p may be stale, but it points to an object.
func (c *counter) object(p unsafe.Pointer) {
	if p == nil {
		return
	}
	h := (*header)(p)
	if h.kind == 0 || h.mark == c.epoch {
		return
	}
	if h.kind == tagString {
		if s := (*String)(p); s != emptyString {
			h.mark = c.epoch
			c.total += stringSize(s.size)
		}
		return
	}
	h.mark = c.epoch
	c.todo = append(c.todo, p)
}

func (c *counter) table(t *Table) {
	if t != nil && !t.readonly {
		c.object(unsafe.Pointer(t))
	}
}

func (c *counter) walk(p unsafe.Pointer) {
	switch (*header)(p).kind {
	case tagTable:
		t := (*Table)(p)
		if t.readonly {
			return
		}
		c.total += tableSize + int64(t.asize)*int64(valueSize)
		if t.node != unsafe.Pointer(&noNode) {
			c.total += int64(nodeSize) << t.lsize
		}
		c.entries(t)
	case tagFunction:
		f := (*closure)(p)
		c.total += closureSize + int64(f.nup)*8
		c.table(f.env)
		for i := range int(f.nup) {
			// Shared upvalues count once per closure: to tell would cost a set of them.
			if u := f.upvalue(i); u != nil {
				c.total += upvalueSize
				c.object(u.v.p)
			}
		}
	case tagNative:
		f := (*native)(p)
		c.total += nativeSize + int64(len(f.up))*int64(valueSize)
		for _, v := range f.up {
			c.object(v.p)
		}
	case tagUserdata:
		u := (*userdata)(p)
		c.table(u.meta)
		c.table(u.env)
	case tagThread:
		c.thread((*Thread)(p))
	}
}

func (c *counter) entries(t *Table) {
	c.table(t.meta)
	for i := range t.asize {
		c.object(t.slot(i).p)
		c.breathe()
	}
	for i := range uint32(1) << t.lsize {
		n := t.nodeAt(i)
		c.object(n.key.p)
		c.object(n.val.p)
		c.breathe()
	}
}

func (c *counter) thread(t *Thread) {
	if t != t.s.main {
		c.total += threadSize + int64(len(t.stack))*int64(valueSize)
	}
	c.table(t.env)
	for i := range t.stack {
		c.object(t.stack[i].p)
	}
}
