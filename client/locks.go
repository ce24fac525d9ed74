package client

import (
	"context"
	"time"
)

// RWMutex is a lock of many readers or one writer. A writer that waits keeps new readers out.
type RWMutex struct {
	c       *Client
	keys    []string // readers, writer, waiting
	channel string
	o       LockOptions
}

// NewRWMutex returns the read-write lock of that name.
func NewRWMutex(c *Client, name string, o LockOptions) *RWMutex {
	return &RWMutex{c: c, keys: []string{tagged("rw", name, "readers"), tagged("rw", name, "writer"), tagged("rw", name, "waiting")},
		channel: tagged("rw", name, "free"), o: o.withDefaults()}
}

// RLock waits for a read lock until ctx ends.
func (m *RWMutex) RLock(ctx context.Context) (*Lock, error) { return m.lock(ctx, "read") }

// Lock waits for the write lock until ctx ends. Whoever holds a read lock must release it first.
func (m *RWMutex) Lock(ctx context.Context) (*Lock, error) { return m.lock(ctx, "write") }

// TryRLock takes a read lock, or returns ErrTaken.
func (m *RWMutex) TryRLock(ctx context.Context) (*Lock, error) {
	l, _, err := m.try(ctx, "read", m.o.token(), 0)
	return l, err
}

// TryLock takes the write lock, or returns ErrTaken.
func (m *RWMutex) TryLock(ctx context.Context) (*Lock, error) {
	l, _, err := m.try(ctx, "write", m.o.token(), 0)
	return l, err
}

// Do runs f under the write lock, as Mutex.Do does.
func (m *RWMutex) Do(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
	return do(ctx, m.Lock, f)
}

// RDo runs f under a read lock, as Mutex.Do does.
func (m *RWMutex) RDo(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
	return do(ctx, m.RLock, f)
}

func (m *RWMutex) lock(ctx context.Context, mode string) (*Lock, error) {
	token := m.o.token()
	return m.c.wait(ctx, m.o, m.channel, func(ctx context.Context) (*Lock, time.Duration, error) {
		return m.try(ctx, mode, token, 4*m.o.MaxWait) // the booking outlives the pause between two tries
	})
}

func (m *RWMutex) try(ctx context.Context, mode, token string, book time.Duration) (*Lock, time.Duration, error) {
	start := time.Now()
	l := &Lock{
		token: token,
		renew: func(ctx context.Context) (bool, error) {
			r, err := m.c.array(ctx, 2, "rwlock_extend", m.keys, token, ms(m.o.TTL), mode)
			return err == nil && r.int() == 1, err
		},
		free: func(ctx context.Context) (bool, error) {
			n, err := m.c.integer(ctx, "rwlock_release", append(m.keys[:3:3], m.channel), token, mode)
			return n == 1, err
		},
	}
	name, args := "rwlock_read", []any{token, ms(m.o.TTL)}
	if mode == "write" {
		name, args = "rwlock_write", append(args, ms(book))
	}
	r, err := m.c.array(ctx, 2, name, m.keys, args...)
	if err != nil {
		giveBack(ctx, l.free)
		return nil, 0, err
	}
	if ok := r.int() == 1; !ok {
		return nil, r.ms(), ErrTaken
	}
	return hold(ctx, m.o, l, start), 0, r.err
}

// FairMutex is a mutex whose waiters get it in the order they came. One that dies delays the others by one heartbeat,
// which is four times MaxWait.
type FairMutex struct {
	c       *Client
	keys    []string // lock, queue, alive, seq
	channel string
	o       LockOptions
}

// NewFairMutex returns the fair mutex of that name.
func NewFairMutex(c *Client, name string, o LockOptions) *FairMutex {
	return &FairMutex{c: c, keys: []string{tagged("fair", name), tagged("fair", name, "queue"), tagged("fair", name, "alive"), tagged("fair", name, "seq")},
		channel: tagged("fair", name, "free"), o: o.withDefaults()}
}

// Lock waits in the queue until ctx ends, and leaves it then.
func (m *FairMutex) Lock(ctx context.Context) (*Lock, error) {
	token := m.o.token()
	l, err := m.c.wait(ctx, m.o, m.channel, func(ctx context.Context) (*Lock, time.Duration, error) {
		start := time.Now()
		l := &Lock{
			token: token,
			free: func(ctx context.Context) (bool, error) {
				n, err := m.c.integer(ctx, "fairlock_release", append(m.keys[:4:4], m.channel), token)
				return n == 1, err
			},
		}
		// heartbeat 0: renews if it is held, and does not queue if it is not. Another fence: it was lost in between.
		l.renew = func(ctx context.Context) (bool, error) {
			r, err := m.c.array(ctx, 2, "fairlock_acquire", m.keys, token, ms(m.o.TTL), 0)
			return err == nil && r.int() == 1 && r.int() == l.fence, err
		}
		r, err := m.c.array(ctx, 2, "fairlock_acquire", m.keys, token, ms(m.o.TTL), ms(4*m.o.MaxWait))
		if err != nil {
			giveBack(ctx, l.free)
			return nil, 0, err
		}
		ok := r.int() == 1
		l.fence = r.int()
		if !ok {
			return nil, r.ms(), ErrTaken
		}
		return hold(ctx, m.o, l, start), 0, r.err
	})
	if err != nil {
		giveBack(ctx, func(ctx context.Context) (bool, error) {
			_, err := m.c.integer(ctx, "fairlock_cancel", m.keys[:3], token)
			return true, err
		})
	}
	return l, err
}

// Do runs f under the lock, as Mutex.Do does.
func (m *FairMutex) Do(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
	return do(ctx, m.Lock, f)
}

// Semaphore has a number of permits. A permit of a holder that died frees itself after the TTL.
type Semaphore struct {
	c    *Client
	keys []string // holders, weights
	max  int64
	o    LockOptions
}

// NewSemaphore returns the semaphore of that name. All its users should agree on max.
func NewSemaphore(c *Client, name string, max int64, o LockOptions) *Semaphore {
	return &Semaphore{c: c, keys: []string{tagged("sem", name), tagged("sem", name, "weights")}, max: max, o: o.withDefaults()}
}

// TryAcquire takes weight permits, or returns ErrTaken.
func (s *Semaphore) TryAcquire(ctx context.Context, weight int64) (*Lock, error) {
	l, _, err := s.try(ctx, weight, s.o.token())
	return l, err
}

// Acquire waits for weight permits until ctx ends. There is no order among waiters.
func (s *Semaphore) Acquire(ctx context.Context, weight int64) (*Lock, error) {
	token := s.o.token()
	return s.c.wait(ctx, s.o, "", func(ctx context.Context) (*Lock, time.Duration, error) { return s.try(ctx, weight, token) })
}

// Do runs f with weight permits, as Mutex.Do does under its lock.
func (s *Semaphore) Do(ctx context.Context, weight int64, f func(ctx context.Context, l *Lock) error) error {
	return do(ctx, func(ctx context.Context) (*Lock, error) { return s.Acquire(ctx, weight) }, f)
}

// InUse returns how many permits are taken.
func (s *Semaphore) InUse(ctx context.Context) (int64, error) {
	r, err := s.c.array(ctx, 3, "sem_inspect", s.keys)
	if err != nil {
		return 0, err
	}
	return r.int(), r.err
}

func (s *Semaphore) try(ctx context.Context, weight int64, token string) (*Lock, time.Duration, error) {
	start := time.Now()
	l := &Lock{
		token: token,
		renew: func(ctx context.Context) (bool, error) {
			r, err := s.c.array(ctx, 2, "sem_refresh", s.keys, token, ms(s.o.TTL))
			return err == nil && r.int() == 1, err
		},
		free: func(ctx context.Context) (bool, error) {
			n, err := s.c.integer(ctx, "sem_release", s.keys, token)
			return n == 1, err
		},
	}
	r, err := s.c.array(ctx, 3, "sem_acquire", s.keys, token, s.max, weight, ms(s.o.TTL))
	if err != nil {
		giveBack(ctx, l.free)
		return nil, 0, err
	}
	ok := r.int() == 1
	r.int() // in use
	if next := r.ms(); !ok {
		return nil, next, ErrTaken
	}
	return hold(ctx, s.o, l, start), 0, r.err
}

// ReentrantMutex is a mutex its owner may take again: the owner is named by the caller, not by the goroutine.
type ReentrantMutex struct {
	c            *Client
	key, channel string
	latch        string
	o            LockOptions
}

// NewReentrantMutex returns the reentrant mutex of that name for one owner, named by o.Token.
func NewReentrantMutex(c *Client, name string, o LockOptions) *ReentrantMutex {
	o.Token = o.token()
	return &ReentrantMutex{c: c, key: tagged("rlock", name), channel: tagged("rlock", name, "free"),
		latch: tagged("rlock", name, "latch", o.Token), o: o.withDefaults()}
}

// Lock waits until ctx ends. Every Lock needs its own Release; the last one frees the mutex.
func (m *ReentrantMutex) Lock(ctx context.Context) (*Lock, error) {
	keys, request := []string{m.key, m.channel, m.latch}, randomToken()
	acquire := func(ctx context.Context) (*reply, error) {
		return m.c.array(ctx, 3, "rlock_acquire", keys, m.o.Token, ms(m.o.TTL), request, ms(m.o.TTL))
	}
	return m.c.wait(ctx, m.o, m.channel, func(ctx context.Context) (*Lock, time.Duration, error) {
		start, release := time.Now(), randomToken()
		l := &Lock{
			token: m.o.Token,
			renew: func(ctx context.Context) (bool, error) {
				r, err := m.c.array(ctx, 2, "rlock_extend", keys[:1], m.o.Token, ms(m.o.TTL))
				return err == nil && r.int() == 1, err
			},
			// The request has one id however often it is sent: a release whose reply was lost counts once.
			free: func(ctx context.Context) (bool, error) {
				n, err := m.c.integer(ctx, "rlock_release", keys, m.o.Token, release, ms(m.o.TTL))
				return n >= 0, err
			},
		}
		r, err := acquire(ctx)
		if err != nil {
			// It may have counted. Asked again, the same request tells, and does not count twice.
			giveBack(ctx, func(ctx context.Context) (bool, error) {
				r, err := acquire(ctx)
				if err != nil || r.int() == 0 {
					return false, err
				}
				return l.free(ctx)
			})
			return nil, 0, err
		}
		ok := r.int() == 1
		r.int() // count
		if ttl := r.ms(); !ok {
			return nil, ttl, ErrTaken
		}
		return hold(ctx, m.o, l, start), 0, r.err
	})
}

// Do runs f under the lock, as Mutex.Do does.
func (m *ReentrantMutex) Do(ctx context.Context, f func(ctx context.Context, l *Lock) error) error {
	return do(ctx, m.Lock, f)
}

// Election chooses one leader among processes.
type Election struct {
	c    *Client
	keys []string // leader, epoch
	o    LockOptions
	meta string
}

// NewElection returns the election of that name. o.Token names this candidate; meta is what others learn of it when it
// leads, such as its address.
func NewElection(c *Client, name, meta string, o LockOptions) *Election {
	o.Token = o.token()
	return &Election{c: c, keys: []string{tagged("leader", name), tagged("leader", name, "epoch")}, o: o.withDefaults(), meta: meta}
}

// Leader describes who leads.
type Leader struct {
	ID, Meta string
	Epoch    int64
}

// Campaign waits until this candidate leads or ctx ends. The lock's fence is the epoch, and its context ends with the
// leadership. observe, if not nil, is told who leads meanwhile.
func (e *Election) Campaign(ctx context.Context, observe func(Leader)) (*Lock, error) {
	return e.c.wait(ctx, e.o, "", func(ctx context.Context) (*Lock, time.Duration, error) {
		start := time.Now()
		r, err := e.c.array(ctx, 5, "leader_campaign", e.keys, e.o.Token, ms(e.o.TTL), e.meta)
		if err != nil {
			return nil, 0, err
		}
		ok, epoch, id, ttl, meta := r.int() == 1, r.int(), r.str(), r.ms(), r.str()
		if !ok {
			if observe != nil {
				observe(Leader{ID: id, Meta: meta, Epoch: epoch})
			}
			return nil, ttl, ErrTaken
		}
		l := &Lock{token: e.o.Token, fence: epoch,
			renew: func(ctx context.Context) (bool, error) {
				r, err := e.c.array(ctx, 5, "leader_campaign", e.keys, e.o.Token, ms(e.o.TTL), e.meta)
				return err == nil && r.int() == 1 && r.int() == epoch, err // a new epoch: it was lost in between
			},
			free: func(ctx context.Context) (bool, error) {
				n, err := e.c.integer(ctx, "leader_resign", e.keys, e.o.Token)
				return n == 1, err
			},
		}
		return hold(ctx, e.o, l, start), 0, r.err
	})
}
