package client

import (
	"context"
	"time"
)

// Mutex is a lock of one owner. Lock it for one server or a cluster's slot; see Redlock for what that does not cover.
type Mutex struct {
	c                   *Client
	key, fence, channel string
	o                   LockOptions
}

// NewMutex returns the mutex of that name; no request is made.
func NewMutex(c *Client, name string, o LockOptions) *Mutex {
	return &Mutex{c: c, key: tagged("lock", name), fence: tagged("lock", name, "fence"), channel: tagged("lock", name, "free"), o: o.withDefaults()}
}

// TryLock takes the lock, or returns ErrTaken.
func (m *Mutex) TryLock(ctx context.Context) (*Lock, error) {
	l, _, err := m.try(ctx, m.o.token())
	return l, err
}

// Lock waits for the lock until ctx ends; the error then is both ErrTaken and ctx's.
func (m *Mutex) Lock(ctx context.Context) (*Lock, error) {
	token := m.o.token()
	return m.c.wait(ctx, m.o, m.channel, func(ctx context.Context) (*Lock, time.Duration, error) { return m.try(ctx, token) })
}

// Do runs f under the lock. f's context ends when ctx does or the lock is lost. Do returns f's error, else ErrLost if the
// lock was lost meanwhile.
func (m *Mutex) Do(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
	return do(ctx, m.Lock, f)
}

func (m *Mutex) try(ctx context.Context, token string) (*Lock, time.Duration, error) {
	start := time.Now()
	l := m.handle(token)
	r, err := m.c.array(ctx, 3, "lock_acquire", []string{m.key, m.fence}, token, ms(m.o.TTL))
	if err != nil {
		giveBack(ctx, l.free)
		return nil, 0, err
	}
	ok := r.int() == 1
	l.fence = r.int()
	ttl := r.ms()
	if !ok {
		return nil, ttl, ErrTaken
	}
	return hold(ctx, m.o, l, start), 0, r.err
}

func (m *Mutex) handle(token string) *Lock {
	return &Lock{
		token: token,
		renew: func(ctx context.Context) (bool, error) {
			r, err := m.c.array(ctx, 2, "lock_extend", []string{m.key}, token, ms(m.o.TTL))
			return err == nil && r.int() == 1, err
		},
		free: func(ctx context.Context) (bool, error) {
			n, err := m.c.integer(ctx, "lock_release", []string{m.key, m.channel}, token)
			return n == 1, err
		},
	}
}

// Force takes the lock away from whoever has it and returns who that was ("" = nobody). The former owner finds out at its
// next renewal; until then only the fence protects the resource.
func (m *Mutex) Force(ctx context.Context) (l *Lock, previous string, err error) {
	start, l := time.Now(), m.handle(m.o.token())
	r, err := m.c.array(ctx, 2, "lock_force", []string{m.key, m.fence, m.channel}, l.token, ms(m.o.TTL))
	if err != nil {
		giveBack(ctx, l.free)
		return nil, "", err
	}
	l.fence, previous = r.int(), r.str()
	return hold(ctx, m.o, l, start), previous, r.err
}

// LockState is what Inspect sees.
type LockState struct {
	Held  bool
	Owner string        // its token
	TTL   time.Duration // until the lock frees itself
	Fence int64         // of the last acquisition
}

// Inspect looks at the lock without taking it.
func (m *Mutex) Inspect(ctx context.Context) (LockState, error) {
	r, err := m.c.array(ctx, 4, "lock_inspect", []string{m.key, m.fence})
	if err != nil {
		return LockState{}, err
	}
	return LockState{Held: r.int() == 1, Owner: r.str(), TTL: r.ms(), Fence: r.int()}, r.err
}

// MultiMutex takes several mutexes at once, all or none. Their names share a group, which decides the cluster slot.
// They are other locks than those of NewMutex, have no fence, and waiters poll.
type MultiMutex struct {
	c    *Client
	keys []string
	o    LockOptions
}

// NewMultiMutex returns the mutexes of these names (up to 1000, each once) within the group.
func NewMultiMutex(c *Client, group string, names []string, o LockOptions) *MultiMutex {
	m := &MultiMutex{c: c, o: o.withDefaults()}
	for _, name := range names {
		m.keys = append(m.keys, tagged("lock", group, name))
	}
	return m
}

// TryLock takes all, or returns ErrTaken.
func (m *MultiMutex) TryLock(ctx context.Context) (*Lock, error) {
	l, _, err := m.try(ctx, m.o.token())
	return l, err
}

// Lock waits for all until ctx ends.
func (m *MultiMutex) Lock(ctx context.Context) (*Lock, error) {
	token := m.o.token()
	return m.c.wait(ctx, m.o, "", func(ctx context.Context) (*Lock, time.Duration, error) { return m.try(ctx, token) })
}

// Do runs f under all the locks, as Mutex.Do does.
func (m *MultiMutex) Do(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
	return do(ctx, m.Lock, f)
}

func (m *MultiMutex) try(ctx context.Context, token string) (*Lock, time.Duration, error) {
	start := time.Now()
	l := &Lock{
		token: token,
		renew: func(ctx context.Context) (bool, error) {
			r, err := m.c.array(ctx, 2, "lock_extend_many", m.keys, token, ms(m.o.TTL))
			return err == nil && r.int() == 1, err
		},
		free: func(ctx context.Context) (bool, error) {
			r, err := m.c.array(ctx, 2, "lock_release_many", m.keys, token)
			return err == nil && r.int() == int64(len(m.keys)), err
		},
	}
	r, err := m.c.array(ctx, 3, "lock_acquire_many", m.keys, token, ms(m.o.TTL))
	if err != nil {
		giveBack(ctx, l.free)
		return nil, 0, err
	}
	ok := r.int() == 1
	r.int() // which lock another has
	if ttl := r.ms(); !ok {
		return nil, ttl, ErrTaken
	}
	return hold(ctx, m.o, l, start), 0, r.err
}

// FenceCheck protects a resource: it accepts a fence only if no higher one was seen for that resource.
func (c *Client) FenceCheck(ctx context.Context, resource string, fence int64) (ok bool, highest int64, err error) {
	r, err := c.array(ctx, 2, "fence_check", []string{tagged("fence", resource)}, fence)
	if err != nil {
		return false, 0, err
	}
	return r.int() == 1, r.int(), r.err
}

// FencedSet stores a value under key fenced:{resource}, unless a higher fence was seen for that resource. ttl 0 = for ever.
func (c *Client) FencedSet(ctx context.Context, resource string, fence int64, value string, ttl time.Duration) (ok bool, err error) {
	args := []any{fence, value}
	if ttl > 0 {
		args = append(args, ms(ttl))
	}
	r, err := c.array(ctx, 2, "fenced_set", []string{tagged("fence", resource), tagged("fenced", resource)}, args...)
	return err == nil && r.int() == 1, err
}
