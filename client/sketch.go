package client

import (
	"context"
	"time"
)

// HotItems finds the most frequent items of a stream in bounded space: every item with more than a share of 1/size of all
// hits is kept, and each count is right within the error that comes with it.
type HotItems struct {
	c    *Client
	keys []string // counts, errors
	size int
	ttl  time.Duration
}

// HotItem is an item and how often it was hit: Count at most, Count-Error at least.
type HotItem struct {
	Item         string
	Count, Error int64
}

// NewHotItems returns the sketch of that name. It keeps size items (1 to 10,000), and lives for ttl from its first hit.
func NewHotItems(c *Client, name string, size int, ttl time.Duration) *HotItems {
	return &HotItems{c, []string{tagged("hot", name), tagged("hot", name, "errors")}, size, ttl}
}

// Hit counts an item, weight times (0 looks only), and returns how often it was hit; a zero Count if it is not kept.
func (h *HotItems) Hit(ctx context.Context, item string, weight int64) (HotItem, error) {
	r, err := h.c.array(ctx, 2, "hot_hit", h.keys, item, weight, h.size, ms(h.ttl))
	if err != nil {
		return HotItem{}, err
	}
	return HotItem{item, r.int(), r.int()}, r.err
}

// Top returns the n (1 to 1000) most frequent items, the most frequent first.
func (h *HotItems) Top(ctx context.Context, n int) ([]HotItem, error) {
	r, err := h.c.array(ctx, 0, "hot_top", h.keys, n)
	if err != nil {
		return nil, err
	}
	var list []HotItem
	for r.more() && r.err == nil {
		list = append(list, HotItem{r.str(), r.int(), r.int()})
	}
	return list, r.err
}
