// Libraries: code that runs once to hand functions to the host, in an environment of its own.
package lua

// RunIn is Run with env for the globals, under which every function that p makes is created too.
func (s *State) RunIn(env *Table, p *Proto, results func(c *Call)) *Error {
	s.Hold()
	f := newClosure(s, p, env)
	s.Lift()
	return s.enter(f.value(), results, nil)
}

// Adopt gives every function that can be reached from the roots and has the environment env the state's globals instead. It is
// called between runs.
func (s *State) Adopt(env *Table, roots ...Value) {
	s.epoch++
	if s.epoch == 0 {
		s.epoch = 1
	}
	c := counter{s: s, epoch: s.epoch}
	for _, v := range roots {
		c.object(v.p)
	}
	for len(c.todo) > 0 {
		p := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		c.walk(p)
		if (*header)(p).kind == tagFunction {
			if f := (*closure)(p); f.env == env {
				f.env = s.globals
			}
		}
	}
}

// NewProtected returns a read-only table with the functions and fields that fill sets, of which reading an absent field is an error.
func (s *State) NewProtected(fill func(t *Table)) *Table {
	t := newTable(s, 0, 8)
	fill(t)
	s.ErrorOnMissing(t)
	s.Protect(t)
	return t
}
