package client

import (
	"context"
	"fmt"
	"time"
)

// Limit is one rate limit: FixedWindow, SlidingLog, SlidingCounter, TokenBucket or GCRA.
type Limit interface {
	// describe returns the algorithm's name and its parameters, three at most.
	describe() (algorithm string, params []any)
}

// FixedWindow admits Limit units per window. Cheapest; up to twice the limit can pass around a window's edge.
type FixedWindow struct {
	Limit   int64
	Window  time.Duration
	Aligned bool // windows start at multiples of their length, not at the first call
}

// SlidingLog admits Limit units (up to 10,000) in any window, exactly, at about 100 bytes per unit.
type SlidingLog struct {
	Limit  int64
	Window time.Duration
}

// SlidingCounter admits about Limit units in any window, in constant space.
type SlidingCounter struct {
	Limit  int64
	Window time.Duration
}

// TokenBucket admits bursts of up to Capacity, then Refill units every Interval, in steps.
type TokenBucket struct {
	Capacity, Refill int64
	Interval         time.Duration
}

// GCRA admits Count units per Period, evenly, with bursts of up to Burst units at once (1 or more).
type GCRA struct {
	Burst, Count int64
	Period       time.Duration
}

func (l FixedWindow) describe() (string, []any) {
	aligned := 0
	if l.Aligned {
		aligned = 1
	}
	return "fixed", []any{l.Limit, ms(l.Window), aligned}
}
func (l SlidingLog) describe() (string, []any) { return "sliding_log", []any{l.Limit, ms(l.Window), 0} }
func (l SlidingCounter) describe() (string, []any) {
	return "sliding_counter", []any{l.Limit, ms(l.Window), 0}
}
func (l TokenBucket) describe() (string, []any) {
	return "token_bucket", []any{l.Capacity, l.Refill, ms(l.Interval)}
}
func (l GCRA) describe() (string, []any) { return "gcra", []any{l.Burst - 1, l.Count, ms(l.Period)} }

// Result of a call against a limit.
type Result struct {
	Allowed   bool
	Limit     int64 // units that can be admitted at once
	Remaining int64
	// RetryAfter is when the same call is admitted if nobody else calls: 0 when it was admitted, Never when it cannot be.
	RetryAfter time.Duration
	ResetAfter time.Duration // until nothing counts any more
}

// Never is the RetryAfter of a call that costs more than the limit.
const Never = time.Duration(-1)

func (r *reply) result() (Result, error) {
	limited := r.int() == 1
	res := Result{Allowed: !limited, Limit: r.int(), Remaining: r.int()}
	retry := r.int()
	switch {
	case !limited:
	case retry < 0:
		res.RetryAfter = Never
	default:
		res.RetryAfter = time.Duration(retry) * time.Millisecond
	}
	res.ResetAfter = r.ms()
	return res, r.err
}

// Limiter checks limits. Its keys are rl:{id}, with the id the caller gives: a user, an address, a route.
type Limiter struct{ c *Client }

// NewLimiter returns a limiter.
func NewLimiter(c *Client) *Limiter { return &Limiter{c} }

// Allow takes one unit if the limit admits it. A call that is denied costs nothing.
func (l *Limiter) Allow(ctx context.Context, id string, limit Limit) (Result, error) {
	return l.AllowN(ctx, id, limit, 1)
}

// AllowN takes n units or none; n = 0 looks without taking.
func (l *Limiter) AllowN(ctx context.Context, id string, limit Limit, n int64) (Result, error) {
	return l.take(ctx, []string{tagged("rl", id)}, limit, n)
}

// AllowOnce is AllowN for an operation with an id: called again, as after a timeout, it charges nothing more; and Refund
// can give the units back.
func (l *Limiter) AllowOnce(ctx context.Context, id string, limit Limit, n int64, operation string) (Result, error) {
	return l.take(ctx, []string{tagged("rl", id), tagged("rl", id, "op", operation)}, limit, n)
}

func (l *Limiter) take(ctx context.Context, keys []string, limit Limit, n int64) (Result, error) {
	algorithm, p := limit.describe()
	args := []any{p[0], p[1], p[2], n}
	switch algorithm {
	case "fixed":
		args = []any{p[0], p[1], n, p[2]}
	case "sliding_log", "sliding_counter":
		args = []any{p[0], p[1], n}
	}
	r, err := l.c.array(ctx, 5, "rl_"+algorithm, keys, args...)
	if err != nil {
		return Result{}, err
	}
	return r.result()
}

// Refund gives back what an operation took (AllowOnce): once, however often it is called.
func (l *Limiter) Refund(ctx context.Context, id string, limit Limit, operation string) (Result, error) {
	algorithm, p := limit.describe()
	r, err := l.c.array(ctx, 5, "rl_refund", []string{tagged("rl", id), tagged("rl", id, "op", operation)}, append([]any{algorithm}, p...)...)
	if err != nil {
		return Result{}, err
	}
	return r.result()
}

// Peek looks without taking, on a replica, too.
func (l *Limiter) Peek(ctx context.Context, id string, limit Limit) (Result, error) {
	algorithm, p := limit.describe()
	r, err := l.c.array(ctx, 5, "rl_peek", []string{tagged("rl", id)}, append([]any{algorithm}, p...)...)
	if err != nil {
		return Result{}, err
	}
	return r.result()
}

// Reset forgets what an id has used.
func (l *Limiter) Reset(ctx context.Context, id string) error {
	_, err := l.c.Call(ctx, "rl_reset", []string{tagged("rl", id)})
	return err
}

// AtMost takes as many units as a GCRA limit has now, up to most, and returns how many.
func (l *Limiter) AtMost(ctx context.Context, id string, limit GCRA, most int64) (int64, Result, error) {
	_, p := limit.describe()
	r, err := l.c.array(ctx, 6, "rl_at_most", []string{tagged("rl", id)}, append(p, most)...)
	if err != nil {
		return 0, Result{}, err
	}
	granted := r.int()
	res, err := r.result()
	return granted, res, err
}

// Named is one of several limits on the same id.
type Named struct {
	Name  string // of its own among the id's limits: "second", "day"
	Limit Limit
	Cost  int64 // 0 looks only
}

// AllowAll checks several limits of one id in one call: all are charged, or none. index is the limit that decides: the
// one that holds the caller back longest, or, when all admit, the one with least remaining.
func (l *Limiter) AllowAll(ctx context.Context, id string, limits ...Named) (res Result, index int, err error) {
	var keys []string
	var args []any
	for _, n := range limits {
		algorithm, p := n.Limit.describe()
		keys = append(keys, tagged("rl", id, n.Name))
		args = append(append(append(args, algorithm), p...), n.Cost)
	}
	r, err := l.c.array(ctx, 7, "rl_multi", keys, args...)
	if err != nil {
		return Result{}, 0, err
	}
	r.int()
	index = int(r.int()) - 1
	res, err = r.result()
	return res, index, err
}

// Delay spaces calls out: it returns how long to wait before running, or allowed = false if that is more than most, and
// then after how long the call would be taken.
func (l *Limiter) Delay(ctx context.Context, id string, rate int64, period, most time.Duration) (wait time.Duration, allowed bool, err error) {
	r, err := l.c.array(ctx, 3, "rl_leaky", []string{tagged("rl", id, "queue")}, rate, ms(period), ms(most), 1)
	if err != nil {
		return 0, false, err
	}
	allowed = r.int() == 0
	return r.ms(), allowed, r.err
}

// Strike counts a strike (a failed login) and blocks after limit of them for base, then twice as long with each further
// one, up to most. Strikes are forgotten after a window without one. During a block no strike counts.
func (l *Limiter) Strike(ctx context.Context, id string, limit int64, window, base, most time.Duration) (Blocked, error) {
	return l.penalty(ctx, id, limit, window, base, most, 1)
}

// Blocked looks whether an id is blocked, with the arguments of Strike.
func (l *Limiter) Blocked(ctx context.Context, id string, limit int64, window, base, most time.Duration) (Blocked, error) {
	return l.penalty(ctx, id, limit, window, base, most, 0)
}

// Blocked is the state of an id's penalty.
type Blocked struct {
	Blocked    bool
	Strikes    int64
	RetryAfter time.Duration
}

func (l *Limiter) penalty(ctx context.Context, id string, limit int64, window, base, most time.Duration, cost int) (Blocked, error) {
	r, err := l.c.array(ctx, 3, "rl_penalty", []string{tagged("rl", id, "strikes"), tagged("rl", id, "block")}, limit, ms(window), ms(base), ms(most), cost)
	if err != nil {
		return Blocked{}, err
	}
	return Blocked{Blocked: r.int() == 1, Strikes: r.int(), RetryAfter: max(0, r.ms())}, r.err
}

// Reserve takes an estimate from a token bucket until the real use is known: Settle it, or Cancel it. A hold that is not
// ended in time goes back to the bucket.
func (l *Limiter) Reserve(ctx context.Context, id string, bucket TokenBucket, operation string, estimate int64, hold time.Duration) (Result, error) {
	r, err := l.c.array(ctx, 5, "rl_reserve", reserveKeys(id), operation, estimate, bucket.Capacity, bucket.Refill, ms(bucket.Interval), ms(hold))
	if err != nil {
		return Result{}, err
	}
	return r.result()
}

// Settle ends a hold at what was really used. ErrNotFound: it was ended before, or ran out.
func (l *Limiter) Settle(ctx context.Context, id string, bucket TokenBucket, operation string, actual int64) (remaining int64, err error) {
	r, err := l.c.array(ctx, 3, "rl_settle", reserveKeys(id), operation, actual, bucket.Capacity, bucket.Refill, ms(bucket.Interval))
	if err != nil {
		return 0, err
	}
	found := r.int() == 1
	r.int()
	remaining = r.int()
	if !found && r.err == nil {
		r.err = fmt.Errorf("settle %s: %w", operation, ErrNotFound)
	}
	return remaining, r.err
}

// Cancel ends a hold of which nothing was used. ErrNotFound: it was ended before, or ran out.
func (l *Limiter) Cancel(ctx context.Context, id string, bucket TokenBucket, operation string) error {
	r, err := l.c.array(ctx, 3, "rl_cancel", reserveKeys(id), operation, bucket.Capacity, bucket.Refill, ms(bucket.Interval))
	if err != nil {
		return err
	}
	if r.int() == 0 {
		return fmt.Errorf("cancel %s: %w", operation, ErrNotFound)
	}
	return r.err
}

// Enter counts a call in progress, of which an id may have most at once. It ends by Leave, or after the lease if its process
// dies. The same call again is one, and renews its lease.
func (l *Limiter) Enter(ctx context.Context, id, call string, most int64, lease time.Duration) (Result, error) {
	r, err := l.c.array(ctx, 5, "rl_concurrency", []string{tagged("rl", id, "calls")}, call, most, ms(lease))
	if err != nil {
		return Result{}, err
	}
	return r.result()
}

// Leave ends a call in progress. ErrLost: its lease had run out.
func (l *Limiter) Leave(ctx context.Context, id, call string) error {
	n, err := l.c.integer(ctx, "sem_release", []string{tagged("rl", id, "calls")}, call)
	if err == nil && n < 0 {
		err = ErrLost
	}
	return err
}

func reserveKeys(id string) []string {
	return []string{tagged("rl", id), tagged("rl", id, "holds"), tagged("rl", id, "costs")}
}
