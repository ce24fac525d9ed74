// A login service: sessions in secure cookies, at most three per user, and ever longer blocks after failed logins.
//
//	go run ./examples/login -redis 127.0.0.1:6379
//	curl -c jar -b jar -d 'user=ann&password=secret' localhost:8081/login
//	curl -c jar -b jar localhost:8081/me
//	curl -c jar -b jar -X POST localhost:8081/logout-everywhere
package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/client"
)

func main() {
	server := flag.String("redis", "127.0.0.1:6379", "address of evald or Redis 7")
	addr := flag.String("addr", "127.0.0.1:8081", "address to listen on")
	flag.Parse()
	c := client.New(redis.NewClient(&redis.Options{Addr: *server}), client.Options{})
	if err := c.Ensure(context.Background()); err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", *addr)
	log.Fatal(http.ListenAndServe(*addr, handler(c)))
}

// passwords stands for the user database.
func passwords(user string) string { return map[string]string{"ann": "secret", "bob": "hunter2"}[user] }

func handler(c *client.Client) http.Handler {
	sessions := client.NewSessions(c, client.SessionOptions{Prefix: "login", Idle: 30 * time.Minute, Max: 3, Policy: client.EvictOldest})
	limiter := client.NewLimiter(c)
	// Three strikes in a quarter of an hour, then blocked for a second, two, four ... up to an hour.
	strike := func(ctx context.Context, user string) (client.Blocked, error) {
		return limiter.Strike(ctx, "login-"+user, 3, 15*time.Minute, time.Second, time.Hour)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		ctx, user := r.Context(), r.FormValue("user")
		if b, err := limiter.Blocked(ctx, "login-"+user, 3, 15*time.Minute, time.Second, time.Hour); err != nil || b.Blocked {
			w.Header().Set("Retry-After", fmt.Sprint(int64((b.RetryAfter+time.Second-1)/time.Second)))
			http.Error(w, "too many failed logins", http.StatusTooManyRequests)
			return
		}
		want := passwords(user)
		if want == "" || subtle.ConstantTimeCompare([]byte(want), []byte(r.FormValue("password"))) != 1 {
			if _, err := strike(ctx, user); err != nil {
				log.Print(err)
			}
			http.Error(w, "wrong name or password", http.StatusUnauthorized)
			return
		}
		s := client.RequestSession(ctx)
		s.Put("user", user)
		if err := s.Login(ctx, user); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "welcome,", user)
	})
	mux.HandleFunc("GET /me", signedIn(func(w http.ResponseWriter, r *http.Request, user string) {
		list, err := sessions.List(r.Context(), user)
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"user": user, "sessions": len(list)})
	}))
	mux.HandleFunc("POST /logout", signedIn(func(w http.ResponseWriter, r *http.Request, _ string) {
		if err := client.RequestSession(r.Context()).Logout(r.Context()); err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
		}
	}))
	mux.HandleFunc("POST /logout-everywhere", signedIn(func(w http.ResponseWriter, r *http.Request, user string) {
		n, err := sessions.DestroyAll(r.Context(), user, nil)
		if err != nil {
			http.Error(w, "try again", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, n, "sessions ended")
	}))
	return client.SessionHTTP{Sessions: sessions, Insecure: true}.Handler(mux)
}

// signedIn refuses requests without a session of a user.
func signedIn(f func(w http.ResponseWriter, r *http.Request, user string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		user := client.RequestSession(r.Context()).Get("user")
		if user == "" {
			http.Error(w, "log in first", http.StatusUnauthorized)
			return
		}
		f(w, r, user)
	}
}
