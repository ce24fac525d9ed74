package client

import (
	"context"
	"time"
)

// Stock is a number of units that are reserved before they are sold.
type Stock struct {
	c    *Client
	keys []string // stock, holds, qty
}

// NewStock returns the stock of that name. The number of free units is the plain key stock:{name}: SET it.
func NewStock(c *Client, name string) *Stock {
	return &Stock{c, []string{tagged("stock", name), tagged("stock", name, "holds"), tagged("stock", name, "qty")}}
}

// Reserve holds n units under an id for a time; ErrTaken if too few are free. The same id again holds no more.
func (s *Stock) Reserve(ctx context.Context, id string, n int64, hold time.Duration) (left int64, err error) {
	r, err := s.c.array(ctx, 2, "stock_reserve", s.keys, id, n, ms(hold))
	if err != nil {
		return 0, err
	}
	if ok := r.int() == 1; !ok {
		return r.int(), ErrTaken
	}
	return r.int(), r.err
}

// Commit sells what is held; ErrLost if the hold ran out.
func (s *Stock) Commit(ctx context.Context, id string) (units int64, err error) {
	n, err := s.c.integer(ctx, "stock_commit", s.keys, id)
	if err == nil && n == 0 {
		err = ErrLost
	}
	return n, err
}

// Cancel gives back what is held; a hold that has ended is no error.
func (s *Stock) Cancel(ctx context.Context, id string) (left int64, err error) {
	r, err := s.c.array(ctx, 2, "stock_cancel", s.keys, id)
	if err != nil {
		return 0, err
	}
	r.int()
	return r.int(), r.err
}

// Reap gives back the units of holds that ran out. Reserve does so, too; call it where nobody reserves.
func (s *Stock) Reap(ctx context.Context) (left int64, err error) {
	r, err := s.c.array(ctx, 3, "stock_reap", s.keys, 1000)
	if err != nil {
		return 0, err
	}
	r.int()
	r.int()
	return r.int(), r.err
}
