package server

import "github.com/evald/evald/engine/command"

// CLIENT PAUSE: commands that arrive while it lasts wait in their connections.

// pauses tells whether a command must wait for the end of CLIENT PAUSE.
func (s *Server) pauses(c *conn, x *command.Ctx) bool {
	if s.ms >= s.pausedUntil {
		return false
	}
	spec := x.Spec
	if spec == s.specs.clientUnpause || spec == s.specs.clientPause && s.pauseAll {
		return spec == s.specs.clientPause
	}
	if s.pauseAll {
		return true
	}
	if spec == s.specs.exec {
		for _, q := range c.tx.queued {
			if s.mayWrite(q.spec, q.args) {
				return true
			}
		}
		return false
	}
	return s.mayWrite(spec, x.Args)
}

// mayWrite tells whether a call can change data or publish.
func (s *Server) mayWrite(spec *command.Spec, args [][]byte) bool {
	return spec.CallFlags(args)&(command.Write|command.MayReplicate) != 0
}

// pause stops commands until the given unix ms; a later end than the present one wins.
func (s *Server) pause(until int64, all bool) {
	if until > s.pausedUntil {
		s.pausedUntil = until
	}
	s.pauseAll = s.pauseAll || all
	s.ks.ExpirePaused = true
}

// unpause lets the waiting commands go on.
func (s *Server) unpause() {
	s.pausedUntil, s.pauseAll = 0, false
	s.ks.ExpirePaused = false
	for _, c := range s.clients {
		if c.flags&isPaused != 0 {
			c.flags &^= isPaused
			s.goOn(c)
		}
	}
}

func (s *Server) endPause() {
	if s.pausedUntil != 0 && s.ms >= s.pausedUntil {
		s.unpause()
	}
}
