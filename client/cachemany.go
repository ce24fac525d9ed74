package client

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"
)

// GetMany returns the values of up to 1000 keys of one group, which decides the cluster slot; those that do not exist are
// missing from the result. load gets the keys nobody else is loading, at once, and leaves out what does not exist; it is
// called again for keys another process was loading and did not store. The entries are other ones than those of Get.
func (c *Cache[T]) GetMany(ctx context.Context, group string, keys []string, load func(ctx context.Context, keys []string) (map[string]T, error)) (map[string]T, error) {
	found := make(map[string]T, len(keys))
	owner := randomToken()
	for {
		leased, waiting, err := c.lookMany(ctx, group, keys, owner, found)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return load(ctx, keys)
		}
		if len(leased) > 0 {
			if err := c.fillMany(ctx, group, leased, owner, found, load); err != nil {
				return nil, err
			}
		}
		if len(waiting) == 0 {
			return found, nil
		}
		keys = waiting
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10*time.Millisecond + time.Duration(mathrand.Int64N(int64(20*time.Millisecond)))):
		}
	}
}

func (c *Cache[T]) entries(group string, keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = tagged(c.o.Prefix, group, "many", k)
	}
	return out
}

// lookMany puts what is cached into found and returns the keys this caller is to load and those another is loading.
func (c *Cache[T]) lookMany(ctx context.Context, group string, keys []string, owner string, found map[string]T) (leased, waiting []string, err error) {
	if len(keys) == 0 {
		return nil, nil, nil
	}
	r, err := c.c.array(ctx, len(keys), "cache_mget_or_lease", c.entries(group, keys), owner, ms(c.o.Lease))
	if err != nil {
		return nil, nil, err
	}
	for _, key := range keys {
		list, ok := r.next().([]any)
		if !ok {
			return nil, nil, fmt.Errorf("read %s from the cache: unexpected reply", key)
		}
		row := reply{list: list}
		state, text, lease := row.str(), row.str(), row.int() == 1
		if row.err != nil {
			return nil, nil, row.err
		}
		switch {
		case lease:
			leased = append(leased, key)
		case state == "wait":
			waiting = append(waiting, key)
		case state != "negative":
			v, err := c.decode(text)
			if err != nil {
				return nil, nil, fmt.Errorf("decode %s from the cache: %w", key, err)
			}
			found[key] = v
		}
	}
	return leased, waiting, nil
}

// fillMany loads keys, stores them, and puts them into found.
func (c *Cache[T]) fillMany(ctx context.Context, group string, keys []string, owner string, found map[string]T, load func(ctx context.Context, keys []string) (map[string]T, error)) error {
	entries, stored := c.entries(group, keys), false
	defer func() { // also when load panics
		if !stored {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			for _, e := range entries {
				c.c.Call(ctx, "cache_abandon", []string{e}, owner)
			}
		}
	}()
	start := time.Now()
	values, err := load(ctx, keys)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	// What exists and what does not have times of their own: two calls.
	var here, gone []string
	var hereArgs, goneArgs []any
	for i, key := range keys {
		v, ok := values[key]
		if !ok {
			gone, goneArgs = append(gone, entries[i]), append(goneArgs, "", 1)
			continue
		}
		text, err := c.encode(v)
		if err != nil {
			return fmt.Errorf("encode %s for the cache: %w", key, err)
		}
		found[key] = v
		here, hereArgs = append(here, entries[i]), append(hereArgs, text, 0)
	}
	took := ms(time.Since(start))
	fill := func(entries []string, ttl, stale time.Duration, args []any) bool {
		if len(entries) == 0 {
			return true
		}
		_, err := c.c.Call(ctx, "cache_mfill", entries, append([]any{owner, ms(ttl), ms(stale), took}, args...)...)
		return err == nil
	}
	ok := fill(here, c.o.TTL, c.o.Stale, hereArgs)
	stored = fill(gone, c.o.Negative, 0, goneArgs) && ok
	return nil
}

// InvalidateMany says that keys of a group have changed, as Invalidate does.
func (c *Cache[T]) InvalidateMany(ctx context.Context, group string, keys ...string) error {
	for _, e := range c.entries(group, keys) {
		if _, err := c.c.Call(ctx, "cache_invalidate", []string{e}, "hard", ms(c.o.Lease)); err != nil {
			return err
		}
	}
	return nil
}
