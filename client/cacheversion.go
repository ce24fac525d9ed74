// This file has what a cache knows of an entry beside its value: versions, early refresh, counts.
package client

import (
	"context"
	"errors"
	"strconv"
)

// SetIfNewer stores a value with a version of the caller's, such as a row's, unless a newer one is there. Use it on keys
// that Get is not used on.
func (c *Cache[T]) SetIfNewer(ctx context.Context, key string, version int64, v T) (stored bool, err error) {
	text, err := c.encode(v)
	if err != nil {
		return false, err
	}
	r, err := c.c.array(ctx, 2, "cache_set_if_newer", []string{c.key(key)}, version, text, ms(c.o.TTL))
	return err == nil && r.int() == 1, err
}

// Read returns a value and its version without loading it; ErrNotFound if there is none, fresh or stale.
func (c *Cache[T]) Read(ctx context.Context, key string) (v T, version int64, err error) {
	v, _, version, err = c.look(ctx, key, 0)
	return v, version, err
}

// CompareAndSet stores a value if the entry still has the version that was read (0 = there was none) and returns the new
// version. ErrConflict: it has another one, which is returned.
func (c *Cache[T]) CompareAndSet(ctx context.Context, key string, version int64, v T) (int64, error) {
	text, err := c.encode(v)
	if err != nil {
		return 0, err
	}
	r, err := c.c.array(ctx, 2, "cache_cas", []string{c.key(key)}, version, text, ms(c.o.TTL))
	if err != nil {
		return 0, err
	}
	stored := r.int() == 1
	if version = r.int(); !stored && r.err == nil {
		r.err = ErrConflict
	}
	return version, r.err
}

// Early tells whether a value should be loaded anew before it is stale (XFetch), and what it is.
func (c *Cache[T]) Early(ctx context.Context, key string, beta float64) (v T, refresh bool, err error) {
	v, refresh, _, err = c.look(ctx, key, beta)
	return v, refresh, err
}

func (c *Cache[T]) look(ctx context.Context, key string, beta float64) (v T, refresh bool, version int64, err error) {
	r, err := c.c.array(ctx, 4, "cache_get_xfetch", []string{c.key(key)}, strconv.FormatFloat(beta, 'g', -1, 64))
	if err != nil {
		return v, false, 0, err
	}
	text, ok := r.next().(string)
	r.ms()
	refresh, version = r.int() == 1, r.int()
	if !ok {
		return v, refresh, version, ErrNotFound
	}
	v, err = c.decode(text)
	return v, refresh, version, err
}

// CacheStats is how often Get found what, over all processes; about, if only a sample is counted.
type CacheStats struct {
	Hit, Miss, Stale int64
	Wait             int64 // another was loading
	Negative         int64 // it was known that there is nothing
}

var errNoStats = errors.New("a cache counts only with Group and Sample")

// Stats returns the counts of a cache with Group and Sample; they go a week after the last one.
func (c *Cache[T]) Stats(ctx context.Context) (CacheStats, error) {
	if c.o.Group == "" || c.o.Sample <= 0 {
		return CacheStats{}, errNoStats
	}
	r, err := c.c.array(ctx, 5, "cache_stats", []string{c.stats()})
	if err != nil {
		return CacheStats{}, err
	}
	return CacheStats{Hit: r.int(), Miss: r.int(), Stale: r.int(), Wait: r.int(), Negative: r.int()}, r.err
}

func (c *Cache[T]) stats() string { return tagged(c.o.Prefix, c.o.Group, "stats") }
