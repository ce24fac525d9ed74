package scripting

import (
	"fmt"
	"testing"
)

// BenchmarkUndo measures what it costs to keep a script undoable: one that does nothing but write, to small and big values, and one that
// reads and writes as scripts do, a sliding window.
func BenchmarkUndo(b *testing.B) {
	for _, script := range []struct{ name, body string }{
		{"writes", `for i = 1, 10 do redis.call('set', KEYS[i], ARGV[1]) redis.call('zadd', 'z', ARGV[1], KEYS[i]) redis.call('hset', 'h', KEYS[i], ARGV[1]) end return 1`},
		{"window", `local now = tonumber(ARGV[1])
redis.call('zremrangebyscore', KEYS[1], '-inf', now - 50)
if redis.call('zcard', KEYS[1]) >= 100 then return 0 end
redis.call('zadd', KEYS[1], now, ARGV[1])
redis.call('pexpire', KEYS[1], 60000)
return 1`},
	} {
		for _, without := range []bool{true, false} {
			name := script.name + "/undo"
			if without {
				name = script.name + "/without"
			}
			b.Run(name, func(b *testing.B) {
				w := newWorld(b)
				w.r.withoutUndo = without
				sha := w.do("script", "load", script.body)[5:45]
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
}
