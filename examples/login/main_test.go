package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
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

func TestLogin(t *testing.T) {
	srv, _ := serve(t)
	var browsers []*http.Client
	for range 4 {
		jar, _ := cookiejar.New(nil)
		browsers = append(browsers, &http.Client{Jar: jar})
	}
	check := func(browser int, method, path, form string, code int, want string) {
		t.Helper()
		if got, body := request(t, browsers[browser], method, srv.URL+path, form); got != code || body != want {
			t.Fatalf("%s %s: %d %q, want %d %q", method, path, got, body, code, want)
		}
	}
	check(0, "GET", "/me", "", 401, "log in first")
	for i := range 4 {
		check(i, "POST", "/login", "user=ann&password=secret", 200, "welcome, ann")
		for at := time.Now().UnixMilli(); time.Now().UnixMilli() == at; { // sessions of one millisecond are equally old
		}
	}
	check(0, "GET", "/me", "", 401, "log in first") // the fourth login ended the first session
	check(3, "GET", "/me", "", 200, `{"sessions":3,"user":"ann"}`)
	check(1, "POST", "/logout", "", 200, "")
	check(1, "GET", "/me", "", 401, "log in first")
	check(2, "POST", "/logout-everywhere", "", 200, "2 sessions ended")
	check(3, "GET", "/me", "", 401, "log in first")
	for range 3 {
		check(0, "POST", "/login", "user=bob&password=guess", 401, "wrong name or password")
	}
	check(0, "POST", "/login", "user=bob&password=hunter2", 429, "too many failed logins")
}
