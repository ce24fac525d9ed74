package client

import (
	"context"
	"errors"
	"time"
)

// WriteBehind keeps the newest value of each id until it has been written to its place: many changes of one value within
// the delay are one write there. What is not yet written has no TTL.
type WriteBehind struct {
	c     *Client
	keys  []string // values, dirty
	delay time.Duration
}

// Dirty is a value that waits to be written.
type Dirty struct {
	ID, Value string
	Version   int64
}

// NewWriteBehind returns the write-behind buffer of that name. A value is due delay after it was put first.
func NewWriteBehind(c *Client, name string, delay time.Duration) *WriteBehind {
	return &WriteBehind{c, []string{tagged("wb", name), tagged("wb", name, "dirty")}, delay}
}

// Put keeps a value, in place of one that is not yet written, and returns its version. It can be repeated.
func (w *WriteBehind) Put(ctx context.Context, id, value string) (version int64, err error) {
	return w.c.integer(ctx, "cache_wb_put", w.keys, id, value, ms(w.delay))
}

// Take returns up to n (1 to 300) values that are due, for a lease: others get them again when it runs out. Ack each that
// is written.
func (w *WriteBehind) Take(ctx context.Context, n int, lease time.Duration) ([]Dirty, error) {
	r, err := w.c.array(ctx, 0, "cache_wb_take", w.keys, n, ms(lease))
	if err != nil {
		return nil, err
	}
	var list []Dirty
	for r.more() && r.err == nil {
		list = append(list, Dirty{ID: r.str(), Value: r.str(), Version: r.int()})
	}
	return list, r.err
}

// Ack says that a value has been written. ErrConflict: a newer one has come meanwhile and is due at once. ErrNotFound: it
// was acknowledged before.
func (w *WriteBehind) Ack(ctx context.Context, d Dirty) error {
	n, err := w.c.integer(ctx, "cache_wb_ack", w.keys, d.ID, d.Version)
	switch {
	case err != nil:
		return err
	case n == 0:
		return ErrConflict
	case n < 0:
		return ErrNotFound
	}
	return nil
}

// Drain writes all that is due, n values at a time, and returns how many were written. It stops at the first that write
// refuses, which is due again after the lease. Two that drain at once do not write one value twice, unless a write takes
// longer than the lease.
func (w *WriteBehind) Drain(ctx context.Context, n int, lease time.Duration, write func(ctx context.Context, d Dirty) error) (written int, err error) {
	for {
		list, err := w.Take(ctx, n, lease)
		if err != nil || len(list) == 0 {
			return written, err
		}
		for _, d := range list {
			if err := write(ctx, d); err != nil {
				return written, err
			}
			written++
			if err := w.Ack(ctx, d); err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrNotFound) {
				return written, err
			}
		}
	}
}
