package server

import "strings"

// Browsers can be made to send a server on their own machine an HTTP request whose body is commands. Its first lines give it away, and the
// connection is closed before the body is read, as in Redis. What was to be replied so far is not sent.

// isHTTP tells whether the name of an unknown command is the beginning of an HTTP request, or of the header that each has.
func isHTTP(name []byte) bool {
	return len(name) <= 5 && (strings.EqualFold(string(name), "post") || strings.EqualFold(string(name), "host:"))
}

// httpWarnings is how often attacks are logged: once in so many ms.
const httpWarnings = 60_000

func (s *Server) dropHTTP(c *conn) {
	if s.ms >= s.nextHTTPWarning {
		s.nextHTTPWarning = s.ms + httpWarnings
		s.opts.Log.Printf("possible SECURITY ATTACK detected: POST or Host: commands come from %s, as by a browser that is made to send commands. Connection aborted.", c.addr)
	}
	s.close(c)
}
