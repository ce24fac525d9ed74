// The reply gate from end to end: whatever a client was told, as a writer or as a reader, is there after a power failure.
package persistence

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// gateRun plays a loop with clients: every unit increments or reads counters, and its reply is released when the turns that it needs
// are durable. Counters only grow, so what a released reply showed is a lower bound of what must survive.
type gateRun struct {
	rng     *rand.Rand
	eager   bool // seeded bug: replies of readers do not wait
	ks      *engine.Keyspace
	store   *Store
	waiting []reply
}

// A reply shows the values of some counters and waits for a turn.
type reply struct {
	turn  uint64
	shown map[string]int64
}

const gateCounters = 20

func (g *gateRun) key(i int) []byte { return strconv.AppendInt([]byte("counter:"), int64(i), 10) }

// unit is one command of one client.
func (g *gateRun) unit(now int64) {
	ks, db := g.ks, g.ks.DB(0)
	ks.BeginTurn(now)
	seq := ks.Turn()
	ks.Begin(g.rng.IntN(4) == 0)
	r := reply{shown: map[string]int64{}}
	for range 1 + g.rng.IntN(3) {
		key := g.key(g.rng.IntN(gateCounters))
		n, _, _ := db.StringInt(key)
		if g.rng.IntN(3) == 0 {
			n++
			db.IncrBy(key, n)
		}
		r.shown[string(key)] = n
	}
	o := ks.End()
	r.turn = o.Saw
	if o.Touched {
		r.turn = seq
	} else if g.eager {
		r.turn = 0
	}
	g.waiting = append(g.waiting, r)
}

// run returns the first reply that was released and is not true after the crash.
func (g *gateRun) run(seed uint64) error {
	g.rng = rand.New(rand.NewPCG(seed, 11))
	fs := vfs.NewCrashableMem()
	o := Options{Dir: "d", FS: fs, MemTableSize: 64 << 10, BallastBytes: -1, SyncEvery: -1, Fatal: func(line string) { panic(line) }}
	var err error
	if g.store, err = Open(o); err != nil {
		return err
	}
	g.ks = enginetest.New(seed)
	for turn := range 5 + g.rng.IntN(40) {
		g.ks.Committed(g.store.Durable())
		for range 1 + g.rng.IntN(4) {
			g.unit(int64(turn))
		}
		commitTurn(g.store, g.ks)
	}
	durable := g.store.Durable()
	clone := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 50, RNG: rand.New(rand.NewPCG(seed, 12))})
	if err := g.store.Close(); err != nil {
		return err
	}
	o.FS = clone
	s, err := Open(o)
	if err != nil {
		return err
	}
	defer s.Close()
	after := enginetest.New(seed)
	if err := s.Load(after, nil); err != nil {
		return err
	}
	for _, r := range g.waiting {
		if r.turn > durable {
			continue
		}
		for key, n := range r.shown {
			if have, _, _ := after.DB(0).StringInt([]byte(key)); have < n {
				return fmt.Errorf("%s was %d in a reply of turn %d, released with %d durable, and is %d after the crash", key, n, r.turn, durable, have)
			}
		}
	}
	return nil
}

func TestReleasedRepliesAreTrueAfterACrash(t *testing.T) {
	for seed := range crashRounds(t, 200) {
		if err := new(gateRun).run(seed); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestGateTestCatchesEagerReaders(t *testing.T) {
	for seed := range uint64(200) {
		if err := (&gateRun{eager: true}).run(seed); err != nil {
			t.Logf("caught in round %d: %v", seed, err)
			return
		}
	}
	t.Error("not caught")
}
