package server

import (
	"cmp"
	"slices"

	"github.com/evald/evald/engine"
)

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
		s.evictClients()
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

// evictClients closes the clients that take most until all together take no more than maxmemory-clients, as measured last.
func (s *Server) evictClients() {
	limit := int64(s.config.maxMemoryClients)
	if limit < 0 { // a percentage
		limit = int64(s.config.maxMemory) / 100 * -limit
	}
	if limit == 0 || s.clientMemory <= limit {
		return
	}
	list := slices.DeleteFunc(slices.Clone(s.clients), func(c *conn) bool { return c.flags&noEvict != 0 || c == s.running })
	slices.SortFunc(list, func(a, b *conn) int { return cmp.Compare(b.memory(), a.memory()) })
	for _, c := range list {
		if s.clientMemory <= limit {
			return
		}
		s.clientMemory -= int64(c.memory())
		s.stats.evictedClients++
		s.opts.Log.Printf("evicting client: %s", c.describe())
		s.close(c)
	}
}
