// Closures and the upvalues they share.
package lua

import "unsafe"

// closure is a Lua function: a prototype with an environment and upvalues. The pointers to the upvalues lie behind the
// struct in the same allocation, see newClosure.
type closure struct {
	header
	nup uint8
	id  uint32
	p   *Proto
	env *Table
	ups unsafe.Pointer // of the first *upvalue
}

// upvalue is a variable shared by closures. While the variable lives in a register v points there, and closed holds the
// place in the list of open upvalues: in n the index of the register, in p the open upvalue with the next lower one.
// After that v points to closed, which is the variable.
type upvalue struct {
	v      *Value
	closed Value
}

// index returns the register of an open upvalue.
func (u *upvalue) index() int { return int(u.closed.n) }

// next returns the open upvalue after u, nil at the end.
func (u *upvalue) next() *upvalue { return (*upvalue)(u.closed.p) }

const (
	closureSize = int64(unsafe.Sizeof(closure{}))
	upvalueSize = int64(unsafe.Sizeof(upvalue{}))
)

// Closures with their upvalues in one allocation, by number.
type (
	closure1 struct {
		closure
		up [1]*upvalue
	}
	closure2 struct {
		closure
		up [2]*upvalue
	}
	closure4 struct {
		closure
		up [4]*upvalue
	}
)

func newClosure(s *State, p *Proto, env *Table) *closure {
	s.chargeClosure(p)
	var f *closure
	var ups unsafe.Pointer
	switch n := p.numUpvalues; {
	case n == 0:
		f = new(closure)
	case n == 1:
		c := new(closure1)
		f, ups = &c.closure, unsafe.Pointer(&c.up)
	case n == 2:
		c := new(closure2)
		f, ups = &c.closure, unsafe.Pointer(&c.up)
	case n <= 4:
		c := new(closure4)
		f, ups = &c.closure, unsafe.Pointer(&c.up)
	default:
		f = new(closure)
		ups = unsafe.Pointer(unsafe.SliceData(make([]*upvalue, n)))
	}
	f.init(s, p, env, ups)
	return f
}

func (s *State) chargeClosure(p *Proto) { s.charge(closureSize + int64(p.numUpvalues)*8) }

func (f *closure) init(s *State, p *Proto, env *Table, ups unsafe.Pointer) {
	s.ids++
	f.kind, f.nup, f.id, f.p, f.env, f.ups = tagFunction, p.numUpvalues, s.ids, p, env, ups
}

func (f *closure) value() Value { return Value{unsafe.Pointer(f), tagFunction} }

func (f *closure) upvalue(i int) *upvalue { return *f.upvalueSlot(i) }

func (f *closure) upvalueSlot(i int) **upvalue {
	return (**upvalue)(unsafe.Add(f.ups, uintptr(i)*unsafe.Sizeof(f.ups)))
}

// findUpvalue returns the open upvalue of the register at index in the stack, a new one if there is none.
func (t *Thread) findUpvalue(index int) *upvalue {
	var before *upvalue
	after := t.open
	for after != nil && after.index() >= index {
		if after.index() == index {
			return after
		}
		before, after = after, after.next()
	}
	u := t.s.newUpvalue()
	u.v, u.closed = &t.stack[index], Value{unsafe.Pointer(after), uint64(index)}
	if before == nil {
		t.open = u
	} else {
		before.closed.p = unsafe.Pointer(u)
	}
	return u
}

// closeUpvalues moves every open upvalue at or above index out of the stack.
func (t *Thread) closeUpvalues(index int) {
	for u := t.open; u != nil && u.index() >= index; u = t.open {
		t.open = u.next()
		u.closed = u.v.clean()
		u.v = &u.closed
	}
}
