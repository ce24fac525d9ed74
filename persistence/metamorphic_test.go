// Metamorphic runs: the same units under other policies, memtable and queue sizes, restarts, flushes and compactions end in the same state.
package persistence

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/evald/evald/internal/enginetest"
)

// metamorphicRun runs the units of a seed under the conditions that dice gives and returns the final state.
func metamorphicRun(t *testing.T, seed uint64, dice *rand.Rand) [32]byte {
	o := testOptions(t, vfs.NewMem())
	o.Policy = Policy(dice.IntN(3))
	o.MemTableSize = 64 << 10 << dice.IntN(11) // to 64 MiB
	o.QueueBytes = 1 << (4 + dice.IntN(20))
	o.LoadBlockSize = 1 << (4 + dice.IntN(14))
	restarts, flushes, compactions := dice.IntN(4), dice.IntN(4), dice.IntN(3)
	const turns = 150
	s, ks := mustOpen(t, o), enginetest.New(seed)
	w := enginetest.NewWorkload(ks, seed)
	happens := func(times int) bool { return dice.IntN(turns) < times }
	for i := range turns {
		w.Turn()
		if w.KS.TurnTouched() {
			s.Commit(w.KS.EncodeTurn(s.Batch()), dice.IntN(2) == 0, nil)
		} else {
			w.KS.EncodeTurn(nil)
		}
		switch {
		case happens(restarts):
			mustClose(t, s)
			o.Policy = Policy(dice.IntN(3))
			s = mustOpen(t, o)
			w.KS = enginetest.New(seed)
			if err := s.Load(w.KS, nil); err != nil {
				t.Fatal(err)
			}
		case happens(flushes):
			if _, err := s.db.AsyncFlush(); err != nil {
				t.Fatal(err)
			}
		case happens(compactions):
			if err := s.db.Compact(context.Background(), []byte{0}, []byte{0xff}, dice.IntN(2) == 0); err != nil {
				t.Fatal(err)
			}
		case dice.IntN(20) == 0:
			s.tick(i)
		}
	}
	mustClose(t, s)
	s = mustOpen(t, o)
	defer mustClose(t, s)
	return mustLoad(t, s).Digest()
}

func TestConditionsDoNotChangeTheState(t *testing.T) {
	seeds, err := strconv.Atoi(os.Getenv("EVALD_METAMORPHIC_SEEDS"))
	if err != nil {
		seeds = 20
	}
	if testing.Short() {
		seeds = min(seeds, 5)
	}
	for seed := range uint64(seeds) {
		plain := enginetest.New(seed)
		w := enginetest.NewWorkload(plain, seed)
		for range 150 {
			w.Turn()
			plain.EncodeTurn(nil)
		}
		for variant := range uint64(3) {
			if metamorphicRun(t, seed, rand.New(rand.NewPCG(seed, 40+variant))) != plain.Digest() {
				t.Errorf("seed %d, variant %d: another state", seed, variant)
			}
		}
	}
}
