// This file has what every kind of lock shares: a handle that renews itself and whose context ends with it, and waiting.
package client

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"
)

// LockOptions of every kind of lock. Zero fields have the values named.
type LockOptions struct {
	// TTL is how long the lock outlives a holder that has died: 10 s.
	TTL time.Duration
	// MaxLife bounds the time a lock is renewed: 0, without bound.
	MaxLife time.Duration
	// MinWait and MaxWait bound the pause, drawn at random, between two tries of a waiter: 50 ms and 250 ms. A waiter is
	// also woken when the lock is released, but does not rely on it.
	MinWait, MaxWait time.Duration
	// Token names the owner. By default it is drawn at random for every acquisition; set it to hand a lock over from one
	// process to another.
	Token string
}

func (o LockOptions) withDefaults() LockOptions {
	if o.TTL <= 0 {
		o.TTL = 10 * time.Second
	}
	if o.MinWait <= 0 {
		o.MinWait = 50 * time.Millisecond
	}
	if o.MaxWait < o.MinWait {
		o.MaxWait = max(o.MinWait, 250*time.Millisecond)
	}
	return o
}

// renewal is the pause between two renewals: a third of the TTL at most, a fourth at least, so that locks taken at one moment
// are not renewed at one moment for ever.
func (o LockOptions) renewal() time.Duration {
	return o.TTL/3 - time.Duration(mathrand.Int64N(int64(o.TTL/12)+1))
}

func (o LockOptions) token() string {
	if o.Token != "" {
		return o.Token
	}
	return randomToken()
}

// randomToken returns 128 random bits in hex.
func randomToken() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: it ends the program instead
	return hex.EncodeToString(b[:])
}

// Lock is something held: a mutex, a read or write lock, a permit, a leadership. It renews itself before a third of its
// TTL has passed, until it is released, reaches its MaxLife, or is lost.
type Lock struct {
	token string
	fence int64
	ctx   context.Context
	end   context.CancelCauseFunc
	renew func(ctx context.Context) (held bool, err error)
	free  func(ctx context.Context) (held bool, err error)
	done  chan struct{} // closed when the renewing goroutine has ended
}

// Context ends when the lock is released or lost; context.Cause tells which: ErrLost if it was lost. Do the work under it.
func (l *Lock) Context() context.Context { return l.ctx }

// Token names the owner.
func (l *Lock) Token() string { return l.token }

// Fence is a number higher than that of every earlier holder, or 0 for kinds that have none. Send it with every write to
// the resource the lock protects, and let the resource refuse a lower one (FenceCheck, FencedSet): a lock alone cannot
// stop a holder that slept through its TTL.
func (l *Lock) Fence() int64 { return l.fence }

// Release gives the lock back. It returns ErrLost if it was not held any more. It can be repeated after an error, and
// takes no notice of a ctx that has ended already: to release is right then, too.
func (l *Lock) Release(ctx context.Context) error {
	l.end(context.Canceled)
	<-l.done
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	held, err := l.free(ctx)
	if err == nil && !held {
		err = ErrLost
	}
	return err
}

// hold makes a handle of what was acquired by a request that began at start, and renews it.
func hold(ctx context.Context, o LockOptions, l *Lock, start time.Time) *Lock {
	l.ctx, l.end = context.WithCancelCause(context.WithoutCancel(ctx))
	l.done = make(chan struct{})
	go l.keep(o, start)
	return l
}

// keep renews until the lock's context ends. Its own clock counts from before each request, so that it gives the lock up
// no later than the server does. A failed renewal is tried again as long as there is time.
func (l *Lock) keep(o LockOptions, start time.Time) {
	defer close(l.done)
	born, until, pause := start, start.Add(o.TTL), o.renewal()
	for {
		timer := time.NewTimer(min(pause, max(0, time.Until(until))))
		select {
		case <-l.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		if !time.Now().Before(until) {
			l.end(ErrLost)
			return
		}
		if o.MaxLife > 0 && time.Since(born)+o.TTL > o.MaxLife {
			pause = o.TTL // not renewed any more: wait for the end
			continue
		}
		asked := time.Now()
		ctx, cancel := context.WithDeadline(l.ctx, until)
		held, err := l.renew(ctx)
		cancel()
		switch {
		case err != nil:
			pause = o.TTL / 20
		case !held:
			l.end(ErrLost)
			return
		default:
			until, pause = asked.Add(o.TTL), o.renewal()
		}
	}
}

// attempt is one try to acquire. It returns the lock, or how long to wait at most before the next try is of use.
type attempt func(ctx context.Context) (*Lock, time.Duration, error)

// wait tries until it succeeds or ctx ends. wake, if it is a channel's name, is listened to.
func (c *Client) wait(ctx context.Context, o LockOptions, wake string, try attempt) (*Lock, error) {
	var woken <-chan struct{}
	for refused := false; ; refused = true {
		l, left, err := try(ctx)
		if refused && err != nil && ctx.Err() != nil {
			return nil, fmt.Errorf("%w: %w", ErrTaken, context.Cause(ctx)) // ctx ended in the middle of a try
		}
		if err == nil || !errors.Is(err, ErrTaken) {
			return l, err
		}
		if woken == nil && wake != "" {
			stop := make(chan struct{})
			defer close(stop)
			woken = c.listen(ctx, wake, stop)
		}
		pause := o.MinWait + time.Duration(mathrand.Int64N(int64(o.MaxWait-o.MinWait)+1))
		if left > 0 {
			pause = min(pause, left)
		}
		timer := time.NewTimer(max(pause, time.Millisecond))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w: %w", ErrTaken, context.Cause(ctx))
		case <-timer.C:
		case <-woken:
			timer.Stop()
		}
	}
}

// listen passes on that something was published on a shard channel, until stop is closed.
func (c *Client) listen(ctx context.Context, channel string, stop <-chan struct{}) <-chan struct{} {
	out := make(chan struct{}, 1)
	go func() {
		sub := c.rdb.SSubscribe(ctx, channel)
		defer sub.Close()
		in := sub.Channel()
		for {
			select {
			case <-stop:
				return
			case _, ok := <-in:
				if !ok {
					return
				}
				select {
				case out <- struct{}{}:
				default:
				}
			}
		}
	}()
	return out
}

// giveBack releases what an acquisition whose reply did not arrive may have taken.
func giveBack(ctx context.Context, free func(ctx context.Context) (bool, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	free(ctx) // if this fails, too, the TTL does it
}

// do runs f under an acquired lock.
func do(ctx context.Context, acquire func(context.Context) (*Lock, error), f func(ctx context.Context, l *Lock) error) (err error) {
	l, err := acquire(ctx)
	if err != nil {
		return err
	}
	work, cancel := context.WithCancelCause(ctx) // ends with the caller's context and with the lock
	stop := context.AfterFunc(l.ctx, func() { cancel(context.Cause(l.ctx)) })
	defer func() {
		stop()
		cancel(nil)
		if releaseErr := l.Release(ctx); err == nil {
			err = releaseErr
		}
	}()
	return f(work, l)
}
