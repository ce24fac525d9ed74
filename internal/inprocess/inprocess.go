// Package inprocess runs commands without sockets, goroutines or time of its own: keyspace, command table and the few connection
// commands that tests of data commands need. The server is what does all this for real.
package inprocess

import (
	"fmt"
	"math/rand/v2"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/internal/enginetest"
	"github.com/evald/evald/server/resp"
)

// Trial says what a write goes through before it runs for real.
type Trial uint8

// The trials.
const (
	NoTrial   Trial = iota
	Rollback        // it runs in a unit of its own, which is rolled back
	Savepoint       // it runs once in its own unit, up to a savepoint
)

// Server is one keyspace and its clients.
type Server struct {
	KS *engine.Keyspace
	// Trial is what every write must survive without leaving a trace.
	Trial Trial
	// Fault is told what went wrong in a trial or a restart; it must be set.
	Fault func(what string)
	// Mode is or-ed into every call's mode.
	Mode command.Mode

	env     command.Env
	now     int64 // unix us
	rng     *rand.Rand
	rows    enginetest.Rows
	clients []*Client
	waits   []*wait
}

// Start is where the clock of a new server stands, unix us: in 2024.
const Start = 1_714_000_000_000_000

// New returns an empty server.
func New(fault func(what string)) *Server {
	s := &Server{now: Start, rng: rand.New(rand.NewPCG(7, 7)), Fault: fault}
	s.KS = s.newKeyspace()
	*s.KS.Access() = engine.AccessPolicy{LogFactor: 10, DecayTime: 1}
	s.env = command.Env{Nanotime: func() int64 { return 0 }, MaxBulk: 512 << 20}
	s.env.Table = command.NewTable(append(command.Families(), s.connection())...)
	s.KS.BeginTurn(s.now)
	return s
}

func (s *Server) newKeyspace() *engine.Keyspace {
	return engine.New(engine.Options{Random: s.rng.Uint64})
}

// Table returns the commands.
func (s *Server) Table() *command.Table { return s.env.Table }

// Advance moves the clock on by ms, and removes what has expired meanwhile.
func (s *Server) Advance(ms int64) {
	s.now += ms * 1000
	s.KS.BeginTurn(s.now)
	s.KS.Begin(false)
	s.KS.ExpireDue(1 << 30)
	s.end()
	s.timeouts()
}

// Restart ends the turn and goes on with a keyspace loaded from its rows. Settings stay.
func (s *Server) Restart() {
	s.KS.EncodeTurn(&s.rows)
	ks := s.newKeyspace()
	if err := s.rows.Load(ks); err != nil {
		s.Fault("restart: " + err.Error())
		return
	}
	if ks.Digest() != s.KS.Digest() {
		s.Fault("restart gives another keyspace:\n" + enginetest.Diff(s.KS, ks))
	}
	ks.Limits, *ks.Events(), *ks.Access() = s.KS.Limits, *s.KS.Events(), *s.KS.Access()
	for _, c := range s.clients {
		c.ctx.KS, c.ctx.DB = ks, ks.DB(c.ctx.DB.Index())
	}
	s.KS = ks
	ks.BeginTurn(s.now)
}

// Client is one connection. Out holds its replies and pushes until the caller takes them.
type Client struct {
	Out resp.Writer

	s        *Server
	id       uint64
	ctx      command.Ctx
	patterns []string // of PSUBSCRIBE
	wait     *wait
}

// NewClient returns a new connection.
func (s *Server) NewClient() *Client {
	c := &Client{s: s, id: uint64(len(s.clients) + 1)}
	c.ctx = command.Ctx{KS: s.KS, DB: s.KS.DB(0), Env: &s.env, Client: c}
	s.clients = append(s.clients, c)
	return c
}

// Take returns what the client was sent since the last call.
func (c *Client) Take() []byte {
	b := c.Out.Buf
	c.Out.Buf = nil
	return b
}

// Blocked tells whether the client waits for a key.
func (c *Client) Blocked() bool { return c.wait != nil }

// Do runs one command as a unit.
func (c *Client) Do(args [][]byte) {
	s := c.s
	spec, err := s.env.Table.Resolve(args)
	if err != nil {
		c.Out.Error(err.Error())
		return
	}
	x := &c.ctx
	x.Spec, x.Args, x.Reply, x.Mode = spec, args, &c.Out, s.Mode
	if err := command.Check(x); err != nil {
		c.Out.Error(err.Error())
		return
	}
	if s.Trial != NoTrial && spec.Flags&command.Write != 0 {
		c.try()
		x.Reply = &c.Out
	}
	s.KS.Begin(false)
	command.Call(x)
	s.end()
	s.serve()
}

// try runs the command and takes it back.
func (c *Client) try() {
	ks, before := c.s.KS, c.s.KS.Digest()
	x := &c.ctx
	x.Reply, x.Mode = command.Discard(), x.Mode|command.InMulti
	ks.Begin(c.s.Trial == Rollback)
	if c.s.Trial == Rollback {
		command.Call(x)
		ks.Rollback()
	} else {
		sp := ks.Savepoint()
		command.Call(x)
		ks.RollbackTo(sp)
		ks.End()
	}
	x.Mode = c.s.Mode
	if ks.Digest() != before {
		c.s.Fault(fmt.Sprintf("%q left a trace when it was rolled back", x.Args))
	}
	for _, err := range ks.Check() {
		c.s.Fault(fmt.Sprintf("after the rollback of %q: %v", x.Args, err))
	}
}

// end finishes the running unit: it publishes the unit's events.
func (s *Server) end() {
	s.KS.EachEvent(s.publish)
	s.KS.End()
	for _, w := range s.waits {
		w.ready = true // any unit may have made a key ready; trying costs little here
	}
}

// ID implements command.Client.
func (c *Client) ID() uint64 { return c.id }

// Select implements command.Client.
func (c *Client) Select(x *command.Ctx, db int) { x.DB = c.s.KS.DB(db) }

// Allowed implements command.Client.
func (c *Client) Allowed(*command.Ctx) error { return nil }

// Authenticated implements command.Client.
func (c *Client) Authenticated() bool { return true }
