package main

import (
	"net/http"
	"net/http/cookiejar"
	"testing"
	"time"

	"github.com/evald/evald/internal/exampletest"
)

func TestLogin(t *testing.T) {
	srv, _ := exampletest.Serve(t, handler)
	var browsers []*http.Client
	for range 4 {
		jar, _ := cookiejar.New(nil)
		browsers = append(browsers, &http.Client{Jar: jar})
	}
	check := func(browser int, method, path, form string, code int, want string) {
		t.Helper()
		if got, body := exampletest.Request(t, browsers[browser], method, srv.URL+path, form); got != code || body != want {
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
