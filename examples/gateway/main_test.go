package main

import (
	"net/http"
	"testing"

	"github.com/evald/evald/internal/exampletest"
)

func TestGateway(t *testing.T) {
	srv, _ := exampletest.Serve(t, handler)
	do := func(method, path, body string, header ...string) (int, string) {
		return exampletest.Request(t, http.DefaultClient, method, srv.URL+path, body, header...)
	}
	if code, _ := do("GET", "/hello", ""); code != 401 {
		t.Fatal(code)
	}
	limited := 0
	for range 30 {
		switch code, _ := do("GET", "/hello", "", "X-API-Key", "k1"); code {
		case 200:
		case 429:
			limited++
		default:
			t.Fatal(code)
		}
	}
	if limited == 0 {
		t.Fatal("no request was limited")
	}
	pay := func(body string) (int, string) {
		return do("POST", "/pay", body, "X-API-Key", "k2", "Idempotency-Key", "7")
	}
	for range 2 {
		if code, body := pay("amount=5"); code != 201 || body != "payment 1: amount=5" {
			t.Fatal(code, body)
		}
	}
	if code, _ := pay("amount=6"); code != 422 {
		t.Fatal(code)
	}
}
