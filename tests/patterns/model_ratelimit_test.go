package patterns

import (
	"fmt"
	"testing"
)

// limiter is the model of one algorithm: what a call of some cost at some time would find, and taking it.
type limiter interface {
	allowed(now, cost int64) bool   // us
	take(now, cost int64)           // an allowed call
	left(now int64) int64           // units free
	reset(now int64) int64          // us until nothing counts any more
	rounded(now int64) (unit int64) // the algorithm's own clock: 1 (us) or 1000 (ms)
	params() (name string, p [3]int64, capacity int64)
}

type fixedModel struct{ limit, w, count, ends int64 }

func (f *fixedModel) open(now int64) bool { return now/1000 < f.ends }
func (f *fixedModel) left(now int64) int64 {
	if !f.open(now) {
		return f.limit
	}
	return f.limit - f.count
}
func (f *fixedModel) allowed(now, cost int64) bool { return cost <= f.left(now) }
func (f *fixedModel) take(now, cost int64) {
	if !f.open(now) {
		f.count, f.ends = 0, now/1000+f.w
	}
	f.count += cost
}
func (f *fixedModel) reset(now int64) int64 {
	if !f.open(now) {
		return 0
	}
	return (f.ends - now/1000) * 1000
}
func (f *fixedModel) rounded(int64) int64 { return 1000 }
func (f *fixedModel) params() (string, [3]int64, int64) {
	return "fixed", [3]int64{f.limit, f.w, 0}, f.limit
}

type logModel struct {
	limit, w int64
	times    []int64
}

func (l *logModel) left(now int64) int64 {
	n := l.limit
	for _, t := range l.times {
		if t > now-l.w*1000 {
			n--
		}
	}
	return n
}
func (l *logModel) allowed(now, cost int64) bool { return cost <= l.left(now) }
func (l *logModel) take(now, cost int64) {
	for range cost {
		// A clock that stood still gives the next instant.
		t := now
		if n := len(l.times); n > 0 && l.times[n-1] >= t {
			t = l.times[n-1] + 1
		}
		l.times = append(l.times, t)
	}
}
func (l *logModel) reset(now int64) int64 {
	if l.left(now) == l.limit {
		return 0
	}
	return l.times[len(l.times)-1] + l.w*1000 - now
}
func (l *logModel) rounded(int64) int64 { return 1 }
func (l *logModel) params() (string, [3]int64, int64) {
	return "sliding_log", [3]int64{l.limit, l.w, 0}, l.limit
}

// counterModel keeps every window's count, as fractions are compared whole.
type counterModel struct {
	limit, w int64
	counts   map[int64]int64
}

func (c *counterModel) load(now int64) int64 { // units times w
	ms := now / 1000
	win, e := ms/c.w, ms%c.w
	return c.counts[win-1]*(c.w-e) + c.counts[win]*c.w
}
func (c *counterModel) allowed(now, cost int64) bool { return c.load(now)+cost*c.w <= c.limit*c.w }
func (c *counterModel) take(now, cost int64)         { c.counts[now/1000/c.w] += cost }
func (c *counterModel) left(now int64) int64 {
	n := c.limit
	for n > 0 && !c.allowed(now, n) {
		n--
	}
	return n
}
func (c *counterModel) reset(now int64) int64 {
	ms := now / 1000
	win, e := ms/c.w, ms%c.w
	switch {
	case c.counts[win] > 0:
		return (2*c.w - e) * 1000
	case c.counts[win-1] > 0:
		return (c.w - e) * 1000
	}
	return 0
}
func (c *counterModel) rounded(int64) int64 { return 1000 }
func (c *counterModel) params() (string, [3]int64, int64) {
	return "sliding_counter", [3]int64{c.limit, c.w, 0}, c.limit
}

// bucketModel refills step by step.
type bucketModel struct{ capacity, refill, interval, tokens, next int64 }

func (b *bucketModel) at(now int64) bucketModel {
	s, ms := *b, now/1000
	for s.tokens < s.capacity && s.next <= ms {
		s.tokens = min(s.capacity, s.tokens+s.refill)
		s.next += s.interval
	}
	return s
}
func (b *bucketModel) left(now int64) int64         { s := b.at(now); return s.tokens }
func (b *bucketModel) allowed(now, cost int64) bool { return cost <= b.left(now) }
func (b *bucketModel) take(now, cost int64) {
	s := b.at(now)
	if s.tokens == s.capacity {
		s.next = now/1000 + s.interval // a full bucket starts its interval with the first token that leaves
	}
	s.tokens -= cost
	*b = s
}
func (b *bucketModel) reset(now int64) int64 {
	s := b.at(now)
	if s.tokens == s.capacity {
		return 0
	}
	return (s.next - now/1000 + ((s.capacity-s.tokens+s.refill-1)/s.refill-1)*s.interval) * 1000
}
func (b *bucketModel) rounded(int64) int64 { return 1000 }
func (b *bucketModel) params() (string, [3]int64, int64) {
	return "token_bucket", [3]int64{b.capacity, b.refill, b.interval}, b.capacity
}

// gcraModel drains a level of debt (us): each unit adds the emission interval.
type gcraModel struct{ burst, count, period, empty int64 }

func (g *gcraModel) unit() int64          { return (g.period*1000 + g.count - 1) / g.count }
func (g *gcraModel) debt(now int64) int64 { return max(0, g.empty-now) }
func (g *gcraModel) allowed(now, cost int64) bool {
	return cost <= g.burst+1 && g.debt(now)+cost*g.unit() <= (g.burst+1)*g.unit()
}
func (g *gcraModel) take(now, cost int64)  { g.empty = max(g.empty, now) + cost*g.unit() }
func (g *gcraModel) left(now int64) int64  { return ((g.burst+1)*g.unit() - g.debt(now)) / g.unit() }
func (g *gcraModel) reset(now int64) int64 { return g.debt(now) }
func (g *gcraModel) rounded(int64) int64   { return 1 }
func (g *gcraModel) params() (string, [3]int64, int64) {
	return "gcra", [3]int64{g.burst, g.count, g.period}, g.burst + 1
}

// reply is the 5-tuple the model gives. It finds retry_after by trying: the first millisecond at which it allows.
func modelReply(l limiter, now, cost int64) (string, bool) {
	_, _, capacity := l.params()
	ok := l.allowed(now, cost)
	limited, retry, left, reset := int64(0), int64(-1), l.left(now), l.reset(now)
	if !ok {
		limited = 1
		if cost <= capacity {
			low, high := int64(0), int64(1)<<40 // denied at low, allowed at high
			for high-low > 1 {
				if mid := (low + high) / 2; l.allowed(now+mid, cost) {
					high = mid
				} else {
					low = mid
				}
			}
			if l.rounded(now) == 1000 {
				retry = (now+high)/1000 - now/1000
			} else {
				retry = (high + 999) / 1000
			}
		}
	} else if cost > 0 {
		l.take(now, cost)
		left, reset = l.left(now), l.reset(now)
	}
	return fmt.Sprintf("[%d %d %d %d %d]", limited, capacity, left, retry, (reset+999)/1000), ok
}

func TestModelRateLimits(t *testing.T) {
	models(t, func(m *modeler) func() {
		var limits []limiter
		fresh := func() {
			m.rdb.FlushDB(ctx)
			n, w := m.rng.Int64N(6)+1, m.rng.Int64N(25)+1
			limits = []limiter{
				&fixedModel{limit: n, w: w},
				&logModel{limit: n, w: w},
				&counterModel{limit: n, w: w, counts: map[int64]int64{}},
				&bucketModel{capacity: n, refill: m.rng.Int64N(n) + 1, interval: w, tokens: n},
				&gcraModel{burst: n - 1, count: m.rng.Int64N(5) + 1, period: w},
			}
		}
		fresh()
		return func() {
			if m.rng.IntN(200) == 0 {
				fresh()
			}
			m.sometimes(15, 20)
			if m.rng.IntN(8) == 0 {
				stepMulti(m, limits)
				return
			}
			l := limits[m.rng.IntN(len(limits))]
			name, p, capacity := l.params()
			key, cost := keys("rl:{m}:"+name), m.rng.Int64N(capacity+2)
			if m.rng.IntN(6) == 0 {
				got, now := m.timed("rl_peek", key, name, p[0], p[1], p[2])
				want, _ := modelReply(l, now, 0)
				m.check(got, want, "rl_peek", name, p)
				return
			}
			args := []any{p[0], p[1], p[2], cost}
			if name != "token_bucket" && name != "gcra" {
				args = []any{p[0], p[1], cost}
			}
			got, now := m.timed("rl_"+name, key, args...)
			want, _ := modelReply(l, now, cost)
			m.check(got, want, name, args, "at", now)
		}
	})
}

// stepMulti calls all limits at once: all take, or none.
func stepMulti(m *modeler, limits []limiter) {
	var names []string
	var args []any
	for _, l := range limits {
		name, p, _ := l.params()
		names = append(names, "rl:{m}:"+name)
		args = append(args, name, p[0], p[1], p[2], 1)
	}
	got, now := m.timed("rl_multi", names, args...)
	all := true
	for _, l := range limits {
		all = all && l.allowed(now, 1)
	}
	reply := got.([]any)
	if (reply[0] == int64(0)) != all {
		m.t.Fatalf("rl_multi: %s, the model allows: %v", text(got), all)
	}
	index := reply[1].(int64) - 1
	if all {
		for i, l := range limits {
			want, _ := modelReply(l, now, 1)
			if int64(i) == index {
				m.check(reply[2:], want, "rl_multi, tightest", i)
			}
		}
		return
	}
	retry := int64(-1)
	for i, l := range limits {
		if !l.allowed(now, 1) { // a denied call changes no model
			want, _ := modelReply(l, now, 1)
			var x, r int64
			fmt.Sscanf(want, "[%d %d %d %d", &x, &x, &x, &r)
			retry = max(retry, r)
			if int64(i) == index {
				m.check(reply[2:], want, "rl_multi, tightest", i)
			}
		}
	}
	if reply[5] != retry {
		m.t.Fatalf("rl_multi: %s, the longest wait is %d", text(got), retry)
	}
}

// What a sliding log admits never exceeds the limit in any window, whatever the calls.
func TestModelAtMost(t *testing.T) {
	models(t, func(m *modeler) func() {
		g := &gcraModel{burst: 4, count: 3, period: 10}
		return func() {
			m.sometimes(10, 15)
			most := m.rng.Int64N(8)
			got, now := m.timed("rl_at_most", keys("rl:{m}"), g.burst, g.count, g.period, most)
			granted := min(most, g.left(now))
			cost := granted
			if granted == 0 {
				cost = min(most, 1)
			}
			want, _ := modelReply(g, now, cost)
			m.check(got, fmt.Sprintf("[%d %s", granted, want[1:]), "rl_at_most", most)
		}
	})
}
