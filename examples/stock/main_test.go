package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

func TestStock(t *testing.T) {
	srv, c := serve(t)
	c.Redis().Set(t.Context(), "stock:{chair}", 10, 0)
	var sold atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			url := fmt.Sprint(srv.URL, "/chair/cart-", i)
			if code, _ := request(t, http.DefaultClient, "POST", url, "n=1"); code == 200 {
				if code, _ := request(t, http.DefaultClient, "POST", url+"/order", ""); code == 200 {
					sold.Add(1)
				}
			}
		})
	}
	wg.Wait()
	if sold.Load() != 10 {
		t.Fatalf("%d sold of 10", sold.Load())
	}
	for _, x := range []struct {
		method, path, form string
		code               int
	}{{"GET", "/chair", "", 200}, {"POST", "/chair/late", "n=1", 409}, {"POST", "/chair/late", "n=-1", 400}, {"POST", "/chair/late/order", "", 410}, {"DELETE", "/chair/late", "", 200}} {
		if code, body := request(t, http.DefaultClient, x.method, srv.URL+x.path, x.form); code != x.code {
			t.Errorf("%s %s: %d %s", x.method, x.path, code, body)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	confirmed := map[string]bool{}
	work(ctx, c, time.Millisecond, func(order string) {
		if confirmed[order] = true; len(confirmed) == 10 {
			stop()
		}
	})
	if len(confirmed) != 10 {
		t.Fatalf("%d orders confirmed", len(confirmed))
	}
}
