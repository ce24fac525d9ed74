// Closures and upvalues that serve one run after another: a script makes its local functions anew whenever it runs.
package lua

import "unsafe"

// reuse holds the first closures and upvalues that a run of a main function makes. Nothing of a run can be seen by the next one, which may
// have them, unless KeepAlive was called.
type reuse struct {
	on       bool // during Run
	closures [16]*closure4
	upvalues [16]*upvalue
	nc, nu   int // how many the run has taken
}

// KeepAlive says that what the present run makes may outlive it, because the host has given the script something that does.
func (s *State) KeepAlive() { s.reuse = reuse{} }

// closureOf is newClosure for the closures that a script makes.
func (s *State) closureOf(p *Proto, env *Table) *closure {
	r := &s.reuse
	if !r.on || r.nc == len(r.closures) || int(p.numUpvalues) > len(closure4{}.up) {
		return newClosure(s, p, env)
	}
	s.chargeClosure(p)
	c := r.closures[r.nc]
	if c == nil {
		c = new(closure4)
		r.closures[r.nc] = c
	}
	r.nc++
	c.init(s, p, env, unsafe.Pointer(&c.up))
	return &c.closure
}

// newUpvalue returns an upvalue that is the caller's to fill.
func (s *State) newUpvalue() *upvalue {
	s.charge(upvalueSize)
	r := &s.reuse
	if !r.on || r.nu == len(r.upvalues) {
		return new(upvalue)
	}
	u := r.upvalues[r.nu]
	if u == nil {
		u = new(upvalue)
		r.upvalues[r.nu] = u
	}
	r.nu++
	return u
}

// end lets go of what the run's closures and upvalues refer to.
func (r *reuse) end() {
	for _, c := range r.closures[:r.nc] {
		*c = closure4{}
	}
	for _, u := range r.upvalues[:r.nu] {
		*u = upvalue{}
	}
	r.on, r.nc, r.nu = false, 0, 0
}
