// Speed of commits and of recovery.
package persistence

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/evald/evald/engine"
)

func benchKeyspace() *engine.Keyspace {
	return engine.New(engine.Options{Random: func() uint64 { return 4 }})
}

// BenchmarkLoad loads EVALD_LOAD_KEYS strings of 32 bytes (default 200,000) and reports keys per second.
func BenchmarkLoad(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("EVALD_LOAD_KEYS"))
	if err != nil {
		n = 200_000
	}
	kinds := map[string]func(ks *engine.Keyspace, i int){
		"strings": func(ks *engine.Keyspace, i int) {
			ks.DB(0).SetString(fmt.Appendf(nil, "key:%012d", i), fmt.Appendf(nil, "%032d", i), engine.NoTTL)
		},
		"hashes": func(ks *engine.Keyspace, i int) {
			if h, _ := ks.DB(0).HashForUpdate(fmt.Appendf(nil, "key:%012d", i)); i%10 == 0 {
				for f := range 10 {
					h.Set(fmt.Appendf(nil, "field%d", f), fmt.Appendf(nil, "value%d", i))
				}
			}
		},
		"zset": func(ks *engine.Keyspace, i int) {
			z, _ := ks.DB(0).ZSetForUpdate([]byte("board"))
			z.Set(fmt.Appendf(nil, "member:%09d", i), float64(i*7919%n))
		},
	}
	for _, kind := range []string{"strings", "hashes", "zset"} {
		b.Run(kind, func(b *testing.B) {
			o := Options{Dir: b.TempDir(), Policy: No}
			s := mustOpen(b, o)
			ks := benchKeyspace()
			for i := 0; i < n; {
				ks.BeginTurn(int64(i))
				ks.Begin(false)
				for range min(1000, n-i) {
					kinds[kind](ks, i*7919%n)
					i++
				}
				ks.End()
				s.Commit(ks.EncodeTurn(s.Batch()), false, nil)
			}
			mustClose(b, s)
			ks = nil
			b.ResetTimer()
			for range b.N {
				s := mustOpen(b, o)
				if err := s.Load(benchKeyspace(), nil); err != nil {
					b.Fatal(err)
				}
				mustClose(b, s)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// BenchmarkTurn hands over turns of one SET each, as fast as the committer takes them.
func BenchmarkTurn(b *testing.B) {
	for _, p := range []Policy{Always, EverySec, No} {
		b.Run(p.String(), func(b *testing.B) {
			s := mustOpen(b, Options{Dir: b.TempDir(), Policy: p})
			defer mustClose(b, s)
			ks := benchKeyspace()
			key, val := []byte("key"), make([]byte, 100)
			b.ReportAllocs()
			for i := range b.N {
				ks.BeginTurn(int64(i))
				ks.Begin(false)
				ks.DB(0).SetString(key, val, engine.NoTTL)
				ks.End()
				s.Commit(ks.EncodeTurn(s.Batch()), false, nil)
			}
			if err := s.Sync(); err != nil {
				b.Fatal(err)
			}
			m := s.Metrics()
			b.ReportMetric(float64(m.Turns)/float64(m.Commits), "turns/commit")
			b.ReportMetric(float64(m.MeanCommit.Microseconds()), "us/commit")
		})
	}
}
