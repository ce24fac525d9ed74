package client

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"
)

// Redlock is a mutex over several independent servers: held when a majority granted it and enough of its time is left.
//
// It survives the loss of a minority of servers. Its limits: the servers must be independent of each other (primaries
// with no common replica; the nodes of one cluster are not), their clocks must run at about the same speed, a server
// that restarts must remember its keys (appendfsync always) or stay away for a TTL, and a holder that sleeps through the
// TTL does not know it has lost the lock. There is no fence: counters of different servers have no order. Where a wrong
// holder does damage, use a Mutex on one durable server with fences, which is simpler and stronger. There is no
// semaphore of this kind, because majorities of different permits do not exclude each other.
type Redlock struct {
	clients []*Client
	key     string
	o       LockOptions
}

// NewRedlock returns the mutex of that name over the clients, of which there should be an odd number.
func NewRedlock(clients []*Client, name string, o LockOptions) *Redlock {
	return &Redlock{clients: clients, key: tagged("lock", name), o: o.withDefaults()}
}

// quorum is a majority.
func (m *Redlock) quorum() int { return len(m.clients)/2 + 1 }

// drift is what the clocks may differ by within a TTL.
func (m *Redlock) drift() time.Duration { return m.o.TTL/100 + 2*time.Millisecond }

// TryLock takes the lock, or returns ErrTaken, or the servers' errors if so many failed that no majority is possible.
func (m *Redlock) TryLock(ctx context.Context) (*Lock, error) {
	start, token := time.Now(), m.o.token()
	got, errs := m.ask(ctx, func(ctx context.Context, c *Client) (bool, error) {
		r, err := c.array(ctx, 3, "lock_acquire", []string{m.key}, token, ms(m.o.TTL))
		return err == nil && r.int() == 1, err
	})
	l := &Lock{
		token: token,
		renew: func(ctx context.Context) (bool, error) { return m.renew(ctx, token) },
		free: func(ctx context.Context) (bool, error) {
			n, errs := m.release(ctx, token)
			if n < m.quorum() && len(errs) > 0 {
				return false, errors.Join(errs...)
			}
			return n >= m.quorum(), nil
		},
	}
	if valid := m.o.TTL - m.drift() - time.Since(start); got >= m.quorum() && valid > 0 {
		// The time for which all of them surely hold is shorter than the TTL by the drift.
		return hold(ctx, m.o, l, start.Add(-m.drift())), nil
	}
	m.release(context.WithoutCancel(ctx), token)
	if len(m.clients)-len(errs) < m.quorum() {
		return nil, errors.Join(errs...)
	}
	return nil, ErrTaken
}

// Lock waits until ctx ends.
func (m *Redlock) Lock(ctx context.Context) (*Lock, error) {
	for {
		l, err := m.TryLock(ctx)
		if !errors.Is(err, ErrTaken) {
			return l, err
		}
		// The pause is random, so that two candidates do not split the servers between them again and again.
		timer := time.NewTimer(m.o.MinWait + time.Duration(mathrand.Int64N(int64(m.o.MaxWait-m.o.MinWait)+1)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w: %w", ErrTaken, context.Cause(ctx))
		case <-timer.C:
		}
	}
}

// Do runs f under the lock, as Mutex.Do does.
func (m *Redlock) Do(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
	return do(ctx, m.Lock, f)
}

// renew extends the lock on a majority. Servers that have lost it (a restart) are given it again, but only after a
// majority still had it.
func (m *Redlock) renew(ctx context.Context, token string) (bool, error) {
	start := time.Now()
	var absent []*Client
	var mu sync.Mutex
	held, errs := m.ask(ctx, func(ctx context.Context, c *Client) (bool, error) {
		r, err := c.array(ctx, 2, "lock_extend", []string{m.key}, token, ms(m.o.TTL))
		if err != nil {
			return false, err
		}
		state := r.int()
		if state == -1 {
			mu.Lock()
			absent = append(absent, c)
			mu.Unlock()
		}
		return state == 1, nil
	})
	if held < m.quorum() {
		if held+len(errs) >= m.quorum() {
			return false, errors.Join(errs...) // perhaps still held: try again
		}
		return false, nil
	}
	for _, c := range absent {
		c.array(ctx, 3, "lock_acquire", []string{m.key}, token, ms(m.o.TTL)) // one that fails is asked again next time
	}
	if time.Since(start) > m.o.TTL-m.drift() {
		return false, nil
	}
	return true, nil
}

func (m *Redlock) release(ctx context.Context, token string) (int, []error) {
	return m.ask(ctx, func(ctx context.Context, c *Client) (bool, error) {
		n, err := c.integer(ctx, "lock_release", []string{m.key}, token)
		return n == 1, err
	})
}

// ask runs f against all servers at once and counts those that said yes. A server gets a twentieth of the TTL, so that
// one that is down does not use it up.
func (m *Redlock) ask(ctx context.Context, f func(ctx context.Context, c *Client) (bool, error)) (yes int, errs []error) {
	ctx, cancel := context.WithTimeout(ctx, max(m.o.TTL/20, 10*time.Millisecond))
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i, c := range m.clients {
		wg.Go(func() {
			ok, err := f(ctx, c)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				errs = append(errs, fmt.Errorf("server %d: %w", i, err))
			} else if ok {
				yes++
			}
		})
	}
	wg.Wait()
	return yes, errs
}
