package server

import "strings"

// applyMaxMemory puts maxmemory and its policy into effect.
func (s *Server) applyMaxMemory() error {
	s.ks.Access().LFU = strings.HasSuffix(s.config.maxMemoryPolicy, "-lfu")
	if s.config.maxMemory == 0 {
		s.env.OutOfMemory = nil
		return nil
	}
	s.env.OutOfMemory = s.outOfMemory
	return nil
}

// outOfMemory tells whether the data takes more than maxmemory.
func (s *Server) outOfMemory() bool { return s.ks.UsedMemory() > int64(s.config.maxMemory) }
