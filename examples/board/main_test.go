package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/evald/evald/internal/exampletest"
)

func TestBoard(t *testing.T) {
	srv, c := exampletest.Serve(t, handler)
	for _, p := range []string{"ann score=5", "bob score=9", "cid score=5", "ann score=4"} {
		name, form, _ := strings.Cut(p, " ")
		if code, body := exampletest.Request(t, http.DefaultClient, "POST", srv.URL+"/players/"+name, form); code != 200 {
			t.Fatal(code, body)
		}
	}
	code, body := exampletest.Request(t, http.DefaultClient, "GET", srv.URL+"/week/top", "")
	if want := `[{"Rank":1,"Member":"bob","Score":9,"Meta":""},{"Rank":2,"Member":"ann","Score":5,"Meta":""},{"Rank":2,"Member":"cid","Score":5,"Meta":""}]`; code != 200 || body != want {
		t.Fatal(code, body)
	}
	if code, _ := exampletest.Request(t, http.DefaultClient, "GET", srv.URL+"/all/around/eve", ""); code != 404 {
		t.Fatal(code)
	}
	if code, _ := exampletest.Request(t, http.DefaultClient, "POST", srv.URL+"/players/eve", "score=x"); code != 400 {
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
