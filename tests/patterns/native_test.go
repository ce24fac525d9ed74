// Commands that do natively what a function does give what the function gives, call for call.
package patterns

import (
	"fmt"
	"strings"
	"testing"
)

// GCRA and CL.THROTTLE against rl_gcra: the same calls at the same instants on two keys, in turn with each other on one. The
// commands count in seconds, rounded up.
func TestNativeGCRA(t *testing.T) {
	eachServer(t, func(t *testing.T, c *caller) {
		if err := c.rdb.Do(ctx, "GCRA", "probe", 1, 1, 1, "TOKENS", 0).Err(); err != nil {
			if c.server.name == "evald" || !strings.Contains(err.Error(), "unknown command") {
				t.Fatal(err)
			}
			t.Skip("this server has no GCRA")
		}
		if c.server.clock == 0 {
			t.Skip("two calls cannot be at one instant of a clock that runs")
		}
		m := newModeler(t, c)
		seconds := func(ms int64) int64 {
			if ms < 0 {
				return ms
			}
			return (ms + 999) / 1000
		}
		for range 3000 {
			m.tick(m.rng.Int64N(3_000_000) * int64(m.rng.IntN(2)))
			burst, count, period, cost := pick(m, 0, 1, 5, 30), pick(m, 1, 7, 100), pick(m, 1, 3, 60), pick(m, 0, 1, 1, 1, 2, 6, 31)
			script := m.ints("rl_gcra", keys("script:{a}"), burst, count, period*1000, cost)
			command := []any{"GCRA", "native:{a}", burst, count, fmt.Sprint(period, ".0"), "TOKENS", cost}
			if m.rng.IntN(2) == 0 {
				command = []any{"CL.THROTTLE", "native:{a}", burst, count, period, cost}
			}
			reply, err := c.rdb.Do(ctx, command...).Result()
			if err != nil {
				t.Fatal(command, err)
			}
			want := fmt.Sprint("[", script[0], " ", script[1], " ", script[2], " ", seconds(script[3]), " ", seconds(script[4]), "]")
			if text(reply) != want {
				t.Fatalf("%v: %s, rl_gcra says %v", command, text(reply), script)
			}
			if a, b := c.rdb.Get(ctx, "script:{a}").Val(), c.rdb.Get(ctx, "native:{a}").Val(); a != b {
				t.Fatalf("%v leaves %s, rl_gcra %s", command, b, a)
			}
			if m.rng.IntN(50) == 0 { // the commands go on with what the script left, and the reverse
				c.rdb.Rename(ctx, "script:{a}", "swap:{a}")
				c.rdb.Rename(ctx, "native:{a}", "script:{a}")
				c.rdb.Rename(ctx, "swap:{a}", "native:{a}")
			}
		}
	})
}
