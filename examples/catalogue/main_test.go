package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/client"
	"github.com/evald/evald/internal/redistest"
)

func serve(t *testing.T, db *database) (*httptest.Server, *client.Client) {
	rdb := redis.NewClient(&redis.Options{Addr: redistest.Start(t)})
	t.Cleanup(func() { rdb.Close() })
	c := client.New(rdb, client.Options{})
	srv := httptest.NewServer(handler(c, db))
	t.Cleanup(srv.Close)
	return srv, c
}

// request returns the status and the body.
func request(t *testing.T, browser *http.Client, method, url, form string, header ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, strings.TrimSpace(string(body))
}

func TestCatalogue(t *testing.T) {
	db := newDatabase()
	srv, _ := serve(t, db)
	get := func(path string, code int, want string) {
		if got, body := request(t, http.DefaultClient, "GET", srv.URL+path, ""); got != code || body != want {
			t.Errorf("%s: %d %s, want %d %s", path, got, body, code, want)
		}
	}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { get("/products/1", 200, `{"ID":1,"Price":100,"Name":"chair"}`) })
	}
	wg.Wait()
	if db.reads != 1 {
		t.Fatalf("%d reads for 50 requests", db.reads)
	}
	for range 3 {
		get("/pages/home", 200, `[{"ID":1,"Price":100,"Name":"chair"},{"ID":2,"Price":300,"Name":"table"}]`)
		get("/products/9", 404, "no such product")
	}
	if db.reads != 3 {
		t.Fatalf("%d reads, want one of each product", db.reads)
	}
	if code, body := request(t, http.DefaultClient, "PUT", srv.URL+"/products/1", "price=90"); code != 200 {
		t.Fatal(code, body)
	}
	get("/pages/home", 200, `[{"ID":1,"Price":90,"Name":"chair"},{"ID":2,"Price":300,"Name":"table"}]`)
	get("/products/1", 200, `{"ID":1,"Price":90,"Name":"chair"}`)
	get("/products/x", 400, "an id is a number")
}
