package client

import (
	"context"
	"math"
	"time"
)

// Bloom remembers ids for a time in constant space (a sliding Bloom filter): an id that came within TTL is always known, and
// few that did not seem so. Where no mistake is allowed, FirstTime remembers every id.
type Bloom struct {
	c            *Client
	keys         []string // current, previous
	bits, hashes int64
	ttl          time.Duration
}

// BloomOptions of a filter. All its users must agree on them.
type BloomOptions struct {
	Capacity int64         // ids that come within twice TTL
	Mistakes float64       // share of new ids that seem known at that number: 0.01 by default
	TTL      time.Duration // an id is known for so long at least, twice as long at most
}

// NewBloom returns the filter of that name. Each of its two strings takes about 10 bits an id for a share of 0.01, and at
// most 16 MB: beyond 14 million ids mistakes become more.
func NewBloom(c *Client, name string, o BloomOptions) *Bloom {
	if o.Mistakes <= 0 || o.Mistakes >= 1 {
		o.Mistakes = 0.01
	}
	n := float64(max(1, o.Capacity))
	bits := min(max(8, math.Ceil(-n*math.Log(o.Mistakes)/(math.Ln2*math.Ln2))), 1<<27)
	hashes := min(max(1, math.Round(bits/n*math.Ln2)), 20)
	return &Bloom{c, []string{tagged("bloom", name, "a"), tagged("bloom", name, "b")}, int64(bits), int64(hashes), o.TTL}
}

// Add remembers ids (50 at most) and tells of each whether it is new.
func (b *Bloom) Add(ctx context.Context, ids ...string) (fresh []bool, err error) {
	return b.ask(ctx, "bloom_add", []any{b.bits, b.hashes, ms(b.ttl)}, ids)
}

// Known tells of each id (50 at most) whether it came, or seems to have. It remembers nothing.
func (b *Bloom) Known(ctx context.Context, ids ...string) ([]bool, error) {
	return b.ask(ctx, "bloom_check", []any{b.bits, b.hashes}, ids)
}

func (b *Bloom) ask(ctx context.Context, function string, args []any, ids []string) ([]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	for _, id := range ids {
		args = append(args, id)
	}
	r, err := b.c.array(ctx, len(ids), function, b.keys, args...)
	if err != nil {
		return nil, err
	}
	list := make([]bool, len(ids))
	for i := range list {
		list[i] = r.int() == 1
	}
	return list, r.err
}
