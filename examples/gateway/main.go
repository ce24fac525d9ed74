// An API gateway: each API key has a limit per second and one per day, a number of requests in flight, and POST requests
// with an Idempotency-Key take effect once.
//
//	go run ./examples/gateway -redis 127.0.0.1:6379
//	curl -i -H 'X-API-Key: k1' localhost:8082/hello
//	curl -i -H 'X-API-Key: k1' -H 'Idempotency-Key: 7' -d 'amount=5' localhost:8082/pay
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/client"
)

func main() {
	server := flag.String("redis", "127.0.0.1:6379", "address of evald or Redis 7")
	addr := flag.String("addr", "127.0.0.1:8082", "address to listen on")
	flag.Parse()
	c := client.New(redis.NewClient(&redis.Options{Addr: *server}), client.Options{})
	if err := c.Ensure(context.Background()); err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", *addr)
	log.Fatal(http.ListenAndServe(*addr, handler(c)))
}

func handler(c *client.Client) http.Handler {
	var payments atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	mux.Handle("POST /pay", once(c, func(_ context.Context, body string) (int, string, error) {
		return http.StatusCreated, fmt.Sprintf("payment %d: %s\n", payments.Add(1), body), nil
	}))
	return limited(c, mux)
}

// limited checks two limits of different algorithms in one call, and then a slot among the requests in flight.
func limited(c *client.Client, next http.Handler) http.Handler {
	limiter := client.NewLimiter(c)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Header.Get("X-API-Key")
		if key == "" {
			http.Error(w, "X-API-Key is missing", http.StatusUnauthorized)
			return
		}
		id := "gateway-" + digest(key) // the key itself is a secret, and may hold any bytes
		res, _, err := limiter.AllowAll(r.Context(), id,
			client.Named{Name: "second", Limit: client.GCRA{Burst: 5, Count: 10, Period: time.Second}, Cost: 1},
			client.Named{Name: "day", Limit: client.FixedWindow{Limit: 1000, Window: 24 * time.Hour}, Cost: 1})
		if err != nil {
			log.Print(err) // open when the limits cannot be checked
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("RateLimit-Remaining", strconv.FormatInt(res.Remaining, 10))
		if !res.Allowed {
			w.Header().Set("Retry-After", strconv.FormatInt(int64((res.RetryAfter+time.Second-1)/time.Second), 10))
			http.Error(w, "too many requests", http.StatusTooManyRequests)
			return
		}
		slot, err := client.NewSemaphore(c, id, 4, client.LockOptions{TTL: 30 * time.Second}).TryAcquire(r.Context(), 1)
		if errors.Is(err, client.ErrTaken) {
			http.Error(w, "too many requests in flight", http.StatusTooManyRequests)
			return
		}
		if err == nil {
			defer slot.Release(r.Context())
		}
		next.ServeHTTP(w, r)
	})
}

// once gives a repeated request the first one's answer.
func once(c *client.Client, f func(ctx context.Context, body string) (status int, answer string, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "cannot read the body", http.StatusBadRequest)
			return
		}
		key := r.Header.Get("Idempotency-Key")
		if key == "" {
			http.Error(w, "Idempotency-Key is missing", http.StatusBadRequest)
			return
		}
		print := digest(r.Method + " " + r.URL.Path + "\n" + string(body))
		status, answer, err := c.Idempotent(r.Context(), digest(r.Header.Get("X-API-Key")+"\n"+key), print, 30*time.Second, 24*time.Hour,
			func(ctx context.Context) (string, string, error) {
				code, answer, err := f(ctx, string(body))
				return strconv.Itoa(code), answer, err
			})
		switch {
		case errors.Is(err, client.ErrTaken):
			http.Error(w, "the first request is still running", http.StatusConflict)
		case errors.Is(err, client.ErrConflict):
			http.Error(w, "the key belongs to another request", http.StatusUnprocessableEntity)
		case err != nil:
			http.Error(w, "try again", http.StatusServiceUnavailable)
		default:
			code, _ := strconv.Atoi(status)
			w.WriteHeader(code)
			io.WriteString(w, answer)
		}
	})
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:16])
}
