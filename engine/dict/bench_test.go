// Benchmarks against Go's own map.
package dict

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

var sizes = []int{1000, 1_000_000}

func benchKeys(n int) ([]string, []int) {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("key:%09d", i)
	}
	return keys, rand.New(rand.NewPCG(1, 1)).Perm(n)
}

func BenchmarkFind(b *testing.B) {
	for _, n := range sizes {
		keys, order := benchKeys(n)
		bs := make([][]byte, n)
		d, m := New(8), map[string]Entry{}
		for i, k := range keys {
			bs[i] = []byte(k)
			d.Insert(entry(k, 0))
			m[k] = entry(k, 0)
		}
		b.Run(fmt.Sprint("dict/", n), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				d.Find(bs[order[i%n]])
			}
		})
		b.Run(fmt.Sprint("map/", n), func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				_ = m[string(bs[order[i%n]])]
			}
		})
	}
}

func BenchmarkInsertMillion(b *testing.B) {
	const n = 1_000_000
	keys, order := benchKeys(n)
	entries := make([]Entry, n)
	for i, k := range keys {
		entries[i] = entry(k, 0)
	}
	b.Run("dict", func(b *testing.B) {
		for b.Loop() {
			d := New(8)
			for _, i := range order {
				d.Insert(entries[i])
			}
			b.ReportMetric(float64(d.MemUsage())/n, "table-B/entry")
		}
	})
	b.Run("map", func(b *testing.B) {
		for b.Loop() {
			m := map[string]Entry{}
			for _, i := range order {
				m[keys[i]] = entries[i]
			}
		}
	})
}

func BenchmarkDeleteInsert(b *testing.B) {
	const n = 1_000_000
	keys, order := benchKeys(n)
	d := New(8)
	bs := make([][]byte, n)
	for i, k := range keys {
		bs[i] = []byte(k)
		d.Insert(entry(k, 0))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.Insert(d.Delete(bs[order[i%n]]))
	}
}

func BenchmarkRandom(b *testing.B) {
	for _, n := range sizes {
		keys, _ := benchKeys(n)
		d := New(8)
		for _, k := range keys {
			d.Insert(entry(k, 0))
		}
		r := rand.New(rand.NewPCG(1, 2))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				d.Random(r.Uint64)
			}
		})
	}
}
