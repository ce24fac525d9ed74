package server

import (
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/scripting"
	"github.com/evald/evald/scripts"
)

// openScripting makes the Lua runtime: its commands, its limits and what it needs of the loop.
func (s *Server) openScripting() {
	s.scripts = scripting.New(scripting.Options{KS: s.ks, Env: &s.env, Version: redisVersion, Log: s.logScript, WhileBusy: s.whileBusy,
		Mark: func() int { return len(s.pushes) }, Unwind: s.dropPushes, CommandsAdded: s.allowAdded,
		DebugReady: s.debugReady, OpenConsole: s.openConsole})
	s.scripts.SetBundle(bundle())
}

// bundle is the pattern library: every area as a function library, every function as a script under its SHA1.
func bundle() scripting.Bundle {
	var b scripting.Bundle
	for _, lib := range scripts.Libraries() {
		l := scripting.BundledLibrary{Source: lib.Source}
		for _, f := range lib.Functions {
			l.Functions = append(l.Functions, f.Name)
			b.Scripts = append(b.Scripts, f.Script)
		}
		b.Libraries = append(b.Libraries, l)
	}
	return b
}

// dropPushes forgets the messages that were queued after the first n: the script that sent them is undone.
func (s *Server) dropPushes(n int) {
	clear(s.pushes[n:])
	s.pushes = s.pushes[:n]
	s.invalidated = 0
}

// scriptLevels are the names of redis.log's levels.
var scriptLevels = [...]string{"debug", "verbose", "notice", "warning"}

func (s *Server) logScript(level int, msg string) {
	s.opts.Log.Printf("script, %s: %s", scriptLevels[level], msg)
}

// whileBusy lets other clients in while a long script runs. If the server shall end, the script ends too, and with it everything
// that this turn has not yet committed: nobody has seen it.
func (s *Server) whileBusy() { s.serveBusy(0) }

// serveBusy is whileBusy that waits up to wait ms for something to serve.
func (s *Server) serveBusy(wait int) {
	if err := s.pollBusy(s.scripts.BusyError(), wait); err != nil {
		s.abandoned = true
		s.scripts.Stop()
	}
}

// applyScriptLimits puts the parameters of scripting into effect.
func (s *Server) applyScriptLimits() error {
	l, c := &s.scripts.Limits, &s.config
	l.BusyAfter, l.MaxRuntime, l.MaxMemory = int64(c.busyThreshold), int64(c.scriptMaxRuntime), int64(c.scriptMaxMemory)
	l.MaxSource, l.Rollback, l.DebugWait = c.scriptMaxSource, c.scriptRollback, 1000*int64(c.scriptDebugTimeout)
	return nil
}

// allowAdded extends every ACL selector to commands that a function library has brought: its rules are applied to them in order.
func (s *Server) allowAdded(specs []*command.Spec) {
	for _, u := range s.acl.users {
		for _, sel := range u.selectors {
			for _, spec := range specs {
				sel.extend(s.table.Size())
				sel.applyTo(spec)
			}
		}
	}
}
