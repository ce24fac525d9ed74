// A game board: scores count for this week's and the all-time board in one call; who reached a score first ranks first.
// One of several processes, the leader, ends the season.
//
//	go run ./examples/board -redis 127.0.0.1:6379
//	curl -d 'score=1500' localhost:8084/players/ann
//	curl localhost:8084/week/top
//	curl localhost:8084/week/around/ann
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
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/client"
)

func main() {
	server := flag.String("redis", "127.0.0.1:6379", "address of evald or Redis 7")
	addr := flag.String("addr", "127.0.0.1:8084", "address to listen on")
	season := flag.Duration("season", 7*24*time.Hour, "length of a season")
	flag.Parse()
	ctx := context.Background()
	c := client.New(redis.NewClient(&redis.Options{Addr: *server}), client.Options{})
	if err := c.Ensure(ctx); err != nil {
		log.Fatal(err)
	}
	go seasons(ctx, c, *season)
	log.Printf("listening on http://%s", *addr)
	log.Fatal(http.ListenAndServe(*addr, handler(c)))
}

func board(c *client.Client, name string) *client.Board {
	return client.NewBoard(c, "game", name, client.BoardOptions{Dense: true, FirstCome: true, Ranks: client.Competition, Cap: 100000})
}

func handler(c *client.Client) http.Handler {
	boards := map[string]*client.Board{"week": board(c, "week"), "all": board(c, "all")}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /players/{name}", func(w http.ResponseWriter, r *http.Request) {
		score, err := strconv.ParseFloat(r.FormValue("score"), 64)
		if err != nil {
			http.Error(w, "score must be a number", http.StatusBadRequest)
			return
		}
		applied, err := client.SubmitAll(r.Context(), []*client.Board{boards["week"], boards["all"]}, r.PathValue("name"), score, client.Best)
		if err != nil {
			answer(w, nil, err)
			return
		}
		answer(w, map[string]bool{"best_of_week": applied[0], "best_of_all": applied[1]}, nil)
	})
	mux.HandleFunc("GET /{board}/top", func(w http.ResponseWriter, r *http.Request) {
		b := boards[r.PathValue("board")]
		if b == nil {
			answer(w, nil, client.ErrNotFound)
			return
		}
		rows, err := b.Top(r.Context(), 10)
		answer(w, rows, err)
	})
	mux.HandleFunc("GET /{board}/around/{name}", func(w http.ResponseWriter, r *http.Request) {
		b := boards[r.PathValue("board")]
		if b == nil {
			answer(w, nil, client.ErrNotFound)
			return
		}
		rows, _, err := b.Around(r.Context(), r.PathValue("name"), 2, 2)
		answer(w, rows, err)
	})
	return mux
}

func answer(w http.ResponseWriter, v any, err error) {
	switch {
	case errors.Is(err, client.ErrNotFound):
		http.Error(w, "not on the board", http.StatusNotFound)
	case err != nil:
		log.Print(err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
	default:
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
}

// seasons ends the season each time its length has passed, in the one process that leads.
func seasons(ctx context.Context, c *client.Client, length time.Duration) {
	for ctx.Err() == nil {
		lead, err := client.NewElection(c, "game-seasons", "", client.LockOptions{}).Campaign(ctx, nil)
		if err != nil {
			log.Print(err)
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
			continue
		}
		for lead.Context().Err() == nil {
			next := time.Now().Truncate(length).Add(length)
			select {
			case <-ctx.Done():
				lead.Release(ctx)
				return
			case <-lead.Context().Done():
				continue
			case <-time.After(time.Until(next)):
			}
			// Repeated by another leader, it finds the archive there and does nothing worse than say so.
			if n, err := board(c, "week").Rollover(ctx, fmt.Sprint("week-", next.Unix()), 8*length); err != nil {
				log.Print(err)
			} else {
				log.Printf("the season ended with %d players", n)
			}
		}
	}
}
