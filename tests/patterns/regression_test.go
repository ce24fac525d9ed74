// Thirty bugs that other libraries had, each a test by its number in the list of the pattern library's specification.
// Number 5 and 28 are the client's and stand in its package; 29 and 30 hold for every function: see contract_test.go.
package patterns

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// 1: a hundred ask at once, one gets the lock.
func TestRegression01OneLock(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		var held atomic.Int64
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				v, err := c.try("lock_acquire", keys("lock:{a}", "fence:{a}"), fmt.Sprint("token", i), 60000)
				if err != nil {
					t.Error(err)
				} else if v.([]any)[0] == int64(1) {
					held.Add(1)
				}
			})
		}
		wg.Wait()
		if held.Load() != 1 || c.rdb.Get(ctx, "fence:{a}").Val() != "1" {
			t.Fatalf("%d got the lock, fence %s", held.Load(), c.rdb.Get(ctx, "fence:{a}").Val())
		}
	})
}

// 2: release by another, after expiry, twice, and again after the reply was lost.
func TestRegression02Release(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		lock := keys("lock:{a}")
		c.call("lock_acquire", lock, "me", 60000)
		c.unchanged("release by another", func() { c.want("0", "lock_release", lock, "you") })
		c.want("1", "lock_release", lock, "me")
		c.want("-1", "lock_release", lock, "me")
		c.call("lock_acquire", lock, "me", 5)
		c.pass(7)
		c.want("-1", "lock_release", lock, "me")

		r := keys("rlock:{a}", "chan:{a}", "latch:{a}")
		c.want("[1 1 60000]", "rlock_acquire", r[:1], "me", 60000)
		c.call("rlock_acquire", r[:1], "me", 60000)
		c.want("1", "rlock_release", r, "me", "req1", 60000)
		c.want("1", "rlock_release", r, "me", "req1", 60000) // the same request: the same answer, counted once
		c.want("0", "rlock_release", r, "me", "req2", 60000)
		c.want("0", "rlock_release", r, "me", "req2", 60000)
		c.want("-1", "rlock_release", r, "me", "req3", 60000)
	})
}

// 3: extending a lock that ran out does not bring it back.
func TestRegression03ExtendAfterExpiry(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		c.call("lock_acquire", keys("lock:{a}"), "me", 5)
		c.call("rlock_acquire", keys("rlock:{a}"), "me", 5)
		c.call("sem_acquire", keys("sem:{a}"), "me", 3, 1, 5)
		c.call("rwlock_read", keys("r:{a}", "w:{a}", "q:{a}"), "me", 5)
		c.call("lock_acquire_many", keys("x:{a}", "y:{a}"), "me", 5)
		c.pass(7)
		c.want("[-1 0]", "lock_extend", keys("lock:{a}"), "me", 1000)
		c.want("[-1 0]", "rlock_extend", keys("rlock:{a}"), "me", 1000)
		c.want("[-1 0]", "sem_refresh", keys("sem:{a}"), "me", 1000)
		c.want("[-1 0]", "rwlock_extend", keys("r:{a}", "w:{a}", "q:{a}"), "me", 1000, "read")
		c.want("[0 1]", "lock_extend_many", keys("x:{a}", "y:{a}"), "me", 1000)
		if n := c.rdb.Exists(ctx, "lock:{a}", "rlock:{a}", "x:{a}", "y:{a}").Val(); n != 0 {
			t.Fatalf("%d keys came back", n)
		}
	})
}

// 4: the acquisition reached the server and its reply did not reach the client, which asks again or gives up.
func TestRegression04LostReply(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("lock:{a}", "fence:{a}")
		c.call("lock_acquire", k, "me", 60000)
		v := c.ints("lock_acquire", k, "me", 60000)
		if v[0] != 1 || v[1] != 1 {
			t.Fatalf("the same token again: %v, want the lock with the same fence", v)
		}
		c.want("1", "lock_release", k[:1], "me")
		f := keys("f:{a}", "f:{a}:q", "f:{a}:a", "f:{a}:s")
		c.want("[1 1]", "fairlock_acquire", f, "me", 60000, 1000)
		c.want("[1 1]", "fairlock_acquire", f, "me", 60000, 1000)
		s := keys("sem:{a}")
		c.want("[1 1 1]", "sem_acquire", s, "me", 1, 1, 60000)
		c.want("[1 1 1]", "sem_acquire", s, "me", 1, 1, 60000)
	})
}

// 6: a reader or permit holder that died does not block for ever while others renew.
func TestRegression06DeadHolder(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		rw := keys("r:{a}", "w:{a}", "q:{a}")
		c.call("rwlock_read", rw, "dead", 10)
		c.call("rwlock_read", rw, "alive", 60000)
		c.call("sem_acquire", keys("s:{a}"), "dead", 2, 1, 10)
		c.call("sem_acquire", keys("s:{a}"), "alive", 2, 1, 60000)
		c.pass(12)
		c.call("rwlock_extend", rw, "alive", 60000, "read") // others renew all the while
		c.call("sem_refresh", keys("s:{a}"), "alive", 60000)
		c.want("[1 2 2]", "sem_acquire", keys("s:{a}"), "next", 2, 1, 60000)
		c.want("-1", "rwlock_release", rw, "dead", "read")
		c.want("1", "rwlock_release", rw, "alive", "read")
		c.want("[1 0]", "rwlock_write", rw, "writer", 1000)
	})
}

// 7: a short lease does not shorten the others'.
func TestRegression07ShortLease(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		s := keys("s:{a}")
		c.call("sem_acquire", s, "long", 2, 1, 60000)
		c.call("sem_acquire", s, "short", 2, 1, 5)
		if ttl := c.rdb.PTTL(ctx, s[0]).Val(); ttl.Milliseconds() < 59000 {
			t.Fatalf("the key lives %v", ttl)
		}
		c.pass(7)
		c.want("[1 1 2]", "sem_acquire", s, "long", 2, 1, 5) // and a holder's own lease is not cut either
		if v := c.ints("sem_refresh", s, "long", 1); v[1] < 59000 {
			t.Fatalf("the lease was cut to %d ms", v[1])
		}
		rw := keys("r:{a}", "w:{a}", "q:{a}")
		c.call("rwlock_read", rw, "long", 60000)
		c.call("rwlock_read", rw, "short", 5)
		c.pass(7)
		c.wantError("UPGRADE", "rwlock_write", rw, "long", 1000) // still reads
		if v := c.ints("lock_acquire", keys("l:{a}"), "me", 60000); v[0] != 1 {
			t.Fatal(v)
		}
		if v := c.ints("lock_acquire", keys("l:{a}"), "me", 5); v[2] < 59000 {
			t.Fatalf("renewing cut the lock to %d ms", v[2])
		}
	})
}

// 8: a fair queue in which a waiter dies, a waiter waits long past its first estimate, a holder never releases.
func TestRegression08FairQueue(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		f := keys("f:{a}", "f:{a}:q", "f:{a}:a", "f:{a}:s")
		c.want("[1 1]", "fairlock_acquire", f, "holder", 60000, 1000)
		position := func(id string, heartbeat int) int64 {
			v := c.ints("fairlock_acquire", f, id, 60000, heartbeat)
			if v[0] == 1 {
				return 0
			}
			return v[1]
		}
		if p := position("dies", 800); p != 1 {
			t.Fatalf("position %d", p)
		}
		if p := position("patient", 60000); p != 2 {
			t.Fatalf("position %d", p)
		}
		if p := position("late", 60000); p != 3 {
			t.Fatalf("position %d", p)
		}
		c.pass(802)
		if p := position("patient", 60000); p != 1 {
			t.Fatalf("after the head died: position %d", p)
		}
		c.rdb.PExpire(ctx, f[0], 20*time.Millisecond) // the holder never releases: its lock runs out
		c.pass(22)
		if p := position("late", 60000); p != 2 {
			t.Fatalf("late overtook: position %d", p)
		}
		if p := position("patient", 60000); p != 0 {
			t.Fatalf("position %d, want the lock", p)
		}
		c.want("1", "fairlock_cancel", f[:3], "late")
		c.want("0", "fairlock_cancel", f[:3], "late")
		c.want("0", "fairlock_release", f, "late")
		c.want("1", "fairlock_release", f, "patient")
		c.want("-1", "fairlock_release", f, "patient")
	})
}

// limits are calls that fill a limit of 3 and one that is denied then, for each algorithm.
type limit struct {
	algorithm string
	fn        string
	params    []any // of the algorithm, before the cost
	window    int64 // ms after which a full limit admits again at the latest
}

func limitsOf3(w int64) []limit {
	return []limit{
		{"fixed", "rl_fixed", []any{3, w}, w},
		{"sliding_log", "rl_sliding_log", []any{3, w}, w},
		{"sliding_counter", "rl_sliding_counter", []any{3, w}, 2 * w},
		{"token_bucket", "rl_token_bucket", []any{3, 3, w}, w},
		{"gcra", "rl_gcra", []any{2, 3, w}, w},
	}
}

func (l limit) args(cost any) []any { return append(append([]any{}, l.params...), cost) }

// described returns "algorithm a b c" for rl_peek, rl_refund and rl_multi.
func (l limit) described() []any {
	d := append([]any{l.algorithm}, l.params...)
	for len(d) < 4 {
		d = append(d, 0)
	}
	return d
}

// 9: a denied call changes nothing, byte for byte and TTL for TTL; nor does a look.
func TestRegression09DeniedWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, l := range limitsOf3(60000) {
			k := keys("rl:{" + l.algorithm + "}")
			c.unchanged("peek of nothing", func() {
				c.call(l.fn, k, l.args(0)...)
				c.call("rl_peek", k, l.described()...)
			})
			if v := c.ints(l.fn, k, l.args(3)...); v[0] != 0 || v[1] != 3 || v[2] != 0 {
				t.Fatalf("%s: %v", l.fn, v)
			}
			c.unchanged(l.fn, func() {
				for _, cost := range []int{1, 3, 4, 1000} {
					if v := c.ints(l.fn, k, l.args(cost)...); v[0] != 1 {
						t.Fatalf("%s cost %d: %v", l.fn, cost, v)
					}
				}
				c.call(l.fn, k, l.args(0)...)
				c.call("rl_peek", k, l.described()...)
			})
		}
		c.call("rl_leaky", keys("leaky:{a}"), 1, 60000, 0, 1)
		c.call("rl_concurrency", keys("conc:{a}"), "one", 1, 60000)
		c.call("rl_reserve", keys("b:{a}", "h:{a}", "c:{a}"), "one", 10, 10, 1, 60000, 60000)
		c.call("rl_at_most", keys("most:{a}"), 2, 3, 60000, 3)
		c.call("rl_penalty", keys("st:{a}", "bl:{a}"), 1, 60000, 60000, 60000)
		c.call("sem_acquire", keys("sem:{a}"), "one", 1, 1, 60000)
		c.call("lock_acquire", keys("lock:{a}"), "one", 60000)
		c.call("rwlock_write", keys("r:{a}", "w:{a}", "q:{a}"), "one", 60000)
		c.call("idem_begin", keys("idem:{a}"), "one", "print", 60000)
		c.call("dedup_seen", keys("dedup:{a}"), "one", 60000)
		c.rdb.Set(ctx, "stock:{a}", 1, 0)
		c.call("once", keys("once:{a}"), 60000)
		c.unchanged("denied", func() {
			c.call("rl_leaky", keys("leaky:{a}"), 1, 60000, 0, 1)
			c.call("rl_concurrency", keys("conc:{a}"), "two", 1, 60000)
			c.call("rl_reserve", keys("b:{a}", "h:{a}", "c:{a}"), "two", 1, 10, 1, 60000, 60000)
			c.call("rl_at_most", keys("most:{a}"), 2, 3, 60000, 3)
			c.call("rl_penalty", keys("st:{a}", "bl:{a}"), 1, 60000, 60000, 60000)
			c.call("sem_acquire", keys("sem:{a}"), "two", 1, 1, 60000)
			c.call("lock_acquire", keys("lock:{a}"), "two", 60000)
			c.call("lock_acquire_many", keys("free:{a}", "lock:{a}"), "two", 60000)
			c.call("rwlock_read", keys("r:{a}", "w:{a}", "q:{a}"), "two", 60000)
			c.call("idem_begin", keys("idem:{a}"), "two", "print", 60000)
			c.call("idem_begin", keys("idem:{a}"), "one", "other", 60000)
			c.call("dedup_seen", keys("dedup:{a}"), "one", 60000)
			c.call("stock_reserve", keys("stock:{a}", "holds:{a}", "qty:{a}"), "one", 2, 60000)
			c.call("counter_bounded", keys("count:{a}"), 5, 0, 4, 60000, 0)
			c.call("once", keys("once:{a}"), 60000)
		})
	})
}

// 10: a cost above the capacity can never be met; a cost equal to it can.
func TestRegression10CostAndCapacity(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, l := range limitsOf3(60000) {
			k := keys("rl:{" + l.algorithm + "}")
			if v := c.ints(l.fn, k, l.args(4)...); v[0] != 1 || v[3] != -1 {
				t.Errorf("%s cost above capacity: %v", l.fn, v)
			}
			if v := c.ints(l.fn, k, l.args(3)...); v[0] != 0 || v[2] != 0 || v[3] != -1 {
				t.Errorf("%s cost equal to capacity: %v", l.fn, v)
			}
			if v := c.ints(l.fn, k, l.args(1)...); v[0] != 1 || v[3] <= 0 {
				t.Errorf("%s when full: %v", l.fn, v)
			}
		}
		c.want("[0 0 -1]", "sem_acquire", keys("s:{a}", "sw:{a}"), "heavy", 1, 2, 60000)
		c.want("[1 2 2]", "sem_acquire", keys("s:{a}", "sw:{a}"), "heavy", 2, 2, 60000)
	})
}

// 11: at now + retry_after the call is allowed, one millisecond earlier it is denied.
func TestRegression11RetryAfterExact(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, l := range limitsOf3(30) {
			for cost := range 4 {
				if cost == 0 {
					continue
				}
				k := keys(fmt.Sprintf("rl:{%s:%d}", l.algorithm, cost))
				c.call(l.fn, k, l.args(1)...)
				c.call(l.fn, k, l.args(2)...)
				before := c.now()
				v := c.ints(l.fn, k, l.args(cost)...)
				after := c.now()
				if v[0] == 0 {
					continue // so slow a machine that the window has passed
				}
				for {
					c.tick(50)
					a := c.now()
					now := c.ints(l.fn, k, l.args(cost)...)
					b := c.now()
					if now[0] == 0 {
						if b < before+(v[3]-1)*1000 {
							t.Fatalf("%s cost %d: %v, but allowed %d us later", l.fn, cost, v, b-before)
						}
						break
					}
					if a/1000 >= after/1000+v[3]+1 {
						t.Fatalf("%s cost %d: %v, but denied %d us later: %v", l.fn, cost, v, a-after, now)
					}
				}
			}
		}
	})
}

// 12: windows of 1 to 999 ms limit.
func TestRegression12ShortWindows(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, w := range []int64{1, 2, 7, 100, 999} {
			for _, l := range limitsOf3(w) {
				k := keys(fmt.Sprintf("rl:{%s:%d}", l.algorithm, w))
				admitted, start := 0, c.now()
				for range 60 {
					if c.ints(l.fn, k, l.args(1)...)[0] == 0 {
						admitted++
					}
				}
				// Twice the limit may pass at the edge of a fixed window, and the burst on top of the rate by GCRA.
				windows := (c.now()-start)/1000/w + 2
				if int64(admitted) > 3*windows+3 {
					t.Errorf("%s, window %d ms: %d admitted in %d windows", l.fn, w, admitted, windows)
				}
				if w == 999 && admitted > 6 {
					t.Errorf("%s, window %d ms: %d admitted at once", l.fn, w, admitted)
				}
			}
		}
		// More than one in a ms: the rate of a thousand a minute is below one per ms, and is not lost to rounding.
		if v := c.ints("rl_gcra", keys("rl:{m}"), 0, 1000, 60000, 1); v[4] != 60 {
			t.Errorf("%v, want 60 ms per call", v)
		}
	})
}

// 13: events in one microsecond are as many events.
func TestRegression13SameMicrosecond(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("rl:{a}")
		if v := c.ints("rl_sliding_log", k, 10, 60000, 7); v[2] != 3 {
			t.Fatal(v)
		}
		if n := c.rdb.ZCard(ctx, k[0]).Val(); n != 7 {
			t.Fatalf("%d entries for a cost of 7", n)
		}
		if v := c.ints("rl_sliding_log", k, 10, 60000, 3); v[2] != 0 {
			t.Fatal(v)
		}
		if v := c.ints("rl_sliding_log", k, 10, 60000, 1); v[0] != 1 {
			t.Fatal(v)
		}
	})
}

// 14: at the boundary of the window, what has left it does not count: a full log admits again, in the same call.
func TestRegression14Boundary(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, l := range limitsOf3(10) {
			k := keys("rl:{" + l.algorithm + "}")
			for range 5 {
				if v := c.ints(l.fn, k, l.args(3)...); v[0] != 0 {
					t.Fatalf("%s after the window: %v", l.fn, v)
				}
				c.pass(l.window + 1)
			}
		}
	})
}

// 15: refund down to nothing, then consume: the window is not lengthened. A refund counts once, and only what was taken.
func TestRegression15Refund(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, l := range limitsOf3(60000) {
			k := keys("rl:{"+l.algorithm+"}", "rl:{"+l.algorithm+"}:op1")
			first := c.ints(l.fn, k, l.args(2)...)
			again := c.ints(l.fn, k, l.args(2)...) // the same operation
			if first[2] != 1 || again[2] != 1 {
				t.Errorf("%s with a receipt: %v then %v", l.fn, first, again)
			}
			for range 3 {
				if v := c.ints("rl_refund", k, l.described()...); v[2] != 3 {
					t.Errorf("%s refunded: %v", l.fn, v)
				}
			}
			after := c.ints(l.fn, k[:1], l.args(1)...)
			if after[2] != 2 {
				t.Errorf("%s after the refund: %v", l.fn, after)
			}
			if l.algorithm == "fixed" {
				c.call("rl_fixed", keys("w:{a}", "w:{a}:op"), 3, 40, 1)
				c.pass(10)
				c.call("rl_refund", keys("w:{a}", "w:{a}:op"), "fixed", 3, 40, 0)
				if v := c.ints("rl_fixed", keys("w:{a}"), 3, 40, 1); v[4] > 31 {
					t.Errorf("the window was lengthened: %v", v)
				}
			}
		}
	})
}

// 16: when one of several limits denies, none is charged; the index names the one that holds the caller back longest.
func TestRegression16Multi(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		all := limitsOf3(60000)
		var names []string
		var args []any
		for i, l := range all {
			names = append(names, fmt.Sprintf("rl:{a}:%d", i))
			args = append(args, append(l.described(), 1)...)
		}
		for i := range 3 {
			if v := c.ints("rl_multi", names, args...); v[0] != 0 || v[4] != int64(2-i) {
				t.Fatalf("call %d: %v", i, v)
			}
		}
		c.unchanged("rl_multi", func() {
			if v := c.ints("rl_multi", names, args...); v[0] != 1 || v[2] != 1 {
				t.Fatal(v)
			}
		})
		// One that is full among fresh ones.
		fresh := append(keys(names[3]), "rl:{a}:x", "rl:{a}:y")
		mixed := append(append(append([]any{}, args[15:20]...), "fixed", 100, 1000, 0, 1), "gcra", 5, 10, 1000, 1)
		c.unchanged("rl_multi", func() {
			if v := c.ints("rl_multi", fresh, mixed...); v[0] != 1 || v[1] != 1 {
				t.Fatal(v)
			}
		})
		c.wantError("BADARG", "rl_multi", keys("same:{a}", "same:{a}"), "fixed", 1, 1, 0, 1, "fixed", 1, 1, 0, 1)
	})
}

// board is a board's keys with the given parts.
func board(name, parts string) []string {
	k := []string{"lb:{" + name + "}"}
	for _, p := range parts {
		switch p {
		case 'm':
			k = append(k, k[0]+":m")
		case 'd':
			k = append(k, k[0]+":d", k[0]+":c")
		case 'f':
			k = append(k, k[0]+":f")
		}
	}
	return k
}

// 17: score 0, negative, 2^53 and infinite; a tie of three of which the middle one leaves.
func TestRegression17Scores(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		b := board("a", "mdf")
		for _, s := range []string{"0", "-5", "9007199254740992", "inf", "-inf", "1.5", "-0"} {
			v := c.call("lb_submit", b, "mdf", "m"+s, s, "set", "desc", 0, 0, "meta").([]any)
			want := s
			if s == "-0" {
				want = "0"
			}
			if v[0] != int64(1) || v[1] != want {
				t.Errorf("score %s: %v", s, v)
			}
		}
		want := "[7 1 minf inf meta 2 m9007199254740992 9007199254740992 meta 3 m1.5 1.5 meta 4 m0 0 meta 4 m-0 0 meta 5 m-5 -5 meta 6 m-inf -inf meta]"
		c.want(want, "lb_top", b, "mdf", "desc", "dense", 10)
		c.wantError("BADARG", "lb_submit", b, "mdf", "m", "nan", "set", "desc", 0, 0)
		c.wantError("BADARG", "lb_submit", b, "mdf", "minf", "-inf", "incr", "desc", 0, 0)

		tie := board("t", "df")
		for _, m := range []string{"c", "a", "b"} {
			c.call("lb_submit", tie, "df", m, 7, "best", "desc", 0, 0)
		}
		c.call("lb_submit", tie, "df", "low", 3, "best", "desc", 0, 0)
		c.want("1", "lb_remove", tie, "df", "a")
		c.want("[3 1 c 7 1 b 7 2 low 3]", "lb_top", tie, "df", "desc", "dense", 10)
		c.want("[3 1 c 7 1 b 7 3 low 3]", "lb_top", tie, "df", "desc", "competition", 10)
		c.want("[3 1 c 7 2 b 7 3 low 3]", "lb_top", tie, "df", "desc", "ordinal", 10)
		c.want("2", "lb_remove", tie, "df", "b", "c", "b")
		c.want("[1 3 1 10000]", "lb_rank", tie, "df", "low", "desc", "dense")
	})
}

// 18: around a member at both ends, on a board smaller than the page, of a member that is not there.
func TestRegression18Around(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		b := board("a", "")
		for i := range 8 {
			c.call("lb_submit", b, "-", fmt.Sprint("m", i), i, "set", "asc", 0, 0)
		}
		rows := func(member string, before, after, fill int) (n, own int64) {
			v := c.call("lb_around", b, "-", member, before, after, "asc", "ordinal", fill).([]any)
			return int64(len(v)-2) / 3, v[1].(int64)
		}
		for _, x := range []struct {
			member              string
			before, after, fill int
			n, own              int64
		}{
			{"m0", 2, 2, 1, 5, 0}, {"m7", 2, 2, 1, 5, 4}, {"m4", 2, 2, 1, 5, 2}, {"m0", 5, 5, 1, 8, 0}, {"m7", 5, 5, 1, 8, 7},
			{"m0", 2, 2, 0, 3, 0}, {"m7", 2, 2, 0, 3, 2}, {"absent", 2, 2, 1, 0, -1}, {"m6", 0, 0, 1, 1, 0},
		} {
			if n, own := rows(x.member, x.before, x.after, x.fill); n != x.n || own != x.own {
				t.Errorf("around %s %d %d fill %d: %d rows, own %d; want %d, %d", x.member, x.before, x.after, x.fill, n, own, x.n, x.own)
			}
		}
	})
}

// 19: trimming removes metadata, tie counts and stamps, on boards of either order.
func TestRegression19Trim(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, order := range []string{"desc", "asc"} {
			b := board(order, "mdf")
			for i := range 8 {
				c.call("lb_submit", b, "mdf", fmt.Sprint("m", i), i/2, "set", order, 0, 0, "meta")
			}
			v := c.call("lb_trim", b, "mdf", order, 5, 100).([]any)
			if v[0] != int64(3) || len(v) != 4 {
				t.Fatalf("%s: %v", order, v)
			}
			for i, want := range []int64{5, 5, 3, 3, 6} { // board, meta, distinct scores, counts, stamps and their sequence
				var n int64
				switch c.rdb.Type(ctx, b[i]).Val() {
				case "zset":
					n = c.rdb.ZCard(ctx, b[i]).Val()
				case "hash":
					n = c.rdb.HLen(ctx, b[i]).Val()
				}
				if n != want {
					t.Errorf("%s: %s has %d, want %d", order, b[i], n, want)
				}
			}
			c.call("lb_trim", b, "mdf", order, 0, 100)
			if n := c.rdb.Exists(ctx, b...).Val(); n != 0 {
				t.Errorf("%s: %d keys are left of an empty board", order, n)
			}
		}
	})
}

func session(sid string) []string { return keys("s:{u}:idx", "s:{u}:"+sid) }
func sessFirst(sid string) []string {
	return keys("s:{u}:"+sid, "s:{u}:idx")
}

// 20: a slow request saves after the logout: nothing comes back.
func TestRegression20NoResurrection(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		c.call("sess_create", session("a"), "a", 60000, 60000, 0, "lru", "name", "Ann")
		c.want("1", "sess_destroy", sessFirst("a"))
		c.unchanged("after the logout", func() {
			c.want("[-1 0]", "sess_update", sessFirst("a"), -1, 0, 1, "cart", "3", 0)
			c.want("[0 0]", "sess_touch", sessFirst("a"), 0)
			c.want("0", "sess_flash_put", sessFirst("a"), "n", "v")
			c.want("nil", "sess_get", sessFirst("a"), 1)
			c.want("[0 0]", "sess_rotate", keys("s:{u}:a", "s:{u}:b", "s:{u}:idx"), "a", "b", 0)
		})
		// The same when the session was ended by way of the index only.
		c.call("sess_create", session("c"), "c", 60000, 60000, 0, "lru")
		c.want("[1 c]", "sess_destroy_all", keys("s:{u}:idx"), "")
		c.want("[-1 0]", "sess_update", sessFirst("c"), -1, 0, 1, "cart", "3", 0)
		c.want("nil", "sess_get", sessFirst("c"), 1)
	})
}

// 21: who loses a compare-and-set learns the present version.
func TestRegression21CAS(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		c.call("sess_create", session("a"), "a", 60000, 60000, 0, "lru", "n", "0")
		c.want("[1 2]", "sess_update", sessFirst("a"), 1, 0, 1, "n", "1", 0)
		c.unchanged("the loser", func() { c.want("[0 2]", "sess_update", sessFirst("a"), 1, 0, 1, "n", "2", 0) })
		c.want("[1 3]", "sess_update", sessFirst("a"), 2, 0, 0, 1, "n")
		v := c.ints("cache_cas", keys("c:{a}"), 0, "one", 60000)
		w := c.ints("cache_cas", keys("c:{a}"), 0, "two", 60000)
		if v[0] != 1 || w[0] != 0 || w[1] != v[1] {
			t.Fatal(v, w)
		}
		c.want("[1 42]", "cache_set_if_newer", keys("n:{a}"), 42, "new", 60000)
		c.want("[0 42]", "cache_set_if_newer", keys("n:{a}"), 41, "old", 60000)
		c.want("[1 42]", "cache_set_if_newer", keys("n:{a}"), 42, "new", 60000)
	})
}

// 22: many logins at once with a cap of 5 end at 5; every other session is dead.
func TestRegression22Cap(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, policy := range []string{"oldest", "lru"} {
			c.rdb.FlushDB(ctx)
			var wg sync.WaitGroup
			for i := range 50 {
				wg.Go(func() {
					sid := fmt.Sprint("s", i)
					if v, err := c.try("sess_create", session(sid), sid, 60000, 60000, 5, policy); err != nil {
						t.Error(v, err)
					}
				})
			}
			wg.Wait()
			if n := c.int("sess_count", keys("s:{u}:idx")); n != 5 {
				t.Errorf("%s: %d sessions", policy, n)
			}
			live := 0
			for i := range 50 {
				if c.call("sess_get", sessFirst(fmt.Sprint("s", i)), 0) != nil {
					live++
				}
			}
			if live != 5 {
				t.Errorf("%s: %d sessions answer", policy, live)
			}
		}
		c.want("[0 LIMIT]", "sess_create", session("x"), "x", 60000, 60000, 5, "reject")
		v := c.call("sess_create", session("y"), "y", 60000, 60000, 2, "oldest").([]any)
		if len(v) != 3+4 { // a cap that was lowered converges in one call
			t.Errorf("%v, want four sessions ended", v)
		}
	})
}

// 23: after sessions ran out, the index is clean.
func TestRegression23Index(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for i := range 10 {
			sid := fmt.Sprint("s", i)
			c.call("sess_create", session(sid), sid, 5, 60000, 0, "lru")
		}
		c.pass(7)
		if n := c.rdb.Exists(ctx, "s:{u}:idx").Val(); n != 0 {
			t.Fatal("the index outlives its sessions")
		}
		c.call("sess_create", session("long"), "long", 60000, 60000, 0, "lru")
		c.call("sess_create", session("short"), "short", 5, 60000, 0, "lru")
		c.pass(7)
		c.want("1", "sess_count", keys("s:{u}:idx"))
		if n := c.rdb.ZCard(ctx, "s:{u}:idx").Val(); n != 1 {
			t.Fatalf("%d entries in the index", n)
		}
	})
}

// 24: the entry is invalidated between the miss and the fill: the fill is refused.
func TestRegression24LateFill(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		for _, mode := range []string{"hard", "soft"} {
			k := keys("c:{" + mode + "}")
			if v := c.call("cache_get_or_lease", k, "me", 60000).([]any); v[0] != "miss" || v[2] != int64(1) {
				t.Fatal(v)
			}
			c.want("1", "cache_invalidate", k, mode, 60000)
			c.unchanged("late fill", func() {
				if v := c.ints("cache_fill", k, "me", "old", 60000, 0, 0, 0); v[0] != 0 {
					t.Fatal(v)
				}
			})
			if v := c.call("cache_get_or_lease", k, "you", 60000).([]any); v[0] != "miss" || v[2] != int64(1) {
				t.Fatal(v)
			}
			if v := c.ints("cache_fill", k, "you", "new", 60000, 0, 0, 0); v[0] != 1 {
				t.Fatal(v)
			}
			if v := c.ints("cache_fill", k, "you", "new", 60000, 0, 0, 0); v[0] != 1 { // its reply was lost
				t.Fatal(v)
			}
		}
		// The same for tags: bumped between the miss and the fill.
		tags := keys("e:{t}", "tag:{t}")
		miss := c.call("cache_tag_get", tags).([]any)
		c.call("cache_tag_bump", tags[1:], 60000)
		if v := c.call("cache_tag_set", tags, "old", 60000, miss[2]).([]any); v[0] != int64(0) {
			t.Fatal(v)
		}
	})
}

// 25: a batch fill with one lost lease fills the rest.
func TestRegression25BatchFill(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("e1:{a}", "e2:{a}", "e3:{a}")
		c.call("cache_mget_or_lease", k, "me", 60000)
		c.call("cache_invalidate", k[1:2], "hard", 60000)
		v := c.ints("cache_mfill", k, "me", 60000, 0, 0, "one", 0, "two", 0, "three", 1)
		if v[0] == 0 || v[1] != 0 || v[2] == 0 {
			t.Fatal(v)
		}
		rows := c.call("cache_mget_or_lease", k, "you", 60000).([]any)
		for i, want := range []string{"hit", "miss", "negative"} {
			if got := rows[i].([]any)[0]; got != want {
				t.Errorf("entry %d: %v, want %s", i, got, want)
			}
		}
	})
}

// 26: a negative entry has a time of its own, shorter than a value's.
func TestRegression26NegativeTTL(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		k := keys("c:{a}")
		c.call("cache_get_or_lease", k, "me", 60000)
		c.call("cache_fill", k, "me", "", 10, 0, 1, 0)
		if v := c.call("cache_get_or_lease", k, "you", 60000).([]any); v[0] != "negative" || v[1] != nil {
			t.Fatal(v)
		}
		c.pass(12)
		if v := c.call("cache_get_or_lease", k, "you", 60000).([]any); v[0] != "miss" {
			t.Fatal(v)
		}
	})
}

// 27: twenty thousand: what is too much for one call is refused before anything is written, what is not, works.
func TestRegression27Bulk(t *testing.T) {
	each(t, func(t *testing.T, c *caller) {
		members := make([]any, 20000)
		for i := range members {
			members[i] = fmt.Sprint("m", i)
		}
		c.wantError("BADARG", "lb_remove", board("a", ""), append([]any{"-"}, members...)...)
		z := make([]redis.Z, 20000)
		for i := range z {
			z[i] = redis.Z{Score: float64(i), Member: members[i]}
		}
		c.rdb.ZAdd(ctx, "lb:{a}", z...)
		if n := c.int("lb_remove", board("a", ""), append([]any{"-"}, members[:1000]...)...); n != 1000 {
			t.Fatal(n)
		}
		if n := len(c.call("lb_top", board("a", ""), "-", "desc", "competition", 1000).([]any)); n != 3001 {
			t.Fatal(n)
		}
		if n := c.call("lb_trim", board("a", ""), "-", "desc", 10, 1000).([]any)[0]; n != int64(1000) {
			t.Fatal(n)
		}
		if n := c.int("lb_merge", keys("sum:{a}", "lb:{a}"), "-", "desc", "sum", 2); n != 18000 {
			t.Fatal(n)
		}
		names := make([]string, 1000)
		for i := range names {
			names[i] = fmt.Sprint("k:{a}:", i)
		}
		c.want("[1 0 60000]", "lock_acquire_many", names, "me", 60000)
		c.want("[1 0]", "lock_extend_many", names, "me", 60000)
		c.want("[1000 0]", "lock_release_many", names, "me")
		if n := len(c.call("cache_mget_or_lease", names, "me", 60000).([]any)); n != 1000 {
			t.Fatal(n)
		}
		v := c.ints("rl_sliding_log", keys("log:{a}"), 10000, 60000, 1000)
		if v[2] != 9000 || c.rdb.ZCard(ctx, "log:{a}").Val() != 1000 {
			t.Fatal(v)
		}
		// An index with twenty thousand dead sessions is cleaned step by step, and one with as many live ones ended so.
		for i := range z {
			z[i] = redis.Z{Score: 1, Member: fmt.Sprintf("%013d:%d", i, i)}
		}
		c.rdb.ZAdd(ctx, "s:{u}:idx", z...)
		c.call("sess_create", session("a"), "a", 60000, 60000, 5, "oldest")
		c.want("[1 a]", "sess_destroy_all", keys("s:{u}:idx"), "none")
	})
}
