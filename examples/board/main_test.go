package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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

func TestBoard(t *testing.T) {
	srv, c := serve(t)
	for _, p := range []string{"ann score=5", "bob score=9", "cid score=5", "ann score=4"} {
		name, form, _ := strings.Cut(p, " ")
		if code, body := request(t, http.DefaultClient, "POST", srv.URL+"/players/"+name, form); code != 200 {
			t.Fatal(code, body)
		}
	}
	code, body := request(t, http.DefaultClient, "GET", srv.URL+"/week/top", "")
	if want := `[{"Rank":1,"Member":"bob","Score":9,"Meta":""},{"Rank":2,"Member":"ann","Score":5,"Meta":""},{"Rank":2,"Member":"cid","Score":5,"Meta":""}]`; code != 200 || body != want {
		t.Fatal(code, body)
	}
	if code, _ := request(t, http.DefaultClient, "GET", srv.URL+"/all/around/eve", ""); code != 404 {
		t.Fatal(code)
	}
	if code, _ := request(t, http.DefaultClient, "POST", srv.URL+"/players/eve", "score=x"); code != 400 {
		t.Fatal(code)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); seasons(ctx, c, 30*time.Millisecond) }()
	for deadline := time.After(10 * time.Second); ; {
		if rows, err := board(c, "week").Top(ctx, 1); err == nil && len(rows) == 0 {
			break
		}
		select {
		case <-deadline:
			t.Fatal("the season did not end")
		case <-time.After(time.Millisecond):
		}
	}
	stop()
	<-ended
	if rows, err := board(c, "all").Top(t.Context(), 10); err != nil || len(rows) != 3 {
		t.Fatal(rows, err)
	}
}
