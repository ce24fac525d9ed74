// What single functions promise beyond the rules and the models: each on a case that tells right from wrong.
package patterns

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/evald/evald/scripts"
)

// A cost of 0 looks: whatever the state, nothing is written.
func TestCostZeroWritesNothing(t *testing.T) {
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		for i, p := range fn.Args {
			look := p.Name == "cost" || p.Name == "most" || p.Name == "weight" || p.Name == "estimate" || p.Name == "by" || fn.Name == "stock_reserve" && p.Name == "n"
			if !look {
				continue
			}
			args := append([]any{}, e.args...)
			for len(args) <= i {
				args = append(args, "") // an optional argument that the example leaves out
			}
			args[i] = 0
			for range 2 { // of nothing, then of what the example leaves
				c.unchanged("cost 0", func() { c.call(fn.Name, e.keys, args...) })
				c.call(fn.Name, e.keys, e.args...)
			}
		}
	})
}

// Leaky bucket: delays grow by one interval per unit, and a denied call is told when it would be taken.
func TestModelLeaky(t *testing.T) {
	models(t, func(m *modeler) func() {
		const unit, most = 3334, 12 // us per call of 3 in 10 ms, longest delay in ms
		free := int64(0)
		return func() {
			m.sometimes(5, 8)
			cost := m.rng.Int64N(3)
			got, now := m.timed("rl_leaky", keys("q:{m}"), 3, 10, most, cost)
			wait := max(0, free-now)
			want := fmt.Sprintf("[0 %d %d]", (wait+999)/1000, (wait+unit-1)/unit)
			if wait > most*1000 {
				want = fmt.Sprintf("[1 %d %d]", (wait-most*1000+999)/1000, (wait+unit-1)/unit)
			} else if cost > 0 {
				free = max(free, now) + cost*unit
			}
			m.check(got, want, "leaky", cost)
		}
	})
}

// Concurrency: the calls in progress never exceed the maximum, retry_after is the end of a lease.
func TestModelConcurrency(t *testing.T) {
	models(t, func(m *modeler) func() {
		calls := map[string]int64{}
		return func() {
			m.sometimes(5, 8)
			id, lease := fmt.Sprint("c", m.rng.IntN(6)), m.rng.Int64N(12)+1
			got, now := m.timed("rl_concurrency", keys("c:{m}"), id, 3, lease)
			ms, first, last := now/1000, int64(math.MaxInt64), now/1000
			for k, until := range calls {
				if until <= ms {
					delete(calls, k)
					continue
				}
				first, last = min(first, until), max(last, until)
			}
			if _, mine := calls[id]; !mine && len(calls) == 3 {
				m.check(got, fmt.Sprintf("[1 3 0 %d %d]", first-ms, last-ms), "concurrency", id)
				return
			}
			calls[id] = max(calls[id], ms+lease)
			m.check(got, fmt.Sprintf("[0 3 %d -1 %d]", 3-len(calls), max(last, calls[id])-ms), "concurrency", id)
		}
	})
}

// Reservations: what is held and what was really used leave the bucket, what ran out comes back, debt is paid first.
func TestModelReserve(t *testing.T) {
	models(t, func(m *modeler) func() {
		const capacity, refill, interval = 40, 3, 4
		b := &bucketModel{capacity: capacity, refill: refill, interval: interval, tokens: capacity}
		holds := map[string]lease{}
		k := keys("b:{m}", "h:{m}", "c:{m}")
		// settle brings the model to now: the refills, then the holds that ran out.
		settle := func(now int64) {
			*b = b.at(now)
			full := b.tokens == capacity
			for id, h := range holds {
				if h.until <= now/1000 {
					b.tokens = min(capacity, b.tokens+h.weight)
					delete(holds, id)
				}
			}
			if full {
				b.next = now/1000 + interval
			}
		}
		return func() {
			m.sometimes(5, 12)
			id, n, hold := fmt.Sprint("h", m.rng.IntN(5)), m.rng.Int64N(30), m.rng.Int64N(20)+1
			if m.rng.IntN(2) == 0 {
				got, now := m.timed("rl_reserve", k, id, n, capacity, refill, interval, hold)
				v := got.([]any)
				next := *b
				before := map[string]lease{}
				for id, h := range holds {
					before[id] = h
				}
				settle(now)
				_, held := holds[id]
				if held {
					n = 0
				}
				if ok := b.tokens >= n; ok != (v[0] == int64(0)) {
					m.t.Fatalf("reserve %d of %+v: %s", n, *b, text(got))
				} else if !ok {
					*b, holds = next, before // nothing was written, not even what came back
					return
				}
				if v[2] != max(0, b.tokens-n) {
					m.t.Fatalf("reserve %d of %+v: %s", n, *b, text(got))
				}
				if n == 0 {
					*b, holds = next, before
					return
				}
				b.tokens -= n
				holds[id] = lease{id, now/1000 + hold, n}
				return
			}
			got, now := m.timed("rl_settle", k, id, n, capacity, refill, interval)
			next, before := *b, map[string]lease{}
			for id, h := range holds {
				before[id] = h
			}
			settle(now)
			h, held := holds[id]
			if !held {
				m.check(got, fmt.Sprintf("[0 0 %d]", max(0, b.tokens)), "settle", id)
				*b, holds = next, before
				return
			}
			delete(holds, id)
			b.tokens = min(capacity, b.tokens+h.weight-n)
			m.check(got, fmt.Sprintf("[1 %d %d]", h.weight-n, max(0, b.tokens)), "settle", id, n)
		}
	})
}

// Penalties: blocks double up to the maximum, and a call during one changes nothing.
func TestPenalty(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("s:{a}", "b:{a}")
		for i, want := range []int64{0, 0, 6, 12, 20, 20} {
			v := c.ints("rl_penalty", k, 3, 60000, 6, 20)
			if blocked := want > 0; v[0] == 1 != blocked || v[1] != int64(i+1) || blocked && v[2] != want {
				t.Fatalf("strike %d: %v, want a block of %d ms", i+1, v, want)
			}
			c.pass(want + 1)
		}
		if v := c.ints("rl_penalty", k, 3, 60000, 6, 20, 0); v[0] != 0 || v[1] != 6 {
			t.Fatal(v)
		}
	})
}

// XFetch: with the random number given, the decision is the formula's.
func TestXFetch(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("c:{a}")
		c.want("[nil 0 1 0]", "cache_get_xfetch", k, 1)
		c.call("cache_get_or_lease", k, "me", 60000)
		c.call("cache_fill", k, "me", "v", 60000, 0, 0, 30000)
		for _, x := range []struct {
			beta, random float64
			refresh      int64
		}{{1, 1, 0}, {1, 0.5, 0}, {1, 0.1, 1}, {0, 0.0001, 0}, {4, 0.5, 1}} { // 30 s * beta * -ln(random) against 60 s
			if v := c.call("cache_get_xfetch", k, x.beta, x.random).([]any); v[0] != "v" || v[2] != x.refresh {
				t.Errorf("%+v: %v", x, v)
			}
		}
		refreshes := 0
		for range 300 {
			if c.call("cache_get_xfetch", k, 2).([]any)[2] == int64(1) {
				refreshes++
			}
		}
		if refreshes < 50 || refreshes > 170 { // e^-1 of 300 is 110
			t.Errorf("%d of 300 were told to refresh", refreshes)
		}
	})
}

func TestIdempotencyStates(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("i:{a}")
		c.want("[started 0  ]", "idem_begin", k, "t1", "p", 60000)
		c.want("[started 0  ]", "idem_begin", k, "t1", "p", 60000)
		c.want("[mismatch 0  ]", "idem_begin", k, "t2", "q", 60000)
		if v := c.call("idem_begin", k, "t2", "p", 60000).([]any); v[0] != "in_flight" || v[1].(int64) < 59000 {
			t.Fatal(v)
		}
		c.want("0", "idem_complete", k, "t2", "200", "x", 1000)
		c.want("0", "idem_abort", k, "t2")
		c.want("1", "idem_complete", k, "t1", "200", "body", 60000)
		c.want("1", "idem_complete", k, "t1", "500", "again", 60000)
		c.want("0", "idem_abort", k, "t1")
		c.want("[done 0 200 body]", "idem_begin", k, "t3", "p", 60000)
		c.want("[started 0  ]", "idem_begin", keys("j:{a}"), "t1", "p", 5)
		c.pass(7)
		c.want("0", "idem_complete", keys("j:{a}"), "t1", "200", "late", 1000)
		c.want("[started 0  ]", "idem_begin", keys("j:{a}"), "t2", "p", 60000)
		c.want("1", "idem_abort", keys("j:{a}"), "t2")
	})
}

func TestOnceAndDecay(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		c.want("[1 0]", "once", keys("o:{a}"), 10)
		if v := c.ints("once", keys("o:{a}"), 10); v[0] != 0 || v[1] < 1 || v[1] > 11 {
			t.Fatal(v)
		}
		c.pass(11)
		c.want("[1 0]", "once", keys("o:{a}"), 10)
		c.want("[1 0]", "once", keys("q:{a}"), 60000, "quiet")
		c.want("[0 60001]", "once", keys("q:{a}"), 60000, "quiet")

		start := c.now()
		c.want("8", "counter_decay", keys("d:{a}"), 8, 20)
		c.pass(20)
		before := c.now()
		v, _ := strconv.ParseFloat(c.call("counter_decay", keys("d:{a}"), 0, 20).(string), 64)
		after := c.now()
		low, high := 8*math.Exp2(-float64(after-start+2000)/20000), 8*math.Exp2(-float64(before-start-3000)/20000)
		if v < low || v > high {
			t.Fatalf("8 is %g after %d ms with a half-life of 20 ms, want %g to %g", v, (after-start)/1000, low, high)
		}
	})
}

// Merging boards with parts builds metadata, dense ranks and the order of ties anew.
func TestMerge(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		a, b, sum := board("x", "mdf"), board("x", "mdf"), board("x", "mdf")
		for i := range a {
			b[i], sum[i] = b[i]+":b", sum[i]+":sum"
		}
		for i, m := range []string{"ann", "bob", "cid"} {
			c.call("lb_submit", a, "mdf", m, []int{5, 7, 7}[i], "set", "desc", 0, 0, "from a")
		}
		c.call("lb_submit", b, "mdf", "ann", 1, "set", "desc", 0, 0, "from b")
		c.call("lb_submit", b, "mdf", "dan", 3.5, "set", "desc", 0, 0)
		c.call("lb_submit", sum, "mdf", "old", 99, "set", "desc", 0, 0)
		all := append(append(append([]string{}, sum...), a...), b...)
		if n := c.int("lb_merge", all, "mdf", "desc", "sum", 1, 2); n != 4 {
			t.Fatal(n)
		}
		c.want("[4 1 bob 7 from a 1 cid 7 from a 1 ann 7 from a 1 dan 7 nil]", "lb_top", sum, "mdf", "desc", "dense", 10)
		if n := c.int("lb_merge", all, "mdf", "desc", "max", 1, 2); n != 4 {
			t.Fatal(n)
		}
		c.want("[4 1 bob 7 from a 1 cid 7 from a 1 dan 7 nil 4 ann 5 from a]", "lb_top", sum, "mdf", "desc", "competition", 10)
		c.want("[1 3]", "lb_rollover", append(append([]string{}, a...), "lb:{x}:o", "lb:{x}:o:m", "lb:{x}:o:d", "lb:{x}:o:c", "lb:{x}:o:f"), "mdf", 60000)
		c.call("lb_submit", a, "mdf", "eve", 1, "set", "desc", 0, 0)
		c.unchanged("a second rollover", func() {
			c.wantError("EXISTS", "lb_rollover", append(append([]string{}, a...), "lb:{x}:o", "lb:{x}:o:m", "lb:{x}:o:d", "lb:{x}:o:c", "lb:{x}:o:f"), "mdf", 60000)
		})
	})
}

// An archive that keeps the first rows has all that belongs to them, and nothing else is left of the season.
func TestRolloverTop(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		b := board("t", "mdf")
		var archive []string
		for _, k := range b {
			archive = append(archive, k+":old")
		}
		for i, m := range []string{"ann", "bob", "cid", "dan", "eve"} {
			c.call("lb_submit", b, "mdf", m, []int{5, 7, 7, 9, 1}[i], "set", "desc", 0, 0, "of "+m)
		}
		c.want("[1 3]", "lb_rollover", slices.Concat(b, archive), "mdf", 60000, 3)
		if left := c.rdb.Exists(ctx, b...).Val(); left != 0 {
			t.Fatalf("%d keys of the season are left", left)
		}
		c.want("[3 1 dan 9 of dan 2 bob 7 of bob 2 cid 7 of cid]", "lb_top", archive, "mdf", "desc", "dense", 10)
		for _, k := range archive {
			if ttl := c.rdb.PTTL(ctx, k).Val(); ttl <= 0 {
				t.Errorf("%s lives %v", k, ttl)
			}
		}
		if n := c.rdb.HLen(ctx, archive[1]).Val() + c.rdb.ZCard(ctx, archive[2]).Val() + c.rdb.HLen(ctx, archive[3]).Val() + c.rdb.HLen(ctx, archive[4]).Val(); n != 3+2+2+4 {
			t.Errorf("%d entries beside the board", n)
		}
		// The archive is a board like another: a new tie comes last.
		c.call("lb_submit", archive, "mdf", "fay", 7, "set", "desc", 0, 0)
		c.want("[4 1 dan 9 of dan 2 bob 7 of bob 3 cid 7 of cid 4 fay 7 nil]", "lb_top", archive, "mdf", "desc", "ordinal", 10)

		low, plain := keys("lb:{u}"), keys("lb:{u}:old")
		c.rdb.Do(ctx, "ZADD", low[0], 1, "a", 2, "b", 3, "c")
		c.want("[1 2]", "lb_rollover", slices.Concat(low, plain), "-", 0, 2, "asc")
		c.want("[2 1 a 1 2 b 2]", "lb_top", plain, "-", "asc", "ordinal", 10)
		c.wantError("BADARG", "lb_rollover", slices.Concat(low, plain), "-", 0, 1001)
	})
}

// A board of a season expires as a whole, whenever its parts came to be.
func TestBoardExpires(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		b, at := board("e", "mdf"), c.now()/1000+60000
		c.call("lb_submit", b, "mdf", "ann", 1, "set", "desc", 0, at)
		c.call("lb_submit", b, "mdf", "bob", 1, "set", "desc", 0, at, "meta comes late")
		for _, k := range b {
			if got, _ := c.rdb.Do(ctx, "PEXPIRETIME", k).Int64(); got != at {
				t.Errorf("%s expires at %d, want %d", k, got, at)
			}
		}
		c.wantError("BADARG", "lb_submit", b, "mdf", "ann", 1, "set", "desc", 0, 1)
	})
}
