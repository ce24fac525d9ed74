package server

import (
	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
)

// The way of one command: resolve, Check, then queue it (MULTI), park it (CLIENT PAUSE) or run it as a unit.

// execute runs one command of a client. args lie in the client's buffer.
func (s *Server) execute(c *conn, args [][]byte) {
	from := len(c.out.Buf)
	c.out.Limit = s.config.outputLimits[classNormal].hard
	c.active = s.ms
	outer := s.running
	s.running = c
	s.dispatch(c, args, from)
	s.running = outer
	if c.flags&(replyOff|replySkip|replySkipNext) != 0 {
		s.dropReply(c, from)
	}
	if len(c.out.Buf) > from {
		s.wrote(c)
		s.limitOutput(c)
	} else if c.flags&closeAfter != 0 {
		s.wrote(c)
	}
}

// dispatch decides what becomes of a command.
func (s *Server) dispatch(c *conn, args [][]byte, from int) {
	spec, err := s.table.Resolve(args)
	if err != nil {
		if isHTTP(args[0]) {
			s.dropHTTP(c)
			return
		}
		s.reject(c, nil, err.Error())
		return
	}
	c.last = spec
	x := &s.ctx
	x.DB, x.Client, x.Spec, x.Args, x.Reply, x.Mode = c.db, c, spec, args, &c.out, command.FromClient
	if s.env.OutOfMemory != nil && s.busyDepth == 0 {
		s.evict() // before any command, so that what it tells tracking clients comes before the reply
	}
	if err := s.refuse(c, x); err != nil {
		spec.Usage().Rejected++
		s.reject(c, spec, err.Error())
		return
	}
	if s.pausedUntil != 0 && s.pauses(c, x) {
		c.paused = cloneArgs(args)
		c.flags |= isPaused
		return
	}
	if c.flags&inMulti != 0 && !s.runsInMulti(spec) {
		c.tx.queue(spec, args)
		c.out.Status("QUEUED")
		return
	}
	if s.monitors != nil && spec.Flags&command.SkipMonitor != 0 && spec.Group == command.GroupScripting {
		s.feedMonitors(c.db, c.monitorName(), spec, args) // scripts show before the commands that they call; all else when it has run
	}
	if s.busyDepth > 0 {
		command.Call(x) // the running script's unit is open: what may run now touches no key
		return
	}
	if s.scripts.Debugging(c.id) {
		s.commit() // a session may last: what came before it is not to wait for its end
	}
	s.ks.NoTouch = c.flags&noTouch != 0 && spec != s.specs.touch
	s.ks.Begin(false)
	s.call(c, x, from)
	s.endUnit(c, from)
}

// reject replies an error before a command ran. Inside MULTI the transaction will abort.
func (s *Server) reject(c *conn, spec *command.Spec, text string) {
	s.onError(text)
	if c.flags&inMulti != 0 {
		c.flags |= dirtyExec
	}
	if spec != nil && spec == s.specs.exec {
		s.discard(c)
		text = execAborted + text[skipCode(text):]
	}
	c.out.Error(text)
}

const execAborted = "EXECABORT Transaction discarded because of: "

func skipCode(text string) int {
	if len(text) > 4 && text[:4] == "ERR " {
		return 4
	}
	return 0
}

// refuse returns the error with which a command is refused before it runs.
func (s *Server) refuse(c *conn, x *command.Ctx) error {
	if err := command.Check(x); err != nil {
		return err
	}
	spec := x.Spec
	if s.argumentsExceedUnit(x) {
		return command.ErrUnitTooLarge
	}
	if c.flags&inMulti != 0 {
		if spec.Flags&command.NoMulti != 0 {
			return command.Error("ERR Command not allowed inside a transaction")
		}
		if spec == s.specs.exec {
			if err := s.env.Refuses(c.tx.flags); err != nil {
				return err
			}
		}
	}
	if spec == s.specs.ping && s.diskError != nil {
		return s.diskError // so that whoever looks after the server learns of it
	}
	if c.subs != nil && !c.out.RESP3 && c.subs.count() > 0 && !s.specs.inSubscription[spec] {
		return command.Error("ERR Can't execute '" + spec.FullName() +
			"': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	}
	if s.busyDepth > 0 && spec.Flags&command.AllowBusy == 0 {
		return s.busyError
	}
	return nil
}

// endUnit finishes the running unit, which c called and whose reply begins at offset from of c's output. c is nil for units of the
// loop itself. Whatever the unit causes for other clients happens here: wake-ups, aborted transactions, events, messages.
func (s *Server) endUnit(c *conn, from int) {
	if s.ks.HasEvents() {
		s.ks.EachEvent(s.publishEvent)
	}
	if (s.observers > 0 || len(s.tracked.keys) > 0) && s.ks.UnitTouched() {
		s.ks.Touched(s.touched)
		s.invalidateTouched()
	}
	o := s.ks.End()
	s.units++
	if s.late { // what follows, clients that this unit wakes included, must not take the turn's beginning for now
		s.late = false
		s.tick()
	}
	s.invalidated = 0
	seq := o.Saw
	if o.Touched {
		seq = s.ks.Turn()
	}
	if c != nil && seq > s.durable {
		s.hold(c, from, seq)
	}
	if len(s.pushes) > 0 {
		s.deliver(seq)
	}
	if len(s.waits.ready) > 0 {
		s.serveWaits()
	}
}

// touched is told of every key that a unit has changed; a nil key is the whole database.
func (s *Server) touched(db int, key []byte) {
	if key == nil {
		s.watches.flushed(s, db)
		s.waits.flushed(db)
		return
	}
	s.watches.changed(s, db, key)
	s.waits.changed(db, key)
}

// publishEvent sends a keyspace event to its two channels.
func (s *Server) publishEvent(e engine.Event, key []byte) {
	selected := s.ks.Events().Selected
	if selected&engine.EventKeyspace != 0 {
		s.eventBuf = appendEventChannel(s.eventBuf[:0], "__keyspace@", e.DB)
		s.eventBuf = append(s.eventBuf, key...)
		s.nameBuf = append(s.nameBuf[:0], e.Name...)
		s.hub.publish(s, s.eventBuf, s.nameBuf)
	}
	if selected&engine.EventKeyevent != 0 {
		s.eventBuf = appendEventChannel(s.eventBuf[:0], "__keyevent@", e.DB)
		s.eventBuf = append(s.eventBuf, e.Name...)
		s.hub.publish(s, s.eventBuf, key)
	}
}

// onError counts an error reply by its code.
func (s *Server) onError(text string) {
	s.stats.errors++
	end := 0
	for end < len(text) && text[end] != ' ' {
		end++
	}
	if n := s.stats.errorCodes[text[:end]]; n != nil {
		*n++
		return
	}
	if len(s.stats.errorCodes) >= maxErrorCodes {
		return
	}
	one := uint64(1)
	s.stats.errorCodes[text[:end]] = &one
}

// maxErrorCodes bounds errorstats: scripts may reply any code.
const maxErrorCodes = 128

// cloneArgs copies arguments out of the connection's buffer.
func cloneArgs(args [][]byte) [][]byte {
	n := 0
	for _, a := range args {
		n += len(a)
	}
	all, out := make([]byte, 0, n), make([][]byte, len(args))
	for i, a := range args {
		from := len(all)
		all = append(all, a...)
		out[i] = all[from:len(all):len(all)]
	}
	return out
}
