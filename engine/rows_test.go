package engine_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/internal/enginetest"
)

// TestRowsGiveTheKeyspace runs random units, rolled-back ones among them, and after every turn loads the rows into a new keyspace.
func TestRowsGiveTheKeyspace(t *testing.T) {
	seeds, turns := uint64(300), 60
	if testing.Short() {
		seeds = 60
	}
	for seed := range seeds {
		ks, rows := enginetest.New(seed), &enginetest.Rows{}
		w := enginetest.NewWorkload(ks, seed)
		w.Fault = func(what string) { t.Fatalf("seed %d: %s", seed, what) }
		for turn := range turns {
			w.Turn()
			ks.EncodeTurn(rows)
			if err := errors.Join(append(ks.Check(), rows.Verify(ks))...); err != nil {
				t.Fatalf("seed %d turn %d: %v", seed, turn, err)
			}
		}
	}
}

// TestLoadGoesOn loads a keyspace now and then and goes on with the loaded one.
func TestLoadGoesOn(t *testing.T) {
	for seed := range uint64(40) {
		ks, rows := enginetest.New(seed), &enginetest.Rows{}
		w, rng := enginetest.NewWorkload(ks, seed), rand.New(rand.NewPCG(seed, 3))
		for turn := range 100 {
			if rng.IntN(10) == 0 {
				w.KS = enginetest.New(seed)
				if err := rows.Load(w.KS); err != nil {
					t.Fatalf("seed %d turn %d: %v", seed, turn, err)
				}
			}
			w.Turn()
			w.KS.EncodeTurn(rows)
			if err := rows.Verify(w.KS); err != nil {
				t.Fatalf("seed %d turn %d: %v", seed, turn, err)
			}
		}
	}
}

// TestLoadedKeysAreNew: their accesses count from the load, under either policy.
func TestLoadedKeysAreNew(t *testing.T) {
	ks, rows := enginetest.New(1), &enginetest.Rows{}
	ks.BeginTurn(1e15)
	ks.Begin(false)
	ks.DB(0).SetString([]byte("k"), []byte("v"), engine.NoTTL)
	ks.End()
	ks.EncodeTurn(rows)
	for _, lfu := range []bool{false, true} {
		loaded := enginetest.New(1)
		loaded.Access().LFU, loaded.Access().DecayTime = lfu, 1
		if err := rows.Load(loaded); err != nil {
			t.Fatal(err)
		}
		in, ok := loaded.DB(0).Inspect([]byte("k"))
		if !ok {
			t.Fatal("the key is not there")
		}
		if lfu && in.Freq != 5 || !lfu && in.Idle != 0 {
			t.Errorf("LFU %v: counter %d, idle %d ms", lfu, in.Freq, in.Idle)
		}
	}
}

// FuzzLoad gives the loader damaged rows: an error or a keyspace, never a panic.
func FuzzLoad(f *testing.F) {
	ks, rows := enginetest.New(1), &enginetest.Rows{}
	w := enginetest.NewWorkload(ks, 1)
	for range 200 {
		w.Turn()
		ks.EncodeTurn(rows)
	}
	for i := range rows.Len() {
		k, v := rows.Row(i)
		f.Add(k, v, k, v)
	}
	f.Fuzz(func(t *testing.T, k1, v1, k2, v2 []byte) {
		ks := enginetest.New(1)
		l := ks.NewLoader()
		if l.Load(k1, v1) != nil || l.Load(k2, v2) != nil || l.Finish() != nil {
			return
		}
		ks.Digest()
	})
}
