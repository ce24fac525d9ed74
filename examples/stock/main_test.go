package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/evald/evald/internal/exampletest"
)

func TestStock(t *testing.T) {
	srv, c := exampletest.Serve(t, handler)
	c.Redis().Set(t.Context(), "stock:{chair}", 10, 0)
	var sold atomic.Int64
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			url := fmt.Sprint(srv.URL, "/chair/cart-", i)
			if code, _ := exampletest.Request(t, http.DefaultClient, "POST", url, "n=1"); code == 200 {
				if code, _ := exampletest.Request(t, http.DefaultClient, "POST", url+"/order", ""); code == 200 {
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
		if code, body := exampletest.Request(t, http.DefaultClient, x.method, srv.URL+x.path, x.form); code != x.code {
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
