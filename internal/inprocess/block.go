// Clients that wait for keys.
package inprocess

import (
	"bytes"
	"slices"

	"github.com/evald/evald/engine/command"
)

// wait is a blocked client and the command that it runs again.
type wait struct {
	c     *Client
	block command.Block
	spec  *command.Spec
	args  [][]byte
	db    int
	ready bool
}

// Block implements command.Client.
func (c *Client) Block(x *command.Ctx, b command.Block) {
	if x.Mode&command.Rerun != 0 {
		c.wait.ready = false // still nothing for it
		return
	}
	w := &wait{c: c, block: b, spec: x.Spec, db: x.DB.Index()}
	for _, a := range x.Args {
		w.args = append(w.args, bytes.Clone(a))
	}
	w.block.Keys = nil // they point into the arguments
	for _, key := range b.Keys {
		w.block.Keys = append(w.block.Keys, bytes.Clone(key))
	}
	c.wait = w
	c.s.waits = append(c.s.waits, w)
}

// serve runs the waiting commands again, oldest first, until none of them gets anything.
func (s *Server) serve() {
	for i := 0; i < len(s.waits); {
		w := s.waits[i]
		if !w.ready || !w.mayGo(s) {
			i++
			continue
		}
		x := w.c.ctx
		x.DB, x.Spec, x.Args, x.Reply, x.Mode = s.KS.DB(w.db), w.spec, w.args, &w.c.Out, command.Rerun
		w.ready = true
		s.KS.Begin(false)
		command.Call(&x)
		if !w.ready {
			s.KS.End()
			i++
			continue
		}
		s.drop(i)
		s.end()
		i = 0
	}
}

// mayGo tells whether one of the keys now has the type that the client waits for, or may be gone.
func (w *wait) mayGo(s *Server) bool {
	return w.block.OnGone || slices.ContainsFunc(w.block.Keys, func(key []byte) bool { return s.KS.DB(w.db).Type(key) == w.block.Type })
}

func (s *Server) drop(i int) {
	s.waits[i].c.wait = nil
	s.waits = slices.Delete(s.waits, i, i+1)
}

// timeouts gives up the waits whose time is over.
func (s *Server) timeouts() {
	for i := 0; i < len(s.waits); {
		w := s.waits[i]
		if w.block.Deadline == 0 || w.block.Deadline > s.KS.Now() {
			i++
			continue
		}
		s.drop(i)
		w.block.Timeout(&w.c.Out)
	}
}
