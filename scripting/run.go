package scripting

import (
	"errors"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// run is one script on its way.
type run struct {
	active   bool
	name     string // SHA1, or the function's name: what errors call it
	flags    scriptFlags
	readOnly bool          // *_RO or no-writes
	caller   *command.Ctx  // of EVAL, FCALL or a custom command; while the script runs
	out      command.Reply // the caller's
	args     [][]byte      // the caller's
	ctx      command.Ctx   // what redis.call runs its commands with
	sink     sink
	argv     [][]byte
	text     []byte // numbers among argv
	wrote    bool   // it has called a write command
	killed   bool
	started  int64 // ns
	sliced   int64 // ns of the last slice's end
	stepped  int64 // steps at the last slice's end
	slice    int   // steps of a slice
	steps    int64 // of Lua when the last call began
	save     engine.Savepoint
	saved    bool // save is set
	mark     int  // of what the unit had queued outside the keyspace
	undo     bool // an error undoes everything
	function bool // run by FCALL
	explain  bool // a dry run: everything is undone, effects are kept
	effects  []effect
	native   *lua.Call // the redis.call under way
	depth    int       // custom commands inside each other

	maxRuntime int64 // ms
	calls      uint64
	touches    int
	bytes      int64
	stats      *stats   // nil: not counted
	profile    *profile // nil: off
}

// begin prepares the run that the call c asked for.
func (r *Runtime) begin(c *command.Ctx, name string, l scriptLimits, readOnly bool, st *stats, p *profile) {
	u := &r.run
	u.active, u.name, u.flags, u.function, u.explain = true, name, l.flags, false, false
	u.readOnly = readOnly || l.flags&flagNoWrites != 0
	u.wrote, u.killed, u.steps, u.calls, u.depth = false, false, 0, 0, 0
	u.caller, u.out, u.args, u.stats, u.profile = c, c.Reply, c.Args, st, p
	x := &u.ctx
	x.KS, x.Env, x.DB, x.Client, x.Mode, x.Reply = c.KS, c.Env, c.DB, c.Client, c.Mode|command.InScript, &u.sink
	u.sink.reset(r, 2)
	if u.started = r.opt.Env.Mark; u.started == 0 {
		u.started = r.opt.Env.Nanotime()
	}
	u.sliced, u.stepped, u.slice = u.started, 0, lua.DefaultSlice
	u.undo = r.Limits.Rollback || l.flags&flagRollback != 0
	if d := r.debug.session; d != nil {
		u.undo, u.stats, u.profile, p = u.undo || !d.sync, nil, nil, nil
		u.slice = 1 // see HookLines
	}
	// Every script that may write can be undone, asked for or not: SCRIPT KILL FORCE and redis.rollback come later.
	if u.saved = !u.readOnly && !r.withoutUndo; u.saved {
		u.save = r.opt.KS.Savepoint()
		if r.opt.Mark != nil {
			u.mark = r.opt.Mark()
		}
	}
	u.touches = r.opt.KS.UnitTouches()
	u.maxRuntime = lower(r.Limits.MaxRuntime, l.maxRuntime)
	budget := lua.Budget{OnSlice: r.onSlice, Memory: lower(r.Limits.MaxMemory, l.maxMemory)}
	if p != nil {
		p.runs++
		u.slice = profileSlice
	}
	budget.Slice = u.slice
	r.state.SetBudget(budget)
	r.state.BeginRun()
}

// lower returns the lower of two limits of which 0 is none.
func lower(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// slice is called by the VM every few thousand steps.
func (r *Runtime) slice() error {
	u := &r.run
	if u.profile != nil {
		r.sample()
	}
	r.opt.Env.Mark = 0
	now := r.opt.Env.Nanotime()
	ms := (now - u.started) / 1e6
	if d := r.debug.session; d != nil && r.Limits.BusyAfter > 0 && ms >= r.Limits.BusyAfter {
		d.late = true
	}
	if limit := u.maxRuntime; limit > 0 && ms >= limit && (u.undo || !u.wrote) {
		return errRuntime
	}
	if after := r.Limits.BusyAfter; after > 0 && ms >= after && r.opt.WhileBusy != nil {
		r.opt.WhileBusy()
		steps := r.state.Steps()
		r.pace(now-u.sliced, steps-u.stepped)
		u.stepped = steps
		now = r.opt.Env.Nanotime()
	}
	u.sliced = now
	if u.killed {
		return errKilled
	}
	return nil
}

// The time between two slices of a busy script: others wait for their answers so long.
const (
	longSlice  = 400_000 // ns: the next is to take half of it
	shortSlice = 100_000 // ns: the next is twice as long
	fewSteps   = 100
	manySteps  = lua.DefaultSlice / 8
)

// pace keeps the slices of a busy script short, whatever its steps cost. took is the time of the last one in ns, steps what it used
// up: a slice that was ended early tells nothing by having been short.
func (r *Runtime) pace(took, steps int64) {
	u := &r.run
	n := u.slice
	switch {
	case took > longSlice && n > fewSteps: // not by halves: the garbage would be collected before they are short
		n = max(fewSteps, int(int64(n)*longSlice/2/took))
	case n > manySteps:
		n = manySteps
	case r.debug.session != nil: // whose slices are one step
	case took < shortSlice && steps >= int64(n) && 2*n <= manySteps && u.profile == nil:
		n *= 2
	}
	if n != u.slice {
		u.slice = n
		r.state.SetSlice(n)
	}
}

var (
	errRuntime = errors.New("ERR Script exceeded script-max-runtime")
	errUnit    = errors.New("ERR Script exceeded max-unit-bytes")
	errMemory  = "ERR Script exceeded script-max-memory"
)

// finish ends the run: on an error it undoes what it must and writes the error as the reply.
func (r *Runtime) finish(err *lua.Error) error {
	u := &r.run
	if r.debug.session != nil {
		r.state.UnhookLines()
	}
	var reply error
	if err != nil {
		reply = r.scriptError(err)
		if v := err.Value; err.Stop == nil && v.IsTable() {
			u.caller.Counted = v.Table().Get(r.values.ignore).Truthy()
		}
	}
	if u.stats != nil {
		u.touches = r.opt.KS.UnitTouches() - u.touches
		u.bytes = r.state.Memory()
		if reply != nil {
			u.stats.failed(reply.Error())
		}
	}
	if u.saved {
		d := r.debug.session
		r.settle(err != nil && u.undo || u.explain || d != nil && !d.sync)
	}
	u.active, u.caller = false, nil
	return reply
}

// settle keeps what the run did, or undoes it.
func (r *Runtime) settle(undo bool) {
	u := &r.run
	if !undo {
		r.opt.KS.Release(u.save)
		return
	}
	if after := r.Limits.BusyAfter; after > 0 && (r.opt.Env.Nanotime()-u.started)/1e6 >= after {
		r.opt.KS.Meanwhile = r.opt.WhileBusy
	}
	r.opt.KS.RollbackTo(u.save)
	r.opt.KS.Meanwhile = nil
	if r.opt.Unwind != nil {
		r.opt.Unwind(u.mark)
	}
	if u.stats != nil {
		u.stats.rolled++
	}
}

// scriptError is the reply for a run that ended with an error: its text, the script's name, and the place.
func (r *Runtime) scriptError(e *lua.Error) error {
	msg := r.errorMessage(e)
	if e.Trace.Line > 0 {
		msg += " script: " + r.run.name + ", on " + e.Trace.Source + ":" + string(appendInt(nil, int64(e.Trace.Line))) + "."
	}
	return command.Error(oneLine(msg))
}

// errorMessage is the text of an error with its code.
func (r *Runtime) errorMessage(e *lua.Error) string {
	switch {
	case errors.Is(e.Stop, lua.ErrMemory):
		return errMemory
	case e.Stop != nil:
		return e.Stop.Error()
	}
	return r.thrownText(e.Value)
}

// thrownText is the error reply for a thrown value: the err field of a table, or the text of anything else behind ERR.
func (r *Runtime) thrownText(v lua.Value) string {
	if v.IsTable() {
		if f := v.Table().Get(r.values.err); f.IsString() {
			return f.Str()
		}
		return "ERR unknown error" // sic: Redis 7 dies here
	}
	return "ERR " + plainText(v)
}

// plainText is tostring without metamethods, for the values that scripts throw.
func plainText(v lua.Value) string {
	switch {
	case v.IsString():
		return v.Str()
	case v.IsNumber():
		return lua.FormatNumber(v.Number())
	case v.IsBool() && v.Truthy():
		return "true"
	case v.IsBool():
		return "false"
	}
	return v.TypeName()
}

// oneLine replaces the line ends of a text by spaces: an error or status is one line on the wire.
func oneLine(s string) string {
	for i := range len(s) {
		if s[i] == '\r' || s[i] == '\n' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if b[j] == '\r' || b[j] == '\n' {
					b[j] = ' '
				}
			}
			return string(b)
		}
	}
	return s
}
