package client

import (
	"context"
	"time"
)

// Idempotent runs a request that must take effect once. The first caller with a key runs f, and its status and body are
// kept for ttl; who repeats the request gets them. ErrTaken: the first is still at it. ErrConflict: the key was used for
// another request (another fingerprint: a digest of method, path and body). If f fails, nothing is kept and the request
// may be tried again; f must return an error only if it had no effect.
func (c *Client) Idempotent(ctx context.Context, key, fingerprint string, lock, ttl time.Duration, f func(ctx context.Context) (status, body string, err error)) (status, body string, err error) {
	record, token := []string{tagged("idem", key)}, randomToken()
	r, err := c.array(ctx, 4, "idem_begin", record, token, fingerprint, ms(lock))
	if err != nil {
		return "", "", err
	}
	state := r.str()
	r.int()
	status, body = r.str(), r.str()
	switch state {
	case "done":
		return status, body, r.err
	case "in_flight":
		return "", "", ErrTaken
	case "mismatch":
		return "", "", ErrConflict
	}
	completed := false
	defer func() { // also when f panics
		if !completed {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			c.Call(ctx, "idem_abort", record, token)
		}
	}()
	if status, body, err = f(ctx); err != nil {
		return "", "", err
	}
	completed = true // it had its effect: never give the key back now
	for {
		_, err = c.Call(context.WithoutCancel(ctx), "idem_complete", record, token, status, body, ms(ttl)) // safe to repeat
		if err == nil || ctx.Err() != nil {
			return status, body, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}
