// The table library.
package lua

import "unsafe"

func (l *library) openTable(s *State) {
	s.Register("table", []Function{
		{"concat", tableConcat},
		{"foreach", tableForeach},
		{"foreachi", tableForeachi},
		{"getn", tableGetn},
		{"insert", tableInsert},
		{"maxn", tableMaxn},
		{"remove", tableRemove},
		{"setn", tableSetn},
		{"sort", l.tableSort},
	})
}

func tableConcat(c *Call) int {
	sep := []byte(nil)
	if c.Has(2) {
		sep = c.CheckBytes(2)
	}
	t := c.CheckTable(1)
	first := c.OptInt32(3, 1)
	last := 0
	if c.Has(4) {
		last = c.CheckInt32(4)
	} else {
		last = t.Len()
	}
	out := newBuffer(c)
	for i := first; i <= last; i++ {
		c.Steps(1)
		if v := t.GetInt(i); !out.addValue(v) {
			c.Errorf("invalid value (%s) at index %d in table for 'concat'", v.TypeName(), i)
		}
		if i < last && len(sep) > 0 {
			out.add(sep)
		}
	}
	return c.Return1(out.result())
}

func tableForeach(c *Call) int {
	t := c.CheckTable(1)
	fn := c.CheckKind(2, KindFunction)
	key := Nil
	for {
		k, v, more, ok := t.Next(key)
		if !ok {
			c.s.throwRuntime("invalid key to 'next'")
		}
		if !more {
			return 0
		}
		c.Steps(1)
		if r := c.Call2(fn, k, v); !r.IsNil() {
			return c.Return1(r)
		}
		key = k
	}
}

func tableForeachi(c *Call) int {
	t := c.CheckTable(1)
	n := t.Len()
	fn := c.CheckKind(2, KindFunction)
	for i := 1; i <= n; i++ {
		c.Steps(1)
		if r := c.Call2(fn, Int(i), t.GetInt(i)); !r.IsNil() {
			return c.Return1(r)
		}
	}
	return 0
}

func tableGetn(c *Call) int { return c.Return1(Int(c.CheckTable(1).Len())) }

func tableSetn(c *Call) int {
	c.CheckTable(1)
	c.Errorf("'setn' is obsolete")
	return 0
}

func tableMaxn(c *Call) int {
	t := c.CheckTable(1)
	greatest := 0.0
	for it := (tableIter{s: c.s, t: t}); ; {
		k, _, more := it.next()
		if !more {
			return c.Return1(Number(greatest))
		}
		c.Steps(1)
		if k.IsNumber() && k.Number() > greatest {
			greatest = k.Number()
		}
	}
}

func tableInsert(c *Call) int {
	t := c.CheckTable(1)
	end := t.Len() + 1
	switch c.N() {
	case 2:
		t.SetInt(c.s, end, c.Arg(2))
		return 0
	case 3:
	default:
		c.Errorf("wrong number of arguments to 'insert'")
	}
	pos := c.CheckInt32(2)
	end = max(end, pos)
	t.checkWritable(c.s)
	if pos > 0 && end <= int(t.asize) {
		elements := t.elements(end)
		for n := end - pos; n > 0; n -= min(n, pieceValues) {
			from := pos - 1 + max(n-pieceValues, 0)
			copy(elements[from+1:], elements[from:pos-1+n])
			c.Steps(min(n, pieceValues) >> 3)
		}
	} else {
		for i := end; i > pos; i-- {
			c.Steps(1)
			t.SetInt(c.s, i, t.GetInt(i-1))
		}
	}
	t.SetInt(c.s, pos, c.Arg(3))
	return 0
}

func tableRemove(c *Call) int {
	t := c.CheckTable(1)
	end := t.Len()
	pos := c.OptInt32(2, end)
	if pos < 1 || pos > end {
		return 0
	}
	v := t.GetInt(pos)
	t.checkWritable(c.s)
	if end <= int(t.asize) {
		elements := t.elements(end)
		for from := pos; from < end; from += pieceValues {
			piece := elements[from:min(from+pieceValues, end)]
			copy(elements[from-1:], piece)
			c.Steps(len(piece) >> 3)
		}
	} else {
		for ; pos < end; pos++ {
			c.Steps(1)
			t.SetInt(c.s, pos, t.GetInt(pos+1))
		}
	}
	t.SetInt(c.s, end, Nil)
	return c.Return1(v)
}

// elements returns the first n elements of the array part, which must be that long.
func (t *Table) elements(n int) []Value { return unsafe.Slice((*Value)(t.arr), n) }

// tableIter walks a table in the order of pairs. The table must not get new keys meanwhile.
type tableIter struct {
	s *State // of which steps are drawn
	t *Table
	i uint32
}

func (it *tableIter) next() (k, v Value, more bool) {
	t := it.t
	for it.i < t.asize {
		v := *t.slot(it.i)
		it.s.every(int(it.i))
		it.i++
		if v.n != tagNil {
			return Number(float64(it.i)), v, true
		}
	}
	for it.i-t.asize < 1<<t.lsize {
		n := t.nodeAt(it.i - t.asize)
		it.s.every(int(it.i))
		it.i++
		if n.val.n != tagNil {
			return n.key, n.val, true
		}
	}
	return Nil, Nil, false
}
