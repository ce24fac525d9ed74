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

// counting is a hook that counts the calls of each function.
type counting struct{ calls sync.Map } // name to *atomic.Int64

func (h *counting) DialHook(next redis.DialHook) redis.DialHook { return next }
func (h *counting) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (h *counting) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if f, _, _, ok := functionCall(cmd.Args()); ok && err == nil {
			h.of(f.Name).Add(1)
		}
		return err
	}
}

func (h *counting) of(function string) *atomic.Int64 {
	n, _ := h.calls.LoadOrStore(function, new(atomic.Int64))
	return n.(*atomic.Int64)
}

// Every kind of lock renews itself while it is held, and is its holder's still.
func TestEveryKindRenews(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		hook := &counting{}
		c.rdb.AddHook(hook)
		type do func(ctx context.Context, f func(ctx context.Context, l *Lock) error) error
		n, o := name(), LockOptions{TTL: 4 * time.Second}
		sem := NewSemaphore(c, n, 3, o)
		kinds := map[string]struct {
			do      do
			renewal string
			calls   int64 // of which the first may be the acquisition
		}{
			"mutex": {NewMutex(c, n, o).Do, "lock_extend", 1}, "multi": {NewMultiMutex(c, n, []string{"a", "b"}, o).Do, "lock_extend_many", 1},
			"fair": {NewFairMutex(c, n, o).Do, "fairlock_acquire", 2}, "reentrant": {NewReentrantMutex(c, n, o).Do, "rlock_extend", 1},
			"write": {NewRWMutex(c, n+"w", o).Do, "rwlock_extend", 2}, "read": {NewRWMutex(c, n+"r", o).RDo, "rwlock_extend", 2}, // one of each
			"semaphore": {func(ctx context.Context, f func(ctx context.Context, l *Lock) error) error { return sem.Do(ctx, 2, f) }, "sem_refresh", 1},
			"election": {func(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
				l, err := NewElection(c, n, "", o).Campaign(ctx, nil)
				if err != nil {
					return err
				}
				defer l.Release(ctx)
				return f(l.Context(), l)
			}, "leader_campaign", 2},
		}
		var wg sync.WaitGroup
		for kind, k := range kinds {
			wg.Go(func() {
				err := k.do(t.Context(), func(ctx context.Context, l *Lock) error {
					for hook.of(k.renewal).Load() < k.calls {
						select {
						case <-ctx.Done():
							return context.Cause(ctx)
						case <-time.After(time.Millisecond):
						}
					}
					if used, err := sem.InUse(ctx); kind == "semaphore" && (used != 2 || err != nil) {
						return fmt.Errorf("%d permits in use: %w", used, err)
					}
					return nil
				})
				if err != nil {
					t.Errorf("%s: %v", kind, err)
				}
			})
		}
		wg.Wait()
	})
}

// A waiter of a fair mutex that gives up leaves the queue.
func TestFairWaiterLeaves(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		n := name()
		l, err := NewFairMutex(c, n, quick).Lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := NewFairMutex(c, n, quick).Lock(ctx); !errors.Is(err, ErrTaken) {
			t.Fatal(err)
		}
		if left := c.rdb.ZCard(t.Context(), "fair:{"+n+"}:queue").Val(); left != 0 {
			t.Fatalf("%d in the queue", left)
		}
		if err := l.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// A reentrant acquisition whose reply was lost is given back: the mutex is free after the releases of those that succeeded.
func TestReentrantLostAcquisition(t *testing.T) {
	c, n := dial(t, Options{}), name()
	if err := c.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	m := NewReentrantMutex(c, n, LockOptions{TTL: time.Minute})
	l, err := m.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hook := &failing{function: "rlock_acquire"}
	hook.after.Store(1)
	c.rdb.AddHook(hook)
	if _, err := m.Lock(t.Context()); !errors.Is(err, errInjected) {
		t.Fatal(err)
	}
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.rdb.Exists(t.Context(), "rlock:{"+n+"}").Val() != 0 {
		t.Fatal("the mutex is still held")
	}
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
