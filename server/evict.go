package server

import "github.com/evald/evald/engine"

const (
	evictBatch  = 64
	evictBudget = 500_000 // ns per command or turn, at the default of maxmemory-eviction-tenacity
)

// applyMaxMemory puts maxmemory and its policy into effect.
func (s *Server) applyMaxMemory() error {
	s.evictPolicy, _ = engine.ParseEvictPolicy(s.config.maxMemoryPolicy)
	s.ks.Access().LFU = s.evictPolicy.LFU()
	s.env.OutOfMemory = nil
	if s.config.maxMemory != 0 {
		s.env.OutOfMemory = s.outOfMemory
	}
	return nil
}

// outOfMemory evicts keys if memory takes more than maxmemory, and tells whether a command that needs memory must be refused. A
// command of a script or transaction evicts nothing: what runs as one unit sees no key go.
func (s *Server) outOfMemory() bool {
	if s.usedMemory() <= int64(s.config.maxMemory) {
		return false
	}
	return s.ks.InUnit() || !s.evict()
}

// evict removes keys until it fits or the time is used up. It is false if no key is left that may go.
func (s *Server) evict() bool {
	limit := int64(s.config.maxMemory)
	if limit == 0 || s.usedMemory() <= limit || s.loading() || s.ks.InUnit() {
		return true
	}
	if s.measuredTurn != s.ks.Turn() {
		s.measuredTurn = s.ks.Turn()
		s.measureMemory() // clients that are gone must cost no key
		return s.evict()
	}
	if s.evictPolicy == engine.NoEviction {
		return false
	}
	start := s.env.Nanotime()
	fits, found := false, true
	for !fits && found && (s.config.evictionTenacity == 100 || s.env.Nanotime()-start < evictBudget*int64(s.config.evictionTenacity+1)/11) {
		s.ks.Begin(false)
		var n int
		n, fits = s.ks.Evict(s.evictPolicy, s.config.maxMemorySamples, limit-s.clientMemory, evictBatch)
		found = n > 0
		s.endUnit(nil, 0)
	}
	s.latency("eviction-cycle", s.env.Nanotime()-start)
	return fits || found
}
