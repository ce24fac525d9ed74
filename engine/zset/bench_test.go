// Benchmarks at a million members.
package zset

import (
	"math/rand/v2"
	"runtime"
	"testing"
)

func BenchmarkMillion(b *testing.B) {
	const n = 1_000_000
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	z, members := filled(n)
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.Logf("heap %.1f bytes per member, of which 40 are the benchmark's own list; MemUsage %.1f",
		float64(after.HeapAlloc-before.HeapAlloc)/n, float64(z.MemUsage())/n)
	r := rand.New(rand.NewPCG(4, 4))
	order := r.Perm(n)
	run := func(name string, fn func(i int)) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				fn(order[i%n])
			}
		})
	}
	run("Score", func(i int) { z.Score(members[i]) })
	run("Rank", func(i int) { z.Rank(members[i]) })
	run("At", func(i int) { z.At(i) })
	run("RankOfScore", func(i int) { z.RankOfScore(float64(i), false) })
	run("Set", func(i int) { z.Set(members[i], r.Float64()*1e6) })
	run("SetNear", func(i int) { s, _ := z.Score(members[i]); z.Set(members[i], s+0.01) })
	run("RemoveAdd", func(i int) { s, _ := z.Remove(members[i]); z.Set(members[i], s) })
	run("Page10", func(i int) {
		c := z.Seek(i)
		for k := 0; k < 10 && c.Valid(); k++ {
			c.Member()
			c.Next()
		}
	})
}

// BenchmarkWindow is a sliding window: a rising score added at the end, the oldest removed.
func BenchmarkWindow(b *testing.B) {
	z, members := filled(10_000)
	for i, m := range members {
		z.Set(m, float64(i))
	}
	b.ReportAllocs()
	for i := 10_000; b.Loop(); i++ {
		z.DeleteRange(0, 0, nil)
		z.Set(members[i%10_000], float64(i))
	}
}
