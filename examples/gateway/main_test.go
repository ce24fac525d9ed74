package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/client"
	"github.com/evald/evald/internal/redistest"
)

func serve(t *testing.T) (*httptest.Server, *client.Client) {
	rdb := redis.NewClient(&redis.Options{Addr: redistest.Start(t)})
	t.Cleanup(func() { rdb.Close() })
	c := client.New(rdb, client.Options{})
	srv := httptest.NewServer(handler(c))
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

func TestGateway(t *testing.T) {
	srv, _ := serve(t)
	do := func(method, path, body string, header ...string) (int, string) {
		return request(t, http.DefaultClient, method, srv.URL+path, body, header...)
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
