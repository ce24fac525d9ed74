package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/client"
)

// connect is what a program does at start: a connection, and the libraries loaded.
func connect() *client.Client {
	rdb := redis.NewClient(&redis.Options{Addr: os.Getenv("CLIENT_SERVER")})
	c := client.New(rdb, client.Options{})
	if err := c.Ensure(context.Background()); err != nil {
		log.Fatal(err)
	}
	return c
}

func ExampleMutex_Do() {
	c, ctx := connect(), context.Background()
	m := client.NewMutex(c, "example-report", client.LockOptions{TTL: 10 * time.Second})
	err := m.Do(ctx, func(ctx context.Context, l *client.Lock) error {
		// ctx ends if the lock is lost. The fence keeps an owner that slept through it from doing damage.
		ok, err := c.FencedSet(ctx, "example-report", l.Fence(), "written", time.Minute)
		fmt.Println("written:", ok)
		return err
	})
	fmt.Println(err)
	// Output:
	// written: true
	// <nil>
}

func ExampleLimiter_Allow() {
	c, ctx := connect(), context.Background()
	limiter := client.NewLimiter(c)
	limiter.Reset(ctx, "example-user")
	limit := client.GCRA{Burst: 2, Count: 10, Period: time.Minute} // ten a minute, two at once
	for range 3 {
		res, err := limiter.Allow(ctx, "example-user", limit)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.Allowed, res.Remaining, res.RetryAfter.Round(time.Second))
	}
	// Output:
	// true 1 0s
	// true 0 0s
	// false 0 6s
}

func ExampleLimiter_AllowAll() {
	c, ctx := connect(), context.Background()
	res, index, err := client.NewLimiter(c).AllowAll(ctx, "example-tenant",
		client.Named{Name: "burst", Limit: client.GCRA{Burst: 20, Count: 10, Period: time.Second}, Cost: 1},
		client.Named{Name: "day", Limit: client.FixedWindow{Limit: 5, Window: 24 * time.Hour}, Cost: 1})
	fmt.Println(res.Allowed, "tightest:", index, err)
	// Output: true tightest: 1 <nil>
}

func ExampleLimitHTTP() {
	c := connect()
	limit := client.LimitHTTP{
		Limiter: client.NewLimiter(c),
		Limit:   client.GCRA{Burst: 20, Count: 10, Period: time.Second},
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	_ = http.Server{Addr: ":8080", Handler: limit.Handler(hello)}
	// Output:
}

func ExampleBoard() {
	c, ctx := connect(), context.Background()
	week := client.NewBoard(c, "example-chess", "week47", client.BoardOptions{
		FirstCome: true, ExpireAt: time.Now().Add(14 * 24 * time.Hour),
	})
	for _, p := range []client.Row{{Member: "ann", Score: 1500}, {Member: "bob", Score: 1720}, {Member: "cid", Score: 1500}} {
		if _, err := week.Submit(ctx, p.Member, p.Score, client.Best, ""); err != nil {
			log.Fatal(err)
		}
	}
	rows, err := week.Top(ctx, 10)
	for _, r := range rows {
		fmt.Println(r.Rank, r.Member, r.Score)
	}
	st, _ := week.Rank(ctx, "cid")
	fmt.Println("cid is", st.Rank, "of", st.Total, err)
	// Output:
	// 1 bob 1720
	// 2 ann 1500
	// 3 cid 1500
	// cid is 3 of 3 <nil>
}

func ExampleSessions() {
	c, ctx := connect(), context.Background()
	sessions := client.NewSessions(c, client.SessionOptions{Idle: 30 * time.Minute, Max: 5})
	s, _, err := sessions.Create(ctx, "example-ann", map[string]string{"theme": "dark"})
	if err != nil {
		log.Fatal(err)
	}
	again, err := sessions.Get(ctx, s.Token)
	fmt.Println(again.Fields["theme"], err)
	sessions.DestroyAll(ctx, "example-ann", nil) // log out everywhere
	_, err = sessions.Get(ctx, s.Token)
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output:
	// dark <nil>
	// true
}

func ExampleCache() {
	c, ctx := connect(), context.Background()
	type product struct{ Name string }
	products := client.NewCache[product](c, client.CacheOptions{Prefix: "example-product", TTL: time.Minute})
	load := func(context.Context) (product, error) {
		fmt.Println("loaded from the database")
		return product{"chair"}, nil
	}
	products.Invalidate(ctx, "17", false)
	for range 2 {
		p, err := products.Get(ctx, "17", load)
		fmt.Println(p.Name, err)
	}
	// Output:
	// loaded from the database
	// chair <nil>
	// chair <nil>
}

func ExampleQueue() {
	c, ctx := connect(), context.Background()
	q := client.NewQueue(c, "example-mail")
	q.Push(ctx, "welcome-ann", "ann@example.org", client.JobOptions{MaxTries: 5})
	jobs, err := q.Claim(ctx, 10, 30*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	for _, j := range jobs {
		fmt.Println(j.ID, j.Payload, j.Try)
		if err := q.Ack(ctx, j); err != nil {
			log.Fatal(err)
		}
	}
	// Output: welcome-ann ann@example.org 1
}

func ExampleClient_Idempotent() {
	c, ctx := connect(), context.Background()
	charge := func(context.Context) (status, body string, err error) {
		fmt.Println("charged once")
		return "201", `{"paid":true}`, nil
	}
	for range 2 {
		status, body, err := c.Idempotent(ctx, "example-order-5", "digest of the request", 30*time.Second, 24*time.Hour, charge)
		fmt.Println(status, body, err)
	}
	// Output:
	// charged once
	// 201 {"paid":true} <nil>
	// 201 {"paid":true} <nil>
}
