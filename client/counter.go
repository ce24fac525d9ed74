package client

import (
	"context"
	"errors"
	"strconv"
	"time"
)

// Snowflakes draws n ids (1 to 1000) that grow with time, from the generator of that name and node (0 to 1023).
func (c *Client) Snowflakes(ctx context.Context, name string, node, n int) ([]int64, error) {
	r, err := c.array(ctx, n, "id_snowflake", []string{tagged("id", name)}, node, n)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = r.decimal()
	}
	return ids, r.err
}

// Sequence draws n consecutive numbers and returns the first.
func (c *Client) Sequence(ctx context.Context, name string, n int64) (first int64, err error) {
	r, err := c.array(ctx, 2, "seq_block", []string{tagged("seq", name)}, n)
	if err != nil {
		return 0, err
	}
	return r.decimal(), r.err
}

func (r *reply) decimal() int64 {
	n, err := strconv.ParseInt(r.str(), 10, 64)
	if err != nil {
		r.fail("not a number")
	}
	return n
}

// FirstTime tells whether an id has not come within ttl, and remembers it.
func (c *Client) FirstTime(ctx context.Context, set, id string, ttl time.Duration) (bool, error) {
	n, err := c.integer(ctx, "dedup_seen", []string{tagged("seen", set)}, id, ms(ttl))
	return n == 1, err
}

// AddBounded adds to a counter that stays between low and high, all or nothing; ErrTaken if it would leave them.
func (c *Client) AddBounded(ctx context.Context, name string, by, low, high int64, ttl time.Duration) (value int64, err error) {
	r, err := c.array(ctx, 2, "counter_bounded", []string{tagged("count", name)}, by, low, high, ms(ttl), 0)
	if err != nil {
		return 0, err
	}
	value = r.int()
	if r.int() != by && r.err == nil {
		r.err = ErrTaken
	}
	return value, r.err
}

// AddDecaying adds to a counter that halves in every half-life and returns its value.
func (c *Client) AddDecaying(ctx context.Context, name string, by float64, halfLife time.Duration) (float64, error) {
	v, err := c.Call(ctx, "counter_decay", []string{tagged("decay", name)}, strconv.FormatFloat(by, 'g', -1, 64), ms(halfLife))
	if err != nil {
		return 0, err
	}
	s, ok := v.(string)
	if !ok {
		return 0, errors.New("call counter_decay: unexpected reply")
	}
	return strconv.ParseFloat(s, 64)
}

// Once tells whether something may run now: at most once in ttl.
func (c *Client) Once(ctx context.Context, name string, ttl time.Duration) (run bool, wait time.Duration, err error) {
	return c.once(ctx, name, ttl, "leading")
}

// Quiet tells whether something may run now: only if it was not asked for within ttl before.
func (c *Client) Quiet(ctx context.Context, name string, ttl time.Duration) (run bool, wait time.Duration, err error) {
	return c.once(ctx, name, ttl, "quiet")
}

func (c *Client) once(ctx context.Context, name string, ttl time.Duration, edge string) (bool, time.Duration, error) {
	r, err := c.array(ctx, 2, "once", []string{tagged("once", name)}, ms(ttl), edge)
	if err != nil {
		return false, 0, err
	}
	run := r.int() == 1
	return run, r.ms(), r.err
}
