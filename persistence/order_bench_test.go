package persistence

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// BenchmarkOrder commits turns of random rows as they come, and in the order of their keys.
func BenchmarkOrder(b *testing.B) {
	for _, rows := range []int{50, 800, 16_000} {
		for _, order := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/%v", rows, order), func(b *testing.B) {
				s, err := Open(Options{Dir: "d", FS: vfs.NewMem(), Policy: No})
				if err != nil {
					b.Fatal(err)
				}
				defer s.Close()
				rnd := rand.New(rand.NewPCG(1, 2))
				batch := s.db.NewBatch()
				for b.Loop() {
					batch.Reset()
					for range rows {
						batch.Set(fmt.Appendf(nil, "k\x00\x00\x00key:%012d", rnd.IntN(1_000_000)), []byte("xx12345678"), nil)
					}
					out := batch
					if order {
						out = s.ordered(batch)
					}
					if err := out.Commit(pebble.NoSync); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
