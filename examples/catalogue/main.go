// A cached catalogue: products are loaded once for all who ask, pages depend on tags, and a change of price shows at once.
//
//	go run ./examples/catalogue -redis 127.0.0.1:6379
//	curl localhost:8085/products/1
//	curl localhost:8085/pages/home
//	curl -X PUT -d 'price=90' localhost:8085/products/1
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/client"
)

func main() {
	server := flag.String("redis", "127.0.0.1:6379", "address of evald or Redis 7")
	addr := flag.String("addr", "127.0.0.1:8085", "address to listen on")
	flag.Parse()
	c := client.New(redis.NewClient(&redis.Options{Addr: *server}), client.Options{})
	if err := c.Ensure(context.Background()); err != nil {
		log.Fatal(err)
	}
	log.Printf("listening on http://%s", *addr)
	log.Fatal(http.ListenAndServe(*addr, handler(c, newDatabase())))
}

type product struct {
	ID, Price int
	Name      string
}

// database stands for a slow one. It counts its reads.
type database struct {
	mu    sync.Mutex
	rows  map[int]product
	reads int
}

func newDatabase() *database {
	return &database{rows: map[int]product{1: {1, 100, "chair"}, 2: {2, 300, "table"}}}
}

func (d *database) read(id int) (product, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reads++
	p, ok := d.rows[id]
	if !ok {
		return p, client.ErrNotFound
	}
	return p, nil
}

func (d *database) setPrice(id, price int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, ok := d.rows[id]
	if !ok {
		return client.ErrNotFound
	}
	p.Price = price
	d.rows[id] = p
	return nil
}

func handler(c *client.Client, db *database) http.Handler {
	products := client.NewCache[product](c, client.CacheOptions{Prefix: "product", TTL: time.Minute, Stale: 10 * time.Minute, Negative: 5 * time.Second})
	pages := client.NewCache[[]product](c, client.CacheOptions{Prefix: "page", TTL: 10 * time.Minute})
	get := func(ctx context.Context, id int) (product, error) {
		return products.Get(ctx, strconv.Itoa(id), func(context.Context) (product, error) { return db.read(id) })
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil {
			http.Error(w, "an id is a number", http.StatusBadRequest)
			return
		}
		p, err := get(r.Context(), id)
		answer(w, p, err)
	})
	mux.HandleFunc("GET /pages/home", func(w http.ResponseWriter, r *http.Request) {
		page, err := pages.Tagged(r.Context(), "shop", "home", []string{"prices"}, func(ctx context.Context) ([]product, error) {
			var list []product
			for id := range 2 {
				p, err := get(ctx, id+1)
				if err != nil {
					return nil, err
				}
				list = append(list, p)
			}
			return list, nil
		})
		answer(w, page, err)
	})
	mux.HandleFunc("PUT /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, err := strconv.Atoi(r.PathValue("id"))
		price, priceErr := strconv.Atoi(r.FormValue("price"))
		if err != nil || priceErr != nil {
			http.Error(w, "id and price are numbers", http.StatusBadRequest)
			return
		}
		if err := db.setPrice(id, price); err != nil {
			answer(w, nil, err)
			return
		}
		// First the source, then the cache: what was loaded before is not stored after.
		err = products.Invalidate(r.Context(), strconv.Itoa(id), false)
		if err == nil {
			err = pages.Bump(r.Context(), "shop", "prices")
		}
		answer(w, fmt.Sprintf("price of %d is %d", id, price), err)
	})
	return mux
}

func answer(w http.ResponseWriter, v any, err error) {
	switch {
	case errors.Is(err, client.ErrNotFound):
		http.Error(w, "no such product", http.StatusNotFound)
	case err != nil:
		log.Print(err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
}
