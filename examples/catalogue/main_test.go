package main

import (
	"net/http"
	"sync"
	"testing"

	"github.com/evald/evald/client"
	"github.com/evald/evald/internal/exampletest"
)

func TestCatalogue(t *testing.T) {
	db := newDatabase()
	srv, _ := exampletest.Serve(t, func(c *client.Client) http.Handler { return handler(c, db) })
	get := func(path string, code int, want string) {
		if got, body := exampletest.Request(t, http.DefaultClient, "GET", srv.URL+path, ""); got != code || body != want {
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
	if code, body := exampletest.Request(t, http.DefaultClient, "PUT", srv.URL+"/products/1", "price=90"); code != 200 {
		t.Fatal(code, body)
	}
	get("/pages/home", 200, `[{"ID":1,"Price":90,"Name":"chair"},{"ID":2,"Price":300,"Name":"table"}]`)
	get("/products/1", 200, `{"ID":1,"Price":90,"Name":"chair"}`)
	get("/products/x", 400, "an id is a number")
}
