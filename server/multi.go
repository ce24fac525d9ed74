package server

import (
	"bytes"

	"github.com/evald/evald/engine/command"
)

// transaction is what MULTI has queued.
type transaction struct {
	queued []queued
	bytes  int
	flags  command.Flags // of all that is queued: EXEC is refused like it
}

type queued struct {
	spec *command.Spec
	args [][]byte
}

func (t *transaction) queue(spec *command.Spec, args [][]byte) {
	t.queued = append(t.queued, queued{spec, cloneArgs(args)})
	for _, a := range args {
		t.bytes += len(a)
	}
	t.flags |= spec.CallFlags(args)
}

// transactions declares MULTI and its kin.
func (s *Server) transactions() []command.Spec {
	const base = command.NoScript | command.Loading | command.Stale | command.Fast | command.AllowBusy
	return []command.Spec{
		{Name: "discard", Arity: 1, Flags: base, Group: command.GroupTransactions, Since: "2.0.0", Do: s.discardCmd,
			Complexity: "O(N), when N is the number of queued commands", Summary: "Discards a transaction."},
		{Name: "exec", Arity: 1, Flags: command.NoScript | command.Loading | command.Stale | command.SkipSlowlog, Group: command.GroupTransactions, Since: "1.2.0", Do: s.exec,
			Complexity: "Depends on commands in the transaction", Summary: "Executes all commands in a transaction."},
		{Name: "multi", Arity: 1, Flags: base, Group: command.GroupTransactions, Since: "1.2.0", Do: s.multi,
			Complexity: "O(1)", Summary: "Starts a transaction."},
		{Name: "unwatch", Arity: 1, Flags: base, Group: command.GroupTransactions, Since: "2.2.0", Do: s.unwatchCmd,
			Complexity: "O(1)", Summary: "Forgets about watched keys of a transaction."},
		{Name: "watch", Arity: -2, Flags: base, Keys: []command.KeySpec{command.From(1, -1, 1, command.RO)}, Group: command.GroupTransactions, Since: "2.2.0", Do: s.watchCmd,
			Complexity: "O(1) for every key.", Summary: "Monitors changes to keys to determine the execution of a transaction.", Syntax: "key [key ...]"},
	}
}

// runsInMulti tells whether a command runs at once between MULTI and EXEC instead of being queued.
func (s *Server) runsInMulti(spec *command.Spec) bool {
	p := &s.specs
	return spec == p.exec || spec == p.discard || spec == p.multi || spec == p.watch || spec == p.quit || spec == p.reset
}

func (s *Server) multi(x *command.Ctx) error {
	c := x.Client.(*conn)
	if c.flags&inMulti != 0 {
		return command.ErrNestedMulti
	}
	c.flags |= inMulti
	x.Reply.Status("OK")
	return nil
}

func (s *Server) discardCmd(x *command.Ctx) error {
	c := x.Client.(*conn)
	if c.flags&inMulti == 0 {
		return command.Error("ERR DISCARD without MULTI")
	}
	s.discard(c)
	s.unwatch(c)
	x.Reply.Status("OK")
	return nil
}

// discard ends a transaction without running it. Watched keys stay.
func (s *Server) discard(c *conn) {
	c.flags &^= inMulti | dirtyCAS | dirtyExec
	c.tx = transaction{}
	s.unwatch(c)
}

// exec runs the queued commands. They are one unit: the caller has begun it.
func (s *Server) exec(x *command.Ctx) error {
	c := x.Client.(*conn)
	if c.flags&inMulti == 0 {
		return command.Error("ERR EXEC without MULTI")
	}
	queue, flags := c.tx.queued, c.flags
	expired := s.watchedExpired(c)
	s.discard(c)
	switch {
	case flags&dirtyExec != 0:
		return command.ErrExecAbort
	case flags&dirtyCAS != 0 || expired:
		x.Reply.NilArray()
		return nil
	}
	return s.runWhole(c, x, queue)
}

// runQueue runs the commands of a transaction and writes their replies. It ends, and returns why, where the transaction becomes too
// large, and with stop at the first error reply.
func (s *Server) runQueue(c *conn, x *command.Ctx, queue []queued, stop bool) (failed string) {
	spec, args := x.Spec, x.Args
	x.Reply.Array(len(queue))
	for _, q := range queue {
		from := len(c.out.Buf)
		x.Spec, x.Args, x.Mode = q.spec, q.args, command.InMulti
		if err := c.Allowed(x); err != nil {
			x.Reply.Error(err.Error()) // the user's rights changed since the command was queued
		} else {
			if s.monitors != nil && q.spec.Flags&command.SkipMonitor != 0 && q.spec.Group == command.GroupScripting {
				s.feedMonitors(c.db, c.monitorName(), q.spec, q.args)
			}
			command.Call(x)
		}
		if s.env.MaxUnit > 0 && s.ks.UnitExceeds(s.env.MaxUnit) {
			failed = "ERR the transaction exceeds max-unit-bytes"
			break
		}
		if reply := c.out.Buf[from:]; stop && len(reply) > 0 && reply[0] == '-' {
			failed = string(reply[1:bytes.IndexByte(reply, '\r')])
			break
		}
	}
	x.Spec, x.Args, x.Mode = spec, args, command.FromClient
	return failed
}

// runWhole is runQueue, undone if it ends early: all that the commands did to the data, with their messages.
func (s *Server) runWhole(c *conn, x *command.Ctx, queue []queued) error {
	save, mark, db, from := s.ks.Savepoint(), len(s.pushes), c.db, len(c.out.Buf)
	failed := s.runQueue(c, x, queue, s.config.multiRollback)
	if failed == "" {
		s.ks.Release(save)
		return nil
	}
	s.ks.RollbackTo(save)
	s.dropPushes(mark)
	c.out.Buf, c.db, x.DB = c.out.Buf[:from], db, db
	return command.Error(execAborted + failed[skipCode(failed):])
}

// watch is one key that one connection watches.
type watch struct {
	c       *conn
	key     string // database and key, see dbKey
	db      int
	existed bool
	unit    uint64 // that began the watch: what it touched itself does not count
}

// watchTable finds the watches of a key.
type watchTable struct {
	byKey map[string][]*watch
	buf   []byte
}

// dbKey is the name of a key in tables over all databases.
func dbKey(dst []byte, db int, key []byte) []byte { return append(append(dst, byte(db)), key...) }

func (s *Server) watchCmd(x *command.Ctx) error {
	c := x.Client.(*conn)
	if c.flags&inMulti != 0 {
		return command.Error("ERR WATCH inside MULTI is not allowed")
	}
	for _, key := range x.Args[1:] {
		if c.flags&dirtyCAS == 0 {
			s.watches.add(s, c, key)
		}
	}
	x.Reply.Status("OK")
	return nil
}

func (t *watchTable) add(s *Server, c *conn, key []byte) {
	t.buf = dbKey(t.buf[:0], c.db.Index(), key)
	for _, w := range c.watched {
		if w.key == string(t.buf) {
			return
		}
	}
	w := &watch{c: c, key: string(t.buf), db: c.db.Index(), unit: s.units}
	w.existed = c.db.Has(key) // removes it if its time is over, so that this can't look like a change later
	t.byKey[w.key] = append(t.byKey[w.key], w)
	c.watched = append(c.watched, w)
	s.observers++
}

func (s *Server) unwatchCmd(x *command.Ctx) error {
	c := x.Client.(*conn)
	s.unwatch(c)
	c.flags &^= dirtyCAS
	x.Reply.Status("OK")
	return nil
}

func (s *Server) unwatch(c *conn) {
	t := &s.watches
	for _, w := range c.watched {
		list := t.byKey[w.key]
		for i, o := range list {
			if o == w {
				list = append(list[:i], list[i+1:]...)
				break
			}
		}
		if len(list) == 0 {
			delete(t.byKey, w.key)
		} else {
			t.byKey[w.key] = list
		}
		s.observers--
	}
	c.watched = nil
}

// changed dooms the transactions that watch key.
func (t *watchTable) changed(s *Server, db int, key []byte) {
	if len(t.byKey) == 0 {
		return
	}
	t.buf = dbKey(t.buf[:0], db, key)
	for _, w := range t.byKey[string(t.buf)] {
		if w.unit != s.units {
			w.c.flags |= dirtyCAS
		}
	}
}

// flushed dooms the transactions that watch a key which a whole-database change removed or brought.
func (t *watchTable) flushed(s *Server, db int) {
	paused := s.ks.ExpirePaused
	s.ks.ExpirePaused = true // an expired key that came with SWAPDB is no key, and stays where it is
	for _, list := range t.byKey {
		for _, w := range list {
			if w.db == db && (w.existed || s.ks.DB(db).Has([]byte(w.key[1:]))) {
				w.c.flags |= dirtyCAS
			}
		}
	}
	s.ks.ExpirePaused = paused
}

// watchedExpired tells whether a watched key has gone because its time is over.
func (s *Server) watchedExpired(c *conn) bool {
	for _, w := range c.watched {
		if w.existed && !s.ks.DB(w.db).Has([]byte(w.key[1:])) {
			return true
		}
	}
	return false
}
