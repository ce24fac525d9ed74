package command

import (
	"math"

	"github.com/evald/evald/engine"
)

// rateLimits are the commands for what the pattern library's rl_gcra does, in one step. All three keep the same number under the key,
// the theoretical arrival time of the next unit in unix us, as a string: they can be used on one key, and Redis's tools can read it.
func rateLimits() []Spec {
	keys := []KeySpec{keyAt(1, RW|Access|Update)}
	return []Spec{
		{Name: "gcra", Arity: -5, Flags: Write | DenyOOM | Fast | Internal, Keys: keys, Group: GroupString, Since: "8.8.0", Do: gcra,
			Complexity: "O(1)", Summary: "Rate limit via GCRA (Generic Cell Rate Algorithm).", Syntax: "key max_burst tokens_per_period period [TOKENS count]"},
		{Name: "cl.throttle", Arity: -5, Flags: Write | DenyOOM | Fast | Internal, Keys: keys, Group: GroupString, Since: "extension", Do: throttle,
			Complexity: "O(1)", Summary: "Rate limit via GCRA, with the arguments of the module redis-cell.", Syntax: "key max_burst count period [quantity]"},
	}
}

const (
	errGCRABurst  Error = "ERR max_burst must be an integer from 0 to 999999999"
	errGCRACount  Error = "ERR tokens per period must be an integer from 1 to 1000000000, and at most one per microsecond"
	errGCRAPeriod Error = "ERR period must be from 1 to 315360000 seconds"
	errGCRATokens Error = "ERR tokens must be a non-negative integer"
	errGCRADrain  Error = "ERR the burst would take more than ten years to drain"
)

const (
	maxGCRA       = 1_000_000_000 // of tokens: a burst's and a period's
	maxGCRASecond = 315_360_000   // ten years: times in us stay exact in a script's numbers
)

// meter is one limit. Times are in us.
type meter struct {
	capacity int64 // tokens that may come at once: max_burst + 1
	interval int64 // time in which one token comes back, rounded up: it admits at most 1 us per token less, never more
	tokens   int64 // that the call takes; 0 looks without taking
}

// gcra is GCRA key max_burst tokens_per_period period [TOKENS count] as it was merged into Redis; the period is in seconds and
// may have a fraction.
func gcra(c *Ctx) error {
	tokens := int64(1)
	switch {
	case len(c.Args) == 5:
	case len(c.Args) != 7 || !c.Is(5, "tokens"):
		return ErrSyntax
	default:
		var err error
		if tokens, err = c.Int(6); err != nil {
			return err
		}
	}
	period, err := c.Float(4)
	if err != nil {
		return err
	}
	if !(period >= 1 && period <= maxGCRASecond) {
		return errGCRAPeriod
	}
	return take(c, int64(math.Round(period*1e6)), tokens)
}

// throttle is CL.THROTTLE key max_burst count period [quantity]; the period is in whole seconds.
func throttle(c *Ctx) error {
	tokens := int64(1)
	if len(c.Args) > 6 {
		return WrongArity(c.Spec.Name)
	}
	if len(c.Args) == 6 {
		var err error
		if tokens, err = c.Int(5); err != nil {
			return err
		}
	}
	period, err := c.Int(4)
	if err != nil {
		return err
	}
	if period < 1 || period > maxGCRASecond {
		return errGCRAPeriod
	}
	return take(c, period*1e6, tokens)
}

// newMeter reads the arguments that both commands share.
func newMeter(c *Ctx, period, tokens int64) (m meter, err error) {
	burst, err := c.Int(2)
	if err != nil {
		return m, err
	}
	count, err := c.Int(3)
	if err != nil {
		return m, err
	}
	switch {
	case burst < 0 || burst >= maxGCRA:
		return m, errGCRABurst
	case count < 1 || count > maxGCRA || count > period:
		return m, errGCRACount
	case tokens < 0:
		return m, errGCRATokens
	}
	m = meter{capacity: burst + 1, interval: ceilDiv(period, count), tokens: tokens}
	if m.interval > maxGCRASecond*1e6/m.capacity {
		return m, errGCRADrain
	}
	return m, nil
}

// take takes tokens if they are there and replies limited, capacity, tokens that remain, retry and reset. A call that is denied, or
// takes nothing, writes nothing. Retry (-1: admitted, or more than the capacity, which never comes) and reset are in seconds,
// rounded up: redis-cell rounds down, and who waits for what it says is denied again.
func take(c *Ctx, period, tokens int64) error {
	m, err := newMeter(c, period, tokens)
	if err != nil {
		return err
	}
	arrival, ok, err := c.DB.StringInt(c.Args[1])
	if err != nil {
		return err
	}
	// A number beyond what any limit stores is not a limit's.
	now, most := c.KS.NowMicros(), m.capacity*m.interval
	if !ok || arrival > now+2*maxGCRASecond*1e6 {
		return ErrNotInt
	}
	arrival = max(arrival, now)
	limited, retry := int64(0), int64(-1)
	switch {
	case m.tokens > m.capacity:
		limited = 1
	case arrival+m.tokens*m.interval-most > now:
		limited, retry = 1, ceilDiv(arrival+m.tokens*m.interval-most-now, 1e6)
	case m.tokens > 0:
		arrival += m.tokens * m.interval
		c.DB.SetInt(c.Args[1], arrival, ceilDiv(arrival, 1000))
		c.Notify(engine.EventString, "set", c.Args[1])
		c.Notify(engine.EventGeneric, "expire", c.Args[1])
	}
	c.Reply.Array(5)
	c.Reply.Int(limited)
	c.Reply.Int(m.capacity)
	c.Reply.Int(max(0, (now+most-arrival)/m.interval))
	c.Reply.Int(retry)
	c.Reply.Int(ceilDiv(arrival-now, 1e6))
	return nil
}

// ceilDiv divides and rounds up; a is not negative, b positive.
func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }
