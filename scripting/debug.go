package scripting

import (
	"crypto/sha1"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// The debugger (LDB): after SCRIPT DEBUG a connection's EVAL and FCALL run as sessions. The script stops before its lines, and the
// connection speaks the debugger's commands meanwhile. Redis runs a session in a forked process; here it runs where every script does,
// with undo: what it did is undone at its end, unless the mode is SYNC. While it waits for its user the server is busy with a script.

// Console is the client's side of a session.
type Console interface {
	// Send replies lines to the client.
	Send(lines []string)
	// Next returns the client's next command, or nil after a while without one; other clients are served meanwhile. The arguments
	// are valid until the next call. The error is ErrConsoleClosed, or the client's breach of the protocol.
	Next() ([][]byte, error)
	// Close tells that the session is over: the connection is closed after the reply to the command that began it.
	Close()
}

// ErrConsoleClosed is the error of Console.Next when the connection has gone.
const ErrConsoleClosed command.Error = "ERR connection closed"

// debugMode is what SCRIPT DEBUG has chosen for a connection.
type debugMode uint8

const (
	debugOff  debugMode = iota
	debugUndo           // YES: what a session does is undone
	debugSync           // SYNC: it stays
)

// debugger is what sessions need of the runtime.
type debugger struct {
	modes   map[uint64]debugMode // of connections, by their number; those that are off are not in it
	session *session             // nil: none
}

// session is one script under the debugger.
type session struct {
	r           *Runtime
	console     Console
	sync        bool
	source      []string // its lines
	line        int      // about to run
	step        bool     // stop at the next line
	breakpoint  bool     // redis.breakpoint was called: stop at the next line
	late        bool     // it has run for longer than busy-reply-threshold: stop at the next line
	breakpoints []int
	logs        []string // not yet sent
	maxlen      int      // of a value in the logs, 0: no limit
	hinted      bool     // the user knows of maxlen
	ended       bool
}

const defaultMaxlen = 256

// scriptDebug chooses the debug mode of the connection. SCRIPT DEBUG YES | SYNC | NO
func (r *Runtime) scriptDebug(c *command.Ctx) error {
	mode := debugOff
	switch {
	case c.Is(2, "yes"):
		mode = debugUndo
	case c.Is(2, "sync"):
		mode = debugSync
	case !c.Is(2, "no"):
		return errDebugMode
	}
	if r.opt.DebugReady != nil {
		if err := r.opt.DebugReady(c.Client); err != nil {
			return err
		}
	}
	r.ForgetDebug(c.Client.ID())
	if mode != debugOff {
		if r.debug.modes == nil {
			r.debug.modes = make(map[uint64]debugMode)
		}
		r.debug.modes[c.Client.ID()] = mode
	}
	c.Reply.Status("OK")
	return nil
}

// ForgetDebug undoes SCRIPT DEBUG of a connection: it has been reset or has gone.
func (r *Runtime) ForgetDebug(client uint64) { delete(r.debug.modes, client) }

// Debugging tells whether the scripts of a connection run in the debugger.
func (r *Runtime) Debugging(client uint64) bool {
	return len(r.debug.modes) > 0 && r.debug.modes[client] != debugOff
}

// debugEval is EVAL in the debugger. The script is compiled for the session alone. A script whose shebang is
// "#!lua function=name" stands for FCALL name, so that clients which know EVAL only can debug functions: an extension.
func (r *Runtime) debugEval(c *command.Ctx, readOnly bool) error {
	src := string(c.Args[1])
	if name := shebangFunction(src); name != "" {
		inner := *c
		inner.Args = append([][]byte{c.Args[0], []byte(name)}, c.Args[2:]...)
		inner.Spec = c.Env.Table.Lookup([]byte("fcall"))
		if err := c.Client.Allowed(&inner); err != nil {
			return err
		}
		inner.Spec = c.Spec
		return r.debugCall(&inner, readOnly)
	}
	return r.debugRun(c, src, func() error {
		if _, err := numkeys(c); err != nil {
			return err
		}
		var sha [2 * sha1.Size]byte
		shaOf(&sha, c.Args[1])
		s, err := r.compile(string(sha[:]), c.Args[1])
		if err != nil {
			return err
		}
		return r.runScript(c, s, readOnly)
	})
}

// debugCall is FCALL in the debugger, an extension. The source is that of the function's library.
func (r *Runtime) debugCall(c *command.Ctx, readOnly bool) error {
	src := ""
	if f := r.function(c.Args[1]); f != nil {
		src = f.lib.source
	}
	return r.debugRun(c, src, func() error { return r.runFunction(c, readOnly) })
}

// shebangFunction returns the value of the option function of a shebang, "" without one.
func shebangFunction(src string) string {
	h, _, ok := splitShebang(src)
	if !ok || h.unbalanced || !strings.EqualFold(h.engine, "lua") {
		return ""
	}
	for _, o := range h.options {
		if o.name == "function" {
			return o.value
		}
	}
	return ""
}

// debugRun runs a script as a session: whatever becomes of it, the client gets the end of the session before the reply.
func (r *Runtime) debugRun(c *command.Ctx, src string, run func() error) error {
	if c.Mode&command.InMulti != 0 {
		return errDebugMulti
	}
	if r.opt.OpenConsole == nil || r.debug.session != nil {
		return errDebugConnection
	}
	console, err := r.opt.OpenConsole(c.Client)
	if err != nil {
		return err
	}
	d := &session{r: r, console: console, sync: r.debug.modes[c.Client.ID()] == debugSync, step: true, maxlen: defaultMaxlen}
	if src = strings.TrimRight(src, "\r\n"); src != "" {
		d.source = strings.Split(src, "\n")
	}
	r.debug.session = d
	err = run()
	r.debug.session = nil
	d.end()
	console.Close()
	return err
}

// hook makes a session, if there is one, stop at the lines of p. The returned function ends that.
func (r *Runtime) hook(p *lua.Proto) {
	if d := r.debug.session; d != nil {
		r.state.HookLines(p, d.newLine)
	}
}

// end sends what is left of the logs, and the marker by which clients know the end. The reply comes after it.
func (d *session) end() {
	if !d.ended {
		d.ended = true
		d.log("<endsession>")
		d.flush()
	}
}

// newLine is called by the VM before a new line.
func (d *session) newLine(c *lua.Call) int {
	d.line = c.Line()
	reason := "step over"
	switch {
	case d.breakpoint:
		reason = "redis.breakpoint() called"
	case d.isBreakpoint(d.line):
		reason = "break point"
	case d.step:
	case d.late:
		reason = "timeout reached, infinite loop?"
	default:
		return 0
	}
	d.step, d.breakpoint, d.late = false, false, false
	d.log("* Stopped at " + strconv.Itoa(d.line) + ", stop reason = " + reason)
	d.logSource(d.line)
	d.flush()
	d.converse(c)
	u := &d.r.run
	u.started = d.r.opt.Env.Nanotime() // limits count the time of the script, not of its user
	u.sliced, d.r.opt.Env.Mark = u.started, 0
	return 0
}

// converse carries out the user's commands until one lets the script go on.
func (d *session) converse(c *lua.Call) {
	for {
		args := d.next(c)
		if args == nil || d.do(c, args) {
			return
		}
		d.flush()
	}
}

// next waits for a command of the user. It returns nil if the script is to run on without one, and does not return if it is to end.
func (d *session) next(c *lua.Call) [][]byte {
	env := d.r.opt.Env
	since := env.Nanotime()
	for {
		args, err := d.console.Next()
		switch limit := d.r.Limits.DebugWait; {
		case d.r.run.killed:
			c.State().Stop(errKilled)
		case err == ErrConsoleClosed:
			return d.leave(c, ErrConsoleClosed)
		case err != nil:
			d.r.throw(c, "ERR protocol error")
		case args != nil:
			return args
		case limit > 0 && env.Nanotime()-since >= limit*1e6:
			return d.leave(c, errDebugWait)
		}
	}
}

// leave deals with a user who is no longer there: a script whose effects are undone anyway ends with err, one in sync mode runs on
// without stops, as in Redis.
func (d *session) leave(c *lua.Call, err error) [][]byte {
	if !d.sync {
		c.State().Stop(err)
	}
	d.r.state.UnhookLines()
	return nil
}

// isBreakpoint tells whether a line has a breakpoint.
func (d *session) isBreakpoint(line int) bool {
	for _, b := range d.breakpoints {
		if b == line {
			return true
		}
	}
	return false
}

// breakpoint is redis.breakpoint(): in a session it stops the script at the next line and returns true.
func (r *Runtime) breakpoint(c *lua.Call) int {
	d := r.debug.session
	if d != nil {
		d.breakpoint = true
	}
	return c.Return1(lua.Bool(d != nil))
}

// debugLog is redis.debug(value ...): in a session it logs its arguments.
func (r *Runtime) debugLog(c *lua.Call) int {
	d := r.debug.session
	if d == nil {
		return 0
	}
	w := &valueWriter{d: d, limit: maxValue}
	w.text("<debug> line " + strconv.Itoa(d.line) + ": ")
	for i := 1; i <= c.N(); i++ {
		if i > 1 {
			w.text(", ")
		}
		w.value(c.Arg(i), 0)
	}
	d.log(w.String())
	return 0
}
