//go:build !linux

// This file chooses how a round runs where there is no epoll.
package bench

import "context"

func (d *driver) run(ctx context.Context) error { return d.runGoroutines(ctx) }
