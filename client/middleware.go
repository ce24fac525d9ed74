package client

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

// LimitHTTP returns middleware that limits requests and tells callers where they stand:
//
//	RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset (seconds)   on every answer
//	Retry-After (seconds)                                             with 429 Too Many Requests
//
// Seconds are rounded up: whoever waits as long as told is admitted.
type LimitHTTP struct {
	Limiter *Limiter
	Limit   Limit
	// Key names who is limited; "" is not limited. By default it is the address of the connection. Behind a proxy, read
	// the header that the proxy sets, and only that one.
	Key func(r *http.Request) string
	// Cost of a request: 1 by default.
	Cost func(r *http.Request) int64
	// OnError is asked when the server of the limits does not answer: true lets the request pass (the default).
	OnError func(r *http.Request, err error) bool
}

// Handler wraps next.
func (m LimitHTTP) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, cost := remoteHost(r), int64(1)
		if m.Key != nil {
			id = m.Key(r)
		}
		if m.Cost != nil {
			cost = m.Cost(r)
		}
		if id == "" {
			next.ServeHTTP(w, r)
			return
		}
		res, err := m.Limiter.AllowN(r.Context(), id, m.Limit, cost)
		if err != nil {
			if m.OnError != nil && !m.OnError(r, err) {
				http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Set("RateLimit-Limit", strconv.FormatInt(res.Limit, 10))
		h.Set("RateLimit-Remaining", strconv.FormatInt(res.Remaining, 10))
		h.Set("RateLimit-Reset", seconds(res.ResetAfter))
		if res.Allowed {
			next.ServeHTTP(w, r)
			return
		}
		if res.RetryAfter != Never {
			h.Set("Retry-After", seconds(res.RetryAfter))
		}
		http.Error(w, http.StatusText(http.StatusTooManyRequests), http.StatusTooManyRequests)
	})
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
