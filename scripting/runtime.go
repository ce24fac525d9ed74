// Package scripting runs Lua: EVAL and its relatives, SCRIPT, FUNCTION and FCALL, the redis.* functions, and their limits. It runs on
// the command loop; one script at a time.
package scripting

import (
	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting/lua"
)

// Options connect a runtime with its server.
type Options struct {
	KS  *engine.Keyspace
	Env *command.Env
	// Log writes a redis.log message to the server's log; level is 0 (debug) to 3 (warning).
	Log func(level int, msg string)
	// Version is REDIS_VERSION, Redis's level of compatibility, such as "7.4.2".
	Version string
	// Mark and Unwind bracket what a unit has queued outside the keyspace, such as messages of PUBLISH: Unwind drops what was queued
	// since that Mark.
	Mark   func() int
	Unwind func(mark int)
	// CommandsAdded is told of commands that a library brought, for ACL.
	CommandsAdded func(specs []*command.Spec)
	// DebugReady tells why a client may not change its debug mode now, and OpenConsole begins a session with it, whose command is
	// running. Both may be nil.
	DebugReady  func(c command.Client) error
	OpenConsole func(c command.Client) (Console, error)
	// WhileBusy is called now and then from inside a script that has run longer than BusyAfter: the server answers other clients
	// there. It may call Kill.
	WhileBusy func()
}

// Limits are the settings that CONFIG SET changes.
type Limits struct {
	BusyAfter  int64 // busy-reply-threshold in ms; 0: never busy
	MaxRuntime int64 // script-max-runtime in ms; 0: no limit
	MaxMemory  int64 // script-max-memory in bytes; 0: no limit
	MaxSource  int   // lua-max-script-size in bytes
	DebugWait  int64 // script-debug-timeout in ms: how long a debugger waits for its user; 0: for ever
	Rollback   bool  // script-rollback: an error undoes every script, asked for or not
}

// DefaultLimits are the defaults.
func DefaultLimits() Limits {
	return Limits{BusyAfter: 5000, DebugWait: 300_000, MaxMemory: 256 << 20, MaxSource: lua.DefaultMaxSource}
}

// Runtime is the scripting of one server.
type Runtime struct {
	Limits Limits
	// AnyCommand lets scripts call commands that are not for them: DEBUG SET-DISABLE-DENY-SCRIPTS.
	AnyCommand bool

	opt       Options
	state     *lua.State
	scripts   *cache
	libs      *libraries
	loading   *library   // being loaded
	resolving *libraries // where it finds what it requires
	waiting   []string   // sources of libraries that wait for others, during the load of the store
	refs      []command.KeyRef
	bundle    bundled
	loadEnv   *lua.Table // the globals of a library's own code
	run       run        // the running script
	debug     debugger
	values    replyStrings

	keys, argv   *lua.Table // of the last run
	onSlice      func() error
	onResult     func(c *lua.Call)
	errorHandler lua.Value
	callFunction lua.Value // redis.call
	argsGlobal   bool      // KEYS and ARGV are set
	withoutUndo  bool      // BenchmarkUndo compares with it
}

// New returns a runtime; its commands come from Commands.
func New(o Options) *Runtime {
	r := &Runtime{Limits: DefaultLimits(), opt: o, state: lua.New(), scripts: newCache(), libs: newLibraries()}
	r.onSlice, r.onResult = r.slice, r.deliver
	r.values.intern(r.state)
	r.errorHandler = r.state.NewNative("error", r.errorText)
	r.openRedis()
	r.openLoading()
	o.KS.RegisterRows(scriptRows, (*scriptSource)(r))
	o.KS.RegisterRows(libraryRows, (*librarySource)(r))
	return r
}

// replyStrings are the field names of reply tables, made once.
type replyStrings struct {
	err, ok, okText, ignore, double, bigNumber, verbatim, str, format, mapField, set lua.Value
}

func (v *replyStrings) intern(s *lua.State) {
	v.err, v.ok, v.okText, v.ignore = s.Intern("err"), s.Intern("ok"), s.Intern("OK"), s.Intern("ignore_error_stats_update")
	v.double, v.bigNumber, v.verbatim = s.Intern("double"), s.Intern("big_number"), s.Intern("verbatim_string")
	v.str, v.format, v.mapField, v.set = s.Intern("string"), s.Intern("format"), s.Intern("map"), s.Intern("set")
}

// compile makes a script of a source. The error is a reply.
func (r *Runtime) compile(sha string, src []byte) (*script, error) {
	s := &script{sha: sha, source: string(src)}
	var body string
	var err error
	if s.limits, body, err = parseScript(s.source); err != nil {
		return nil, err
	}
	r.state.SetMaxSource(r.Limits.MaxSource)
	if s.proto, err = r.state.Load(body, "@user_script"); err != nil {
		return nil, command.Error("ERR Error compiling script (new function): " + err.Error())
	}
	return s, nil
}

// kill asks the running script or function to stop. It is called on the loop, from WhileBusy. With force it may have written: what it
// did is then undone.
func (r *Runtime) kill(function, force bool) error {
	u := &r.run
	switch {
	case !u.active:
		return errNotBusy
	case u.function && !function:
		return errBusyFunction
	case !u.function && function:
		return errBusyScript
	case u.wrote && !u.undo && !force:
		return errUnkillable
	}
	u.killed, u.undo = true, u.undo || force
	return nil
}

// BusyError is the reply to clients while a script has been running for longer than BusyAfter.
func (r *Runtime) BusyError() error {
	if r.run.function {
		return errBusyFunction
	}
	return errBusyScript
}

// Running tells whether a script is running.
func (r *Runtime) Running() bool { return r.run.active }

var errKilled error = command.Error(textKilled)
