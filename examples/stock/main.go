// Stock reservation: carts hold units for a time, orders sell them, and a worker confirms orders from a queue.
//
//	go run ./examples/stock -redis 127.0.0.1:6379
//	curl -d 'n=2' localhost:8083/chair/cart-1        # reserve
//	curl -X POST localhost:8083/chair/cart-1/order   # buy
//	curl localhost:8083/chair                        # units left
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/client"
)

func main() {
	server := flag.String("redis", "127.0.0.1:6379", "address of evald or Redis 7")
	addr := flag.String("addr", "127.0.0.1:8083", "address to listen on")
	units := flag.Int64("units", 10, "chairs in stock at the start")
	flag.Parse()
	ctx := context.Background()
	c := client.New(redis.NewClient(&redis.Options{Addr: *server}), client.Options{})
	if err := c.Ensure(ctx); err != nil {
		log.Fatal(err)
	}
	c.Redis().SetNX(ctx, "stock:{chair}", *units, 0)
	go work(ctx, c, time.Second, func(order string) { log.Print("confirmed ", order) })
	log.Printf("listening on http://%s", *addr)
	log.Fatal(http.ListenAndServe(*addr, handler(c)))
}

func handler(c *client.Client) http.Handler {
	orders := client.NewQueue(c, "orders")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{sku}", func(w http.ResponseWriter, r *http.Request) {
		left, err := client.NewStock(c, r.PathValue("sku")).Reap(r.Context())
		answer(w, err, fmt.Sprintln(left, "left"))
	})
	mux.HandleFunc("POST /{sku}/{cart}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.ParseInt(r.FormValue("n"), 10, 32)
		if err != nil || n < 1 {
			http.Error(w, "n must be a number from 1", http.StatusBadRequest)
			return
		}
		left, err := client.NewStock(c, r.PathValue("sku")).Reserve(r.Context(), r.PathValue("cart"), n, 15*time.Minute)
		answer(w, err, fmt.Sprintln("reserved,", left, "left"))
	})
	mux.HandleFunc("DELETE /{sku}/{cart}", func(w http.ResponseWriter, r *http.Request) {
		left, err := client.NewStock(c, r.PathValue("sku")).Cancel(r.Context(), r.PathValue("cart"))
		answer(w, err, fmt.Sprintln(left, "left"))
	})
	mux.HandleFunc("POST /{sku}/{cart}/order", func(w http.ResponseWriter, r *http.Request) {
		sku, cart := r.PathValue("sku"), r.PathValue("cart")
		n, err := client.NewStock(c, sku).Commit(r.Context(), cart)
		if err == nil {
			_, err = orders.Push(r.Context(), cart, fmt.Sprint(n, " ", sku), client.JobOptions{})
		}
		answer(w, err, fmt.Sprintln("ordered", n))
	})
	return mux
}

func answer(w http.ResponseWriter, err error, text string) {
	switch {
	case errors.Is(err, client.ErrTaken):
		http.Error(w, "too few left", http.StatusConflict)
	case errors.Is(err, client.ErrLost):
		http.Error(w, "no such reservation: it ran out or was ordered", http.StatusGone)
	case err != nil:
		log.Print(err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		fmt.Fprint(w, text)
	}
}

// work confirms orders until ctx ends. An order whose worker dies is another's after the lease.
func work(ctx context.Context, c *client.Client, poll time.Duration, confirm func(order string)) {
	orders := client.NewQueue(c, "orders")
	for {
		jobs, err := orders.Claim(ctx, 10, 30*time.Second)
		for _, j := range jobs {
			confirm(j.ID + ": " + j.Payload)
			if err := orders.Ack(ctx, j); err != nil {
				log.Print(err)
			}
		}
		if err != nil && ctx.Err() == nil {
			log.Print(err)
		}
		if len(jobs) > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(poll):
		}
	}
}
