package client

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"time"
)

// Latch opens when a number of participants have counted it down, each once however often it says so. It goes after its
// TTL, open or not.
type Latch struct {
	c            *Client
	key, channel string
}

// NewLatch returns the latch of that name; Init makes it.
func NewLatch(c *Client, name string) *Latch {
	return &Latch{c: c, key: tagged("latch", name), channel: tagged("latch", name, "open")}
}

// Init makes a latch of n participants (1 to 10,000); false if there is one, which stays as it is. It can be repeated.
func (l *Latch) Init(ctx context.Context, n int64, ttl time.Duration) (made bool, err error) {
	r, err := l.c.array(ctx, 2, "latch_init", []string{l.key}, n, ms(ttl))
	if err != nil {
		return false, err
	}
	return r.int() == 1, r.err
}

// Down counts a participant, once, and returns how many are still expected. ErrNotFound: there is no such latch.
func (l *Latch) Down(ctx context.Context, participant string) (left int64, err error) {
	r, err := l.c.array(ctx, 2, "latch_down", []string{l.key, l.channel}, participant)
	if err != nil {
		return 0, err
	}
	r.int()
	return r.left()
}

// Left returns how many are still expected, 0 when the latch is open. ErrNotFound: there is no such latch.
func (l *Latch) Left(ctx context.Context) (int64, error) {
	r, err := l.c.array(ctx, 2, "latch_wait", []string{l.key})
	if err != nil {
		return 0, err
	}
	return r.left()
}

// Wait waits until the latch is open. ErrNotFound: there is no such latch, or it has run out; else ctx's error.
func (l *Latch) Wait(ctx context.Context) error {
	var woken <-chan struct{}
	for {
		left, err := l.Left(ctx)
		if err != nil || left == 0 {
			return err
		}
		if woken == nil {
			stop := make(chan struct{})
			defer close(stop)
			woken = l.c.listen(ctx, l.channel, stop)
		}
		// The message may be missed, so waiters ask as well, at random moments.
		timer := time.NewTimer(50*time.Millisecond + time.Duration(mathrand.Int64N(int64(200*time.Millisecond))))
		select {
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("wait for %d more: %w", left, context.Cause(ctx))
		case <-timer.C:
		case <-woken:
			timer.Stop()
		}
	}
}

func (r *reply) left() (int64, error) {
	n := r.int()
	if n < 0 {
		return 0, ErrNotFound
	}
	return n, r.err
}

// Barrier lets a number of participants go on when all have come.
type Barrier struct {
	latch *Latch
	n     int64
	ttl   time.Duration
}

// NewBarrier returns the barrier of n participants (1 to 10,000) of that name. It goes ttl after the first arrival.
func NewBarrier(c *Client, name string, n int64, ttl time.Duration) *Barrier {
	return &Barrier{&Latch{c: c, key: tagged("barrier", name), channel: tagged("barrier", name, "open")}, n, ttl}
}

// Arrive counts a participant, once, and returns how many are still expected. It can be repeated.
func (b *Barrier) Arrive(ctx context.Context, participant string) (left int64, err error) {
	r, err := b.latch.c.array(ctx, 2, "barrier_arrive", []string{b.latch.key, b.latch.channel}, participant, b.n, ms(b.ttl))
	if err != nil {
		return 0, err
	}
	r.int()
	return r.left()
}

// Await arrives and waits for the others. ErrNotFound: the barrier ran out before all had come; else ctx's error.
func (b *Barrier) Await(ctx context.Context, participant string) error {
	if left, err := b.Arrive(ctx, participant); err != nil || left == 0 {
		return err
	}
	return b.latch.Wait(ctx)
}
