package server

import (
	"strings"

	"github.com/evald/evald/engine/command"
)

// shutdownCmd ends the server. SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]. Everything acknowledged is durable in every case; the
// words are accepted for their meaning in Redis.
func (s *Server) shutdownCmd(x *command.Ctx) error {
	seen := map[string]bool{}
	for _, a := range x.Args[1:] {
		word := strings.ToLower(string(a))
		switch word {
		case "nosave", "save", "now", "force", "abort":
			seen[word] = true
		default:
			return command.ErrSyntax
		}
	}
	if seen["abort"] && len(seen) > 1 || seen["save"] && seen["nosave"] {
		return command.ErrSyntax
	}
	if seen["abort"] {
		return command.Error("ERR No shutdown in progress.")
	}
	if s.busyDepth > 0 && !seen["nosave"] {
		return s.busyError
	}
	s.opts.Log.Print("shutting down: SHUTDOWN was called")
	s.stopped = true
	return nil
}

// stopRequested acts on a signal or on Close.
func (s *Server) stopRequested() {
	q := s.quit.Load()
	if q.signal != nil {
		s.opts.Log.Printf("shutting down: %v", q.signal)
	}
	s.stopped = true
}
