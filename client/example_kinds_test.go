package client_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/evald/evald/client"
)

func ExampleRWMutex() {
	c, ctx := connect(), context.Background()
	m := client.NewRWMutex(c, "example-document", client.LockOptions{})
	err := m.RDo(ctx, func(ctx context.Context, _ *client.Lock) error {
		_, err := m.TryLock(ctx) // nobody writes while somebody reads
		fmt.Println(err)
		return nil
	})
	fmt.Println(err)
	// Output:
	// taken by another
	// <nil>
}

func ExampleSemaphore() {
	c, ctx := connect(), context.Background()
	exports := client.NewSemaphore(c, "example-exports", 3, client.LockOptions{TTL: 30 * time.Second})
	err := exports.Do(ctx, 2, func(ctx context.Context, _ *client.Lock) error { // a large export takes two of three permits
		n, err := exports.InUse(ctx)
		fmt.Println(n, "in use")
		return err
	})
	fmt.Println(err)
	// Output:
	// 2 in use
	// <nil>
}

func ExampleElection() {
	c, ctx := connect(), context.Background()
	term, err := client.NewElection(c, "example-cron", "10.0.0.1:80", client.LockOptions{TTL: 10 * time.Second}).Campaign(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	// term.Context() ends with the leadership; term.Fence() is the epoch.
	fmt.Println("leading:", term.Context().Err() == nil)
	fmt.Println(term.Release(ctx))
	// Output:
	// leading: true
	// <nil>
}

func ExampleLimiter_Reserve() {
	c, ctx := connect(), context.Background()
	limiter := client.NewLimiter(c)
	limiter.Reset(ctx, "example-model")
	budget := client.TokenBucket{Capacity: 100_000, Refill: 1_000, Interval: time.Minute}
	res, err := limiter.Reserve(ctx, "example-model", budget, "call-1", 8_000, time.Minute) // an estimate
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Allowed, res.Remaining)
	left, err := limiter.Settle(ctx, "example-model", budget, "call-1", 3_000) // what was really used
	fmt.Println(left, err)
	// Output:
	// true 92000
	// 97000 <nil>
}

func ExampleSessionHTTP() {
	c := connect()
	sessions := client.SessionHTTP{Sessions: client.NewSessions(c, client.SessionOptions{Max: 5})}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := client.RequestSession(r.Context())
		s.Put("seen", "yes") // stored, and the cookie sent, before the first byte of the answer
		fmt.Fprintln(w, "hello", s.Get("user"))
	})
	_ = http.Server{Addr: ":8443", Handler: sessions.Handler(hello)}
	// Output:
}

func ExampleStock() {
	c, ctx := connect(), context.Background()
	c.Redis().Set(ctx, "stock:{example-chair}", 3, 0)
	chairs := client.NewStock(c, "example-chair")
	left, err := chairs.Reserve(ctx, "cart-1", 2, 15*time.Minute)
	fmt.Println(left, "left", err)
	_, err = chairs.Reserve(ctx, "cart-2", 2, 15*time.Minute)
	fmt.Println(err)
	sold, err := chairs.Commit(ctx, "cart-1")
	fmt.Println(sold, "sold", err)
	// Output:
	// 1 left <nil>
	// taken by another
	// 2 sold <nil>
}

func ExampleLatch() {
	c, ctx := connect(), context.Background()
	parts := client.NewLatch(c, "example-import")
	if _, err := parts.Init(ctx, 2, time.Minute); err != nil {
		log.Fatal(err)
	}
	for _, part := range []string{"a", "a", "b"} { // a part that says so twice counts once
		left, err := parts.Down(ctx, part)
		fmt.Println(left, err)
	}
	fmt.Println(parts.Wait(ctx))
	// Output:
	// 1 <nil>
	// 1 <nil>
	// 0 <nil>
	// <nil>
}

func ExampleWriteBehind() {
	c, ctx := connect(), context.Background()
	counts := client.NewWriteBehind(c, "example-counts", 0)
	for _, n := range []string{"1", "2", "3"} { // many changes
		if _, err := counts.Put(ctx, "page-7", n); err != nil {
			log.Fatal(err)
		}
	}
	n, err := counts.Drain(ctx, 100, time.Minute, func(_ context.Context, d client.Dirty) error {
		fmt.Println("UPDATE", d.ID, d.Value) // one write
		return nil
	})
	fmt.Println(n, err)
	// Output:
	// UPDATE page-7 3
	// 1 <nil>
}

func ExampleBloom() {
	c, ctx := connect(), context.Background()
	c.Redis().Del(ctx, "bloom:{example-clicks}:a", "bloom:{example-clicks}:b")
	clicks := client.NewBloom(c, "example-clicks", client.BloomOptions{Capacity: 1_000_000, TTL: time.Hour})
	fresh, err := clicks.Add(ctx, "click-1", "click-2", "click-1")
	fmt.Println(fresh, err)
	// Output: [true true false] <nil>
}

func ExampleHotItems() {
	c, ctx := connect(), context.Background()
	c.Redis().Del(ctx, "hot:{example-pages}", "hot:{example-pages}:errors")
	pages := client.NewHotItems(c, "example-pages", 100, time.Hour)
	for _, page := range []string{"home", "help", "home", "shop", "home"} {
		if _, err := pages.Hit(ctx, page, 1); err != nil {
			log.Fatal(err)
		}
	}
	top, err := pages.Top(ctx, 1)
	fmt.Println(top, err)
	// Output: [{home 3 0}] <nil>
}
