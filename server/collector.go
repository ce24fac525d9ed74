package server

import (
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// collector sets how much garbage may gather before Go collects it. Go's own rule, as much again as is alive, collects a small heap
// many times a second and lets a big one grow to twice its size. Here the headroom is some 48 MB, but at least a third of what is
// alive; and when the server has nothing to do, garbage goes and its pages return to the system. GOGC in the environment switches this off.
type collector struct {
	off     bool
	percent int
	samples []metrics.Sample
	idle    int    // housekeeping rounds without commands
	calls   uint64 // commands so far, to see whether there are any
	freed   bool   // pages were returned since the last command
}

const (
	collectorHeadroom = 48 << 20
	collectorLeast    = 33   // percent
	collectorMost     = 1200 // percent
	idleRounds        = 15   // of cronInterval: what counts as nothing to do
)

func newCollector() collector {
	g := collector{off: os.Getenv("GOGC") != "", percent: 100}
	g.samples = []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	return g
}

// tick runs at every housekeeping round; calls is the number of commands so far.
func (g *collector) tick(calls uint64) {
	if g.off {
		return
	}
	if calls != g.calls {
		g.calls, g.idle, g.freed = calls, 0, false
	} else if g.idle++; g.idle == idleRounds && !g.freed {
		g.freed = true
		go debug.FreeOSMemory()
	}
	metrics.Read(g.samples)
	live := max(g.samples[0].Value.Uint64(), 1<<20)
	want := int(min(max(collectorHeadroom*100/live, collectorLeast), collectorMost))
	if diff := want - g.percent; diff > g.percent/8 || diff < -g.percent/8 {
		g.percent = want
		debug.SetGCPercent(want)
	}
}
