package server

import (
	"github.com/evald/evald/engine"
)

// stats are counters since start or the last CONFIG RESETSTAT.
type stats struct {
	connections, rejectedConnections uint64
	bytesIn, bytesOut                uint64
	errors, protocolErrors           uint64
	queryBufferDisconnects           uint64
	outputBufferDisconnects          uint64
	errorCodes                       map[string]*uint64
	evictedClients                   uint64
	peakMemory                       int64
	lastSave                         int64 // unix seconds
	savedDirty                       uint64
	loadDone, loadTotal              int   // rows
	loadStart                        int64 // unix us
	commandsRate, inRate, outRate    rate
	aclDenied                        [4]uint64
}

// rate is a moving average of a counter over 16 samples, per second.
type rate struct {
	samples [16]float64
	next    int
	last    uint64
	at      int64
}

func (r *rate) sample(now int64, count uint64) {
	if r.at != 0 && now > r.at && count >= r.last {
		r.samples[r.next] = float64(count-r.last) * 1000 / float64(now-r.at)
		r.next = (r.next + 1) % len(r.samples)
	}
	r.at, r.last = now, count
}

func (r *rate) mean() float64 {
	sum := 0.0
	for _, v := range r.samples {
		sum += v
	}
	return sum / float64(len(r.samples))
}

// reset zeroes what CONFIG RESETSTAT zeroes.
func (st *stats) reset(s *Server) {
	keep := *st
	*st = stats{errorCodes: map[string]*uint64{}, lastSave: keep.lastSave, savedDirty: keep.savedDirty, loadDone: keep.loadDone, loadTotal: keep.loadTotal, loadStart: keep.loadStart}
	st.peakMemory = s.ks.UsedMemory()
	s.saving.finished = 0
	ks := s.ks.Stats()
	*ks = engine.Stats{Dirty: ks.Dirty}
}

// totalCommands is the number of commands processed.
func (s *Server) totalCommands() uint64 {
	n := uint64(0)
	for _, spec := range s.table.All() {
		n += spec.Usage().Calls
	}
	return n
}

// cron does the housekeeping that is due.
func (s *Server) cron() {
	if s.ms < s.nextCron {
		if s.quit.Load() != nil {
			s.stopRequested()
		}
		s.endPause()
		return
	}
	s.nextCron = s.ms + cronInterval
	if s.quit.Load() != nil {
		s.stopRequested()
	}
	s.endPause()
	calls := s.totalCommands()
	s.collector.tick(calls)
	s.stats.commandsRate.sample(s.ms, calls)
	s.stats.inRate.sample(s.ms, s.stats.bytesIn)
	s.stats.outRate.sample(s.ms, s.stats.bytesOut)
	if s.config.maxMemory != 0 || s.config.maxMemoryClients != 0 { // it walks all clients
		s.measureMemory()
		s.evictClients()
	}
	s.stats.peakMemory = max(s.stats.peakMemory, s.usedMemory())
	s.watchStore()
	s.cronClients()
}

// clientsPerCron bounds how many clients one housekeeping round looks at.
const clientsPerCron = 200

// cronClients closes idle clients, releases their spare memory and watches soft output limits.
func (s *Server) cronClients() {
	for range min(clientsPerCron, len(s.clients)) {
		if len(s.clients) == 0 {
			return
		}
		s.cronNext = (s.cronNext + 1) % len(s.clients)
		c := s.clients[s.cronNext]
		idle := s.ms - c.active
		if t := int64(s.config.timeout); t > 0 && idle > t*1000 && c.flags&(isBlocked|monitoring) == 0 && c.subs.count() == 0 {
			s.opts.Log.Printf("closing idle client: %s", c.describe())
			s.close(c)
			continue
		}
		if idle > 2000 {
			c.in.Release()
			if len(c.out.Buf) == 0 {
				c.out.Buf = nil
			}
		}
		s.limitOutput(c)
	}
}

// unsent is the output that the client has not taken, held replies included.
func (c *conn) unsent() int {
	n := len(c.out.Buf) - c.sent
	if c.stream != nil {
		n += c.stream.unsent()
	}
	return n
}

// class is the client's class for output limits and CLIENT KILL TYPE.
func (c *conn) class() int {
	if c.subs.count() > 0 || c.flags&monitoring != 0 {
		return classPubSub
	}
	return classNormal
}

// limitOutput closes a client whose output has passed client-output-buffer-limit.
func (s *Server) limitOutput(c *conn) {
	if len(c.out.Buf) < keepOutput && !c.out.Refused && c.softSince == 0 && c.stream == nil || c.flags&closed != 0 {
		return
	}
	limit, n := s.config.outputLimits[c.class()], c.unsent()
	over := limit.hard > 0 && n >= limit.hard || c.out.Refused
	if limit.soft > 0 && n >= limit.soft {
		if c.softSince == 0 {
			c.softSince = s.ms
		}
		over = over || s.ms-c.softSince > int64(limit.seconds)*1000
	} else {
		c.softSince = 0
	}
	if over {
		s.opts.Log.Printf("closing client that reached its output buffer limit: %s", c.describe())
		s.stats.outputBufferDisconnects++
		s.close(c)
	}
}
