package server

import (
	"slices"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
)

// Clients that wait. A blocking command that finds nothing parks its client here with its arguments and runs again, as a new unit,
// whenever one of its keys has changed to the type it waits for. Clients of one key are served in the order of their coming.

// wait is one parked command.
type wait struct {
	c        *conn
	spec     *command.Spec
	args     [][]byte
	db       *engine.DB
	keys     []string // see dbKey
	typ      engine.Type
	onGone   bool
	deadline int64 // unix ms, 0: none
	timeout  func(r command.Reply)
	heapAt   int  // index in waits.timers, -1: no deadline
	again    bool // the re-run wants to wait on
	since    int64
}

// waits are all parked commands.
type waits struct {
	byKey   map[string][]*wait
	ready   []string        // keys that have changed, in order
	isReady map[string]bool // the same
	timers  []*wait         // binary heap by deadline
	buf     []byte
	serving bool
	count   int
}

// Block parks the client with the command it is running.
func (c *conn) Block(x *command.Ctx, b command.Block) {
	s := c.s
	if w := c.wait; w != nil { // a re-run: it keeps its place
		w.again = true
		return
	}
	w := &wait{c: c, spec: x.Spec, args: cloneArgs(x.Args), db: x.DB, typ: b.Type, onGone: b.OnGone, deadline: b.Deadline,
		timeout: b.Timeout, heapAt: -1, since: s.ms}
	t := &s.waits
	for _, key := range b.Keys {
		t.buf = dbKey(t.buf[:0], x.DB.Index(), key)
		list := t.byKey[string(t.buf)]
		if n := len(list); n > 0 && list[n-1] == w {
			continue // named twice
		}
		name := string(t.buf)
		t.byKey[name] = append(list, w)
		w.keys = append(w.keys, name)
	}
	if w.deadline != 0 {
		t.push(w)
	}
	t.count++
	s.observers++
	if s.monitors != nil {
		s.monitorCall(x) // now, and not again when it is served
	}
	c.wait = w
	c.flags |= isBlocked
}

// unwait takes the client's parked command away.
func (s *Server) unwait(c *conn) {
	w := c.wait
	if w == nil {
		return
	}
	t := &s.waits
	for _, key := range w.keys {
		list := t.byKey[key]
		kept := list[:0]
		for _, o := range list {
			if o != w {
				kept = append(kept, o)
			}
		}
		clear(list[len(kept):])
		if len(kept) == 0 {
			delete(t.byKey, key)
		} else {
			t.byKey[key] = kept
		}
	}
	if w.heapAt >= 0 {
		t.remove(w)
	}
	t.count--
	s.observers--
	c.wait = nil
	c.flags &^= isBlocked
}

// goneKeys returns how many keys someone waits for who wants to know when they go.
func (t *waits) goneKeys() (n int) {
	for _, list := range t.byKey {
		if slices.ContainsFunc(list, func(w *wait) bool { return w.onGone }) {
			n++
		}
	}
	return n
}

// changed notes that key may serve someone.
func (t *waits) changed(db int, key []byte) {
	if t.count == 0 {
		return
	}
	t.buf = dbKey(t.buf[:0], db, key)
	if list := t.byKey[string(t.buf)]; list != nil && !t.isReady[string(t.buf)] {
		name := string(t.buf)
		t.isReady[name] = true
		t.ready = append(t.ready, name)
	}
}

// flushed notes that every key of a database may have come or gone.
func (t *waits) flushed(db int) {
	for _, name := range sortedNames(t.byKey) {
		if int(name[0]) == db && !t.isReady[name] {
			t.isReady[name] = true
			t.ready = append(t.ready, name)
		}
	}
}

// serveWaits runs the parked commands whose keys have changed, until no change is left to serve.
func (s *Server) serveWaits() {
	t := &s.waits
	if t.serving {
		return // by the call that is running
	}
	t.serving = true
	for len(t.ready) > 0 {
		name := t.ready[0]
		t.ready = t.ready[:copy(t.ready, t.ready[1:])]
		delete(t.isReady, name)
		db, key := s.ks.DB(int(name[0])), []byte(name[1:])
		for _, w := range append([]*wait(nil), t.byKey[name]...) {
			if w.c.wait != w {
				continue // gone, or served meanwhile
			}
			typ := db.Type(key)
			if w.typ != engine.TypeNone && typ != w.typ && !(w.onGone && typ != w.typ) {
				continue
			}
			s.rerun(w)
		}
	}
	t.serving = false
}

// rerun tries a parked command again.
func (s *Server) rerun(w *wait) {
	c := w.c
	from := len(c.out.Buf)
	x := &s.waitCtx
	x.DB, x.Client, x.Spec, x.Args, x.Reply, x.Mode = w.db, c, w.spec, w.args, &c.out, command.Rerun
	w.again = false
	outer := s.running
	s.running = c
	s.ks.Begin(false)
	command.Call(x)
	if !w.again {
		s.unblock(c)
	}
	s.endUnit(c, from)
	s.running = outer
	s.wrote(c)
}

// unblock ends a wait: the client's further commands may run.
func (s *Server) unblock(c *conn) {
	s.unwait(c)
	s.goOn(c)
}

// expireWaits answers the parked commands whose time is over.
func (s *Server) expireWaits() {
	t := &s.waits
	for len(t.timers) > 0 && t.timers[0].deadline <= s.ms {
		w := t.timers[0]
		s.timeOut(w)
	}
}

// timeOut answers a parked command as if its time were over; the call counts.
func (s *Server) timeOut(w *wait) {
	w.spec.Usage().Add(0) // not the time of waiting
	w.timeout(&w.c.out)
	s.wrote(w.c)
	s.unblock(w.c)
}

// fail answers a parked command with an error; the call counts.
func (s *Server) fail(w *wait, text string) {
	u := w.spec.Usage()
	u.Add(0)
	u.Failed++
	s.onError(text)
	w.c.out.Error(text)
	s.wrote(w.c)
	s.unblock(w.c)
}

// next returns the earliest deadline, 0 if there is none.
func (t *waits) next() int64 {
	if len(t.timers) == 0 {
		return 0
	}
	return t.timers[0].deadline
}

func (t *waits) push(w *wait) {
	t.timers = append(t.timers, w)
	t.up(len(t.timers) - 1)
}

func (t *waits) remove(w *wait) {
	i, last := w.heapAt, len(t.timers)-1
	moved := t.timers[last]
	t.timers[last] = nil
	t.timers = t.timers[:last]
	w.heapAt = -1
	if i < last {
		t.timers[i] = moved
		moved.heapAt = i
		t.down(i)
		t.up(moved.heapAt)
	}
}

func (t *waits) up(i int) {
	w := t.timers[i]
	for i > 0 && t.timers[(i-1)/2].deadline > w.deadline {
		t.timers[i] = t.timers[(i-1)/2]
		t.timers[i].heapAt = i
		i = (i - 1) / 2
	}
	t.timers[i] = w
	w.heapAt = i
}

func (t *waits) down(i int) {
	w := t.timers[i]
	for {
		child := 2*i + 1
		if child >= len(t.timers) {
			break
		}
		if child+1 < len(t.timers) && t.timers[child+1].deadline < t.timers[child].deadline {
			child++
		}
		if t.timers[child].deadline >= w.deadline {
			break
		}
		t.timers[i] = t.timers[child]
		t.timers[i].heapAt = i
		i = child
	}
	t.timers[i] = w
	w.heapAt = i
}
