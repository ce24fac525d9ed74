package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/internal/redistest"
)

var quick = LockOptions{TTL: 2 * time.Second, MinWait: time.Millisecond, MaxWait: 5 * time.Millisecond}

// Every kind of lock excludes, is waited for, and is freed.
func TestLocksExclude(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		n := name()
		sem := NewSemaphore(c, n, 3, quick)
		kinds := map[string]struct {
			max  int64
			lock func(ctx context.Context) (*Lock, error)
		}{
			"mutex":     {1, NewMutex(c, n, quick).Lock},
			"multi":     {1, NewMultiMutex(c, n, []string{"a", "b", "c"}, quick).Lock},
			"write":     {1, NewRWMutex(c, n, quick).Lock},
			"fair":      {1, NewFairMutex(c, n, quick).Lock},
			"semaphore": {3, func(ctx context.Context) (*Lock, error) { return sem.Acquire(ctx, 1) }},
			"reentrant": {1, func(ctx context.Context) (*Lock, error) { return NewReentrantMutex(c, n, quick).Lock(ctx) }},
			"election":  {1, func(ctx context.Context) (*Lock, error) { return NewElection(c, n, "", quick).Campaign(ctx, nil) }},
		}
		for kind, k := range kinds {
			t.Run(kind, func(t *testing.T) {
				var inside, fence atomic.Int64
				var wg sync.WaitGroup
				for range 15 {
					wg.Go(func() {
						l, err := k.lock(t.Context())
						if err != nil {
							t.Error(err)
							return
						}
						if inside.Add(1) > k.max {
							t.Errorf("%d hold it", inside.Load())
						}
						if f := l.Fence(); f != 0 {
							if last := fence.Swap(f); last >= f {
								t.Errorf("fence %d after %d", f, last)
							}
						}
						inside.Add(-1)
						if err := l.Release(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
			})
		}
	})
}

func TestReadersShare(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, m := t.Context(), NewRWMutex(c, name(), quick)
		a, err := m.RLock(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.TryRLock(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.TryLock(ctx); !errors.Is(err, ErrTaken) {
			t.Fatal(err)
		}
		b.Release(ctx)
		a.Release(ctx)
		w, err := m.TryLock(ctx)
		if err != nil {
			t.Fatal(err)
		}
		w.Release(ctx)
	})
}

func TestWaitEndsWithContext(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		n := name()
		l, err := NewMutex(c, n, quick).TryLock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer l.Release(t.Context())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := NewMutex(c, n, quick).Lock(ctx); !errors.Is(err, ErrTaken) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if _, err := NewMutex(c, n, quick).TryLock(t.Context()); !errors.Is(err, ErrTaken) {
			t.Fatal(err)
		}
	})
}

// The holder is told when the lock is taken away, by the end of its context.
func TestLossEndsContext(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		n := name()
		m := NewMutex(c, n, LockOptions{TTL: 60 * time.Millisecond})
		err := m.Do(t.Context(), func(ctx context.Context, l *Lock) error {
			by, previous, err := NewMutex(c, n, LockOptions{}).Force(t.Context())
			if err != nil || previous != l.Token() || by.Fence() <= l.Fence() {
				return fmt.Errorf("forced from %q with fence %d: %w", previous, by.Fence(), err)
			}
			defer by.Release(t.Context())
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), ErrLost) {
				return fmt.Errorf("cause %w", context.Cause(ctx))
			}
			if ok, highest, err := c.FenceCheck(t.Context(), n, by.Fence()); !ok || err != nil {
				return fmt.Errorf("fence %d refused: %w", highest, err)
			}
			if ok, err := c.FencedSet(t.Context(), n, l.Fence(), "late", 0); ok || err != nil {
				return fmt.Errorf("the former owner wrote: %w", err)
			}
			return nil
		})
		if !errors.Is(err, ErrLost) {
			t.Fatal(err)
		}
	})
}

// Renewal keeps a lock longer than its TTL, and ends at MaxLife.
func TestRenewalAndMaxLife(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		n := name()
		l, err := NewMutex(c, n, LockOptions{TTL: 40 * time.Millisecond, MaxLife: 160 * time.Millisecond}).TryLock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		<-l.Context().Done()
		if held := time.Since(start); held < 80*time.Millisecond || !errors.Is(context.Cause(l.Context()), ErrLost) {
			t.Fatalf("held for %v, then %v", held, context.Cause(l.Context()))
		}
		eventually(t, "the server frees it", func() bool {
			s, err := NewMutex(c, n, quick).Inspect(t.Context())
			return err == nil && !s.Held
		})
	})
}

// Regression 5 of the specification: a renewal fails once (sent or unsent), and the next one succeeds.
func TestRegression05RenewalFailsOnce(t *testing.T) {
	for _, sent := range []bool{true, false} {
		c, n := dial(t, Options{}), name()
		hook := &failing{function: "lock_extend"}
		c.rdb.AddHook(hook)
		l, err := NewMutex(c, n, LockOptions{TTL: 150 * time.Millisecond}).TryLock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if sent {
			hook.after.Store(1)
		} else {
			hook.before.Store(1)
		}
		select {
		case <-l.Context().Done():
			t.Fatalf("sent=%v: lost: %v", sent, context.Cause(l.Context()))
		case <-time.After(400 * time.Millisecond): // longer than the TTL
		}
		if err := l.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Regression 4: the acquisition ran and its reply was lost; the lock is not left behind.
func TestRegression04LostAcquisition(t *testing.T) {
	c, n := dial(t, Options{}), name()
	if err := c.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	hook := &failing{function: "lock_acquire"}
	hook.after.Store(1)
	c.rdb.AddHook(hook)
	m := NewMutex(c, n, LockOptions{TTL: time.Minute})
	if _, err := m.TryLock(t.Context()); !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	l, err := m.TryLock(t.Context())
	if err != nil {
		t.Fatal("the lock was left behind:", err)
	}
	l.Release(t.Context())
}

func TestReentrantCounts(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, n := t.Context(), name()
		m, other := NewReentrantMutex(c, n, quick), NewReentrantMutex(c, n, quick)
		a, err := m.Lock(ctx)
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.Lock(ctx)
		if err != nil {
			t.Fatal(err)
		}
		taken := func() bool {
			short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			l, err := other.Lock(short)
			if err == nil {
				l.Release(ctx)
			}
			return err != nil
		}
		if !taken() {
			t.Fatal("not exclusive")
		}
		for range 3 { // a release that is repeated counts once
			if err := b.Release(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if !taken() {
			t.Fatal("free after one of two releases")
		}
		if err := a.Release(ctx); err != nil {
			t.Fatal(err)
		}
		if taken() {
			t.Fatal("not free after both")
		}
	})
}

func TestElectionTellsWhoLeads(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, n := t.Context(), name()
		l, err := NewElection(c, n, "10.0.0.1:80", quick).Campaign(ctx, nil)
		if err != nil || l.Fence() != 1 {
			t.Fatal(err)
		}
		short, cancel := context.WithCancel(ctx)
		var seen Leader
		_, err = NewElection(c, n, "", quick).Campaign(short, func(x Leader) { seen = x; cancel() })
		if !errors.Is(err, ErrTaken) || seen.Meta != "10.0.0.1:80" || seen.Epoch != 1 || seen.ID != l.Token() {
			t.Fatal(seen, err)
		}
		l.Release(ctx)
		next, err := NewElection(c, n, "", quick).Campaign(ctx, nil)
		if err != nil || next.Fence() != 2 {
			t.Fatal(err)
		}
		next.Release(ctx)
	})
}

// Redlock works while a majority does, and not without one.
func TestRedlock(t *testing.T) {
	ctx, n := t.Context(), name()
	var clients []*Client
	for range 3 {
		rdb := redis.NewClient(&redis.Options{Addr: redistest.Start(t)})
		t.Cleanup(func() { rdb.Close() })
		c := New(rdb, Options{})
		if err := c.Ensure(ctx); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	o := LockOptions{TTL: 3 * time.Second, MinWait: time.Millisecond, MaxWait: 10 * time.Millisecond}
	m := NewRedlock(clients, n, o)
	// All ways in which others may hold the lock on some of the servers.
	for mask := range 8 {
		taken := 0
		for i, c := range clients {
			if mask>>i&1 == 1 {
				taken++
				if _, err := c.Call(ctx, "lock_acquire", []string{m.key}, "other", 60000); err != nil {
					t.Fatal(err)
				}
			}
		}
		l, err := m.TryLock(ctx)
		if ok := err == nil; ok != (taken <= 1) || err != nil && !errors.Is(err, ErrTaken) {
			t.Fatalf("mask %b: %v", mask, err)
		}
		if l != nil {
			if err := l.Release(ctx); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range clients {
			owner, _ := c.Call(ctx, "lock_inspect", []string{m.key})
			if s := fmt.Sprint(owner); s != "[0  0 0]" && owner.([]any)[1] != "other" {
				t.Fatalf("mask %b: left behind %s", mask, s)
			}
			c.rdb.FlushAll(ctx)
		}
	}
	var inside atomic.Int64
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			l, err := m.Lock(ctx)
			if err != nil {
				t.Error(err)
				return
			}
			if inside.Add(1) != 1 {
				t.Error("two hold it")
			}
			inside.Add(-1)
			if err := l.Release(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	clients[2] = New(redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", DialTimeout: 50 * time.Millisecond, MaxRetries: -1}), Options{})
	l, err := NewRedlock(clients, n, o).TryLock(ctx)
	if err != nil {
		t.Fatal("one of three is down:", err)
	}
	if err := l.Release(ctx); err != nil {
		t.Fatal(err)
	}
	clients[1] = clients[2]
	if _, err := NewRedlock(clients, n, o).TryLock(ctx); err == nil || errors.Is(err, ErrTaken) {
		t.Fatal("two of three are down:", err)
	}
}
