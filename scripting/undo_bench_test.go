package scripting

import (
	"fmt"
	"testing"
)

// BenchmarkUndo measures what it costs to keep a script undoable: a script of ten writes to small and big values.
func BenchmarkUndo(b *testing.B) {
	const body = `for i = 1, 10 do redis.call('set', KEYS[i], ARGV[1]) redis.call('zadd', 'z', ARGV[1], KEYS[i]) redis.call('hset', 'h', KEYS[i], ARGV[1]) end return 1`
	for _, undo := range []bool{false, true} {
		b.Run(fmt.Sprint(undo), func(b *testing.B) {
			w := newWorld(b)
			w.r.Limits.Rollback = undo
			sha := w.do("script", "load", body)[5:45]
			raw := [][]byte{[]byte("evalsha"), []byte(sha), []byte("10")}
			for i := range 10 {
				raw = append(raw, fmt.Appendf(nil, "key:%d", i))
			}
			raw = append(raw, nil)
			for i := range 1000 {
				w.do("hset", "h", fmt.Sprint(i), "x")
				w.do("zadd", "z", "1", fmt.Sprint(i))
			}
			n := 0
			for b.Loop() {
				n++
				raw[len(raw)-1] = fmt.Appendf(nil, "%d", n)
				w.out.Buf = w.out.Buf[:0]
				w.run(raw)
			}
		})
	}
}
