// Running compiled code from the host.
package lua

// Run calls the main function of p with args and hands its results to results, which may read them until it returns; it
// may be nil. The error is nil or an *Error. Run must not be called from inside a run.
func (s *State) Run(p *Proto, results func(c *Call), args ...Value) *Error {
	s.Hold() // an overdraft stops the run inside enter, where it can be caught
	f := s.mainClosure(p)
	s.Lift()
	s.reuse.on = true
	return s.enter(f.value(), results, args)
}

// CallFunction is Run for a function value that a script has handed to the host.
func (s *State) CallFunction(f Value, results func(c *Call), args ...Value) *Error {
	return s.enter(f, results, args)
}

// mainClosure returns the closure of a main function, which has no upvalues; it is kept in the prototype, so that
// running it again allocates nothing.
func (s *State) mainClosure(p *Proto) *closure {
	if p.main == nil {
		p.main = newClosure(s, p, s.globals)
	}
	p.main.env = s.globals // setfenv may have changed it
	return p.main
}

// BeginRun starts a run, so that what is allocated from here on, such as the tables of its arguments, counts for it. Run
// does so itself if it was not called.
func (s *State) BeginRun() {
	s.refill()
	s.begun = true
}

func (s *State) enter(f Value, results func(c *Call), args []Value) (err *Error) {
	if !s.begun {
		s.refill()
	}
	s.begun, s.running = false, true
	t := s.main
	s.cur = t
	s.nC, s.throwing, s.stopErr = 0, 0, nil
	t.env = s.globals
	t.status = threadRunning
	defer s.leave(&err)
	t.reserve(len(args) + 1)
	t.stack[t.top] = f
	copy(t.stack[t.top+1:], args)
	fn := t.top
	t.top += len(args) + 1
	t.callValue(fn, multipleResults)
	if results != nil {
		t.call.base, t.call.n = fn, t.top-fn
		results(&t.call)
	}
	s.throwing = 0
	return nil
}

// leave ends a run: it makes an *Error of what was thrown, and clears what the run has left behind.
func (s *State) leave(err **Error) {
	s.running, s.held = false, 0
	if s.throwing != 0 {
		if _, ok := recover().(thrown); !ok {
			panic("lua: a panic that is not an error went through a run")
		}
		*err = &Error{Value: s.errValue, Trace: s.errTrace, Stop: s.stopErr}
		if s.stopErr != nil {
			(*err).Value = Nil
		}
	}
	s.throwing = 0
	s.errValue = Nil
	s.cur = s.main
	s.main.reset()
	s.reuse.end()
	s.library.forget()
}
