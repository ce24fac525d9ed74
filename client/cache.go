package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"
)

// CacheOptions of a cache. Zero fields have the values named.
type CacheOptions struct {
	Prefix   string        // of the keys: "cache"
	TTL      time.Duration // a value is fresh for: 1 min
	Stale    time.Duration // and may then be served while it is loaded anew for: as long again
	Negative time.Duration // "there is no such thing" is kept for: a tenth of TTL
	Lease    time.Duration // loading may take: 10 s
	Jitter   float64       // share of TTL that is random, so that entries do not end together: 0.1; below 0 none
	// Group keeps all entries in one cluster slot, named after it; by default each key decides its own. Only then can Stats
	// count: Sample says that one Get in so many is counted, 0 that none is.
	Group  string
	Sample int
}

// Cache keeps what a loader returns. Of all that ask for a missing entry at once, in all processes, one loads it; the
// others wait for it, or get the stale value. A value loaded before an invalidation is never stored after it.
type Cache[T any] struct {
	c      *Client
	o      CacheOptions
	encode func(T) (string, error)
	decode func(string) (T, error)
	mu     sync.Mutex
	flight map[string]*flight[T]
}

// flight is one load in this process, which others that ask for the same key wait for.
type flight[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// NewCache returns a cache of values kept as JSON.
func NewCache[T any](c *Client, o CacheOptions) *Cache[T] {
	return NewCacheOf(c, o,
		func(v T) (string, error) { b, err := json.Marshal(v); return string(b), err },
		func(s string) (v T, err error) { err = json.Unmarshal([]byte(s), &v); return v, err })
}

// NewCacheOf returns a cache with an encoding of its own.
func NewCacheOf[T any](c *Client, o CacheOptions, encode func(T) (string, error), decode func(string) (T, error)) *Cache[T] {
	if o.Prefix == "" {
		o.Prefix = "cache"
	}
	if o.TTL <= 0 {
		o.TTL = time.Minute
	}
	if o.Stale <= 0 {
		o.Stale = o.TTL
	}
	if o.Negative <= 0 {
		o.Negative = max(o.TTL/10, time.Millisecond)
	}
	if o.Lease <= 0 {
		o.Lease = 10 * time.Second
	}
	if o.Jitter == 0 {
		o.Jitter = 0.1
	}
	return &Cache[T]{c: c, o: o, encode: encode, decode: decode, flight: map[string]*flight[T]{}}
}

// Get returns the value of key, loading it if need be. A loader says by ErrNotFound that there is no such thing, which is
// kept, too; other errors are not, and the next caller tries again. If the server does not answer, Get loads: a cache
// that is down slows a service and does not stop it.
func (c *Cache[T]) Get(ctx context.Context, key string, load func(ctx context.Context) (T, error)) (T, error) {
	c.mu.Lock()
	f, under := c.flight[key]
	if !under {
		f = &flight[T]{done: make(chan struct{})}
		c.flight[key] = f
	}
	c.mu.Unlock()
	if under {
		select {
		case <-f.done:
			if !errors.Is(f.err, context.Canceled) && !errors.Is(f.err, context.DeadlineExceeded) {
				return f.value, f.err
			}
			return c.Get(ctx, key, load) // the one that loaded gave up: that is not this caller's end
		case <-ctx.Done():
			var zero T
			return zero, ctx.Err()
		}
	}
	defer func() {
		c.mu.Lock()
		delete(c.flight, key)
		c.mu.Unlock()
		close(f.done)
	}()
	f.err = context.Canceled // stands if load panics
	f.value, f.err = c.get(ctx, key, load)
	return f.value, f.err
}

func (c *Cache[T]) key(key string) string {
	if c.o.Group != "" {
		return tagged(c.o.Prefix, c.o.Group, "one", key)
	}
	return tagged(c.o.Prefix, key)
}

func (c *Cache[T]) channel(key string) string { return c.key(key) + ":filled" }

// get asks the server until there is a value or the lease to load one.
func (c *Cache[T]) get(ctx context.Context, key string, load func(ctx context.Context) (T, error)) (T, error) {
	var zero T
	var woken <-chan struct{}
	owner := randomToken()
	keys, args := []string{c.key(key)}, []any{owner, ms(c.o.Lease)}
	if c.o.Group != "" && c.o.Sample > 0 {
		keys, args = append(keys, c.stats()), append(args, c.o.Sample)
	}
	for {
		r, err := c.c.array(ctx, 5, "cache_get_or_lease", keys, args...)
		if err != nil {
			if ctx.Err() != nil {
				return zero, ctx.Err()
			}
			return load(ctx)
		}
		state, value, lease, wait := r.str(), r.str(), r.int() == 1, r.ms()
		switch {
		case r.err != nil:
			return zero, r.err
		case state == "negative":
			return zero, ErrNotFound
		case state == "hit" || state == "stale":
			v, err := c.decode(value)
			if err != nil {
				if lease {
					return c.fill(ctx, key, owner, load)
				}
				return load(ctx) // an entry of another version of the program
			}
			if lease {
				go c.refresh(ctx, key, owner, load)
			}
			return v, nil
		case lease:
			return c.fill(ctx, key, owner, load)
		}
		if woken == nil {
			stop := make(chan struct{})
			defer close(stop)
			woken = c.c.listen(ctx, c.channel(key), stop)
		}
		timer := time.NewTimer(max(time.Millisecond, min(wait, 20*time.Millisecond+time.Duration(mathrand.Int64N(int64(30*time.Millisecond))))))
		select {
		case <-ctx.Done():
			timer.Stop()
			return zero, ctx.Err()
		case <-timer.C:
		case <-woken:
			timer.Stop()
		}
	}
}

// refresh loads in the background what was served stale.
func (c *Cache[T]) refresh(ctx context.Context, key, owner string, load func(ctx context.Context) (T, error)) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.o.Lease)
	defer cancel()
	c.fill(ctx, key, owner, load) // an error leaves the stale value; the next reader tries again
}

// fill loads and stores, or gives the lease back.
func (c *Cache[T]) fill(ctx context.Context, key, owner string, load func(ctx context.Context) (T, error)) (v T, err error) {
	stored := false
	defer func() { // also when load panics
		if !stored {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			c.c.Call(ctx, "cache_abandon", []string{c.key(key)}, owner)
		}
	}()
	start := time.Now()
	v, err = load(ctx)
	negative, ttl, text := 0, c.o.TTL, ""
	switch {
	case errors.Is(err, ErrNotFound):
		negative, ttl = 1, c.o.Negative
	case err != nil:
		return v, err
	default:
		if text, err = c.encode(v); err != nil {
			return v, fmt.Errorf("encode %s for the cache: %w", key, err)
		}
	}
	if c.o.Jitter > 0 {
		ttl -= time.Duration(float64(ttl) * c.o.Jitter * mathrand.Float64())
	}
	stale := c.o.Stale
	if negative == 1 {
		stale = 0
	}
	// Whether it was stored does not change what the caller gets: it was loaded after the caller asked.
	_, fillErr := c.c.array(ctx, 2, "cache_fill", []string{c.key(key), c.channel(key)}, owner, text, max(1, ms(ttl)), ms(stale), negative, ms(time.Since(start)))
	stored = fillErr == nil
	return v, err
}

// Invalidate says that the source has changed. What is being loaded is not stored; the next Get loads anew. soft: the old
// value may be served meanwhile.
func (c *Cache[T]) Invalidate(ctx context.Context, key string, soft bool) error {
	mode := "hard"
	if soft {
		mode = "soft"
	}
	_, err := c.c.Call(ctx, "cache_invalidate", []string{c.key(key)}, mode, ms(c.o.Lease))
	return err
}

// Tagged reads and stores values that depend on tags, all of one group, which decides the slot.
// Bumping a tag makes all values with it stale at once.
func (c *Cache[T]) Tagged(ctx context.Context, group, key string, tags []string, load func(ctx context.Context) (T, error)) (T, error) {
	keys := []string{tagged(c.o.Prefix, group, "entry", key)}
	for _, t := range tags {
		keys = append(keys, tagged(c.o.Prefix, group, "tag", t))
	}
	r, err := c.c.array(ctx, 2+len(tags), "cache_tag_get", keys)
	if err != nil {
		if ctx.Err() != nil {
			var zero T
			return zero, ctx.Err()
		}
		return load(ctx)
	}
	found, text := r.int() == 1, r.str()
	if found {
		if v, err := c.decode(text); err == nil {
			return v, nil
		}
	}
	v, err := load(ctx)
	if err != nil {
		return v, err
	}
	if text, err = c.encode(v); err != nil {
		return v, fmt.Errorf("encode %s for the cache: %w", key, err)
	}
	args := []any{text, ms(c.o.TTL)}
	for range tags {
		args = append(args, r.str())
	}
	c.c.Call(ctx, "cache_tag_set", keys, args...) // not stored: loaded again next time
	return v, r.err
}

// Bump makes every value with one of the tags stale.
func (c *Cache[T]) Bump(ctx context.Context, group string, tags ...string) error {
	var keys []string
	for _, t := range tags {
		keys = append(keys, tagged(c.o.Prefix, group, "tag", t))
	}
	_, err := c.c.Call(ctx, "cache_tag_bump", keys, ms(c.o.TTL+c.o.Lease))
	return err
}
