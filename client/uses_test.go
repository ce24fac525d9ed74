package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLimiter(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, l := t.Context(), NewLimiter(c)
		for _, limit := range []Limit{
			FixedWindow{Limit: 3, Window: time.Hour}, FixedWindow{Limit: 3, Window: 24 * 365 * time.Hour, Aligned: true},
			SlidingLog{Limit: 3, Window: time.Hour}, SlidingCounter{Limit: 3, Window: time.Hour},
			TokenBucket{Capacity: 3, Refill: 1, Interval: time.Hour}, GCRA{Burst: 3, Count: 3, Period: time.Hour},
		} {
			id := name()
			if res, err := l.AllowOnce(ctx, id, limit, 2, "op"); err != nil || !res.Allowed || res.Limit != 3 || res.Remaining != 1 || res.RetryAfter != 0 {
				t.Fatalf("%T: %+v %v", limit, res, err)
			}
			if res, err := l.AllowOnce(ctx, id, limit, 2, "op"); err != nil || !res.Allowed || res.Remaining != 1 {
				t.Fatalf("%T again: %+v %v", limit, res, err)
			}
			if res, err := l.AllowN(ctx, id, limit, 2); err != nil || res.Allowed || res.RetryAfter <= 0 {
				t.Fatalf("%T denied: %+v %v", limit, res, err)
			}
			if res, err := l.AllowN(ctx, id, limit, 4); err != nil || res.Allowed || res.RetryAfter != Never {
				t.Fatalf("%T never: %+v %v", limit, res, err)
			}
			if res, err := l.Refund(ctx, id, limit, "op"); err != nil || res.Remaining != 3 {
				t.Fatalf("%T refund: %+v %v", limit, res, err)
			}
			if err := l.Reset(ctx, id); err != nil {
				t.Fatal(err)
			}
			if res, err := l.Peek(ctx, id, limit); err != nil || res.Remaining != 3 || res.ResetAfter != 0 {
				t.Fatalf("%T peek: %+v %v", limit, res, err)
			}
		}
		id := name()
		limits := []Named{{"second", GCRA{Burst: 2, Count: 2, Period: time.Hour}, 1}, {"day", FixedWindow{Limit: 9, Window: time.Hour}, 1}}
		for i := range 3 {
			res, index, err := l.AllowAll(ctx, id, limits...)
			if err != nil || index != 0 || res.Allowed != (i < 2) {
				t.Fatalf("call %d: %+v, limit %d, %v", i, res, index, err)
			}
		}
		if n, res, err := l.AtMost(ctx, name(), GCRA{Burst: 3, Count: 1, Period: time.Hour}, 10); n != 3 || !res.Allowed || err != nil {
			t.Fatal(n, res, err)
		}
		id = name()
		for i := range 3 {
			if wait, ok, err := l.Delay(ctx, id, 1, time.Hour, 90*time.Minute); ok != (i < 2) || err != nil || i == 1 && wait < 59*time.Minute {
				t.Fatal(i, wait, ok, err)
			}
		}
		for i := range 4 {
			b, err := l.Strike(ctx, id, 3, time.Hour, time.Minute, time.Hour)
			if err != nil || b.Blocked != (i >= 2) || b.Blocked && b.RetryAfter > time.Minute {
				t.Fatalf("strike %d: %+v %v", i, b, err)
			}
		}
		if b, err := l.Blocked(ctx, id, 3, time.Hour, time.Minute, time.Hour); err != nil || !b.Blocked || b.Strikes != 3 {
			t.Fatalf("%+v %v", b, err)
		}
		bucket := TokenBucket{Capacity: 100, Refill: 1, Interval: time.Hour}
		if res, err := l.Reserve(ctx, id, bucket, "call", 80, time.Minute); err != nil || res.Remaining != 20 {
			t.Fatalf("%+v %v", res, err)
		}
		if left, err := l.Settle(ctx, id, bucket, "call", 50); err != nil || left != 50 {
			t.Fatal(left, err)
		}
		if err := l.Cancel(ctx, id, bucket, "call"); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func TestLimitHTTP(t *testing.T) {
	c, id := dial(t, Options{}), name()
	m := LimitHTTP{Limiter: NewLimiter(c), Limit: GCRA{Burst: 2, Count: 1, Period: 90 * time.Second}, Key: func(r *http.Request) string { return r.Header.Get("User") }}
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello") }))
	get := func(user string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("User", user)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i, want := range []struct {
		code                        int
		remaining, reset, retryText string
	}{{200, "1", "90", ""}, {200, "0", "180", ""}, {429, "0", "180", "90"}} {
		w := get(id)
		g := w.Header()
		if w.Code != want.code || g.Get("RateLimit-Limit") != "2" || g.Get("RateLimit-Remaining") != want.remaining || g.Get("RateLimit-Reset") != want.reset || g.Get("Retry-After") != want.retryText {
			t.Errorf("request %d: %d %v", i, w.Code, g)
		}
	}
	for range 5 {
		if w := get(""); w.Code != 200 || w.Header().Get("RateLimit-Limit") != "" {
			t.Error("a request without a key was limited")
		}
	}
	c.rdb.Close()
	if w := get(id); w.Code != 200 {
		t.Error("a limiter that is down stops requests")
	}
	m.OnError = func(*http.Request, error) bool { return false }
	h = m.Handler(h)
	if w := get(id); w.Code != 503 {
		t.Error(w.Code)
	}
}

func TestBoard(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, group := t.Context(), name()
		o := BoardOptions{Meta: true, Dense: true, FirstCome: true, Ranks: Dense, ExpireAt: time.Now().Add(time.Hour)}
		week, all := NewBoard(c, group, "week", o), NewBoard(c, group, "all", o)
		for i, m := range []string{"ann", "bob", "cid", "dan"} {
			s, err := week.Submit(ctx, m, []float64{5, 9, 9, 2.5}[i], Best, strings.ToUpper(m))
			if err != nil || !s.Applied || s.Total != int64(i+1) || s.Previous != 0 {
				t.Fatalf("%+v %v", s, err)
			}
		}
		rows, err := week.Top(ctx, 10)
		want := []Row{{1, "bob", 9, "BOB"}, {1, "cid", 9, "CID"}, {2, "ann", 5, "ANN"}, {3, "dan", 2.5, "DAN"}}
		if err != nil || !slices.Equal(rows, want) {
			t.Fatal(rows, err)
		}
		if around, own, err := week.Around(ctx, "dan", 1, 1); err != nil || own != 2 || !slices.Equal(around, want[1:]) {
			t.Fatal(around, own, err)
		}
		if _, _, err := week.Around(ctx, "eve", 1, 1); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		if st, err := week.Rank(ctx, "ann"); err != nil || st != (Standing{2, 5, 4, 33.33}) {
			t.Fatal(st, err)
		}
		if _, err := week.Rank(ctx, "eve"); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		if friends, err := week.RanksOf(ctx, "dan", "eve", "bob"); err != nil || len(friends) != 2 || friends[1].Rank != 1 {
			t.Fatal(friends, err)
		}
		if rows, n, err := week.ByScore(ctx, 3, 9, 2); err != nil || n != 3 || len(rows) != 2 {
			t.Fatal(rows, n, err)
		}
		if p, err := week.Percentile(ctx, 6); err != nil || p != 50 {
			t.Fatal(p, err)
		}
		if s, err := week.ScoreAt(ctx, 50); err != nil || s != 7 {
			t.Fatal(s, err)
		}
		if applied, err := SubmitAll(ctx, []*Board{week, all}, "ann", 6, Best); err != nil || !slices.Equal(applied, []bool{true, true}) {
			t.Fatal(applied, err)
		}
		if _, err := SubmitAll(ctx, []*Board{week, NewBoard(c, name(), "x", o)}, "ann", 6, Best); err == nil {
			t.Fatal("boards of two groups")
		}
		if n, err := week.Remove(ctx, "bob", "nobody"); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if n, err := week.Trim(ctx, 2); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if n, err := week.Rollover(ctx, "week1", time.Hour); err != nil || n != 2 {
			t.Fatal(n, err)
		}
		if rows, err := NewBoard(c, group, "week1", o).Top(ctx, 10); err != nil || len(rows) != 2 || rows[1].Meta != "ANN" {
			t.Fatal(rows, err)
		}
		if _, err := week.ScoreAt(ctx, 50); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
	})
}

func TestSessions(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, user := t.Context(), name()
		s := NewSessions(c, SessionOptions{Max: 2})
		a, _, err := s.Create(ctx, user, map[string]string{"theme": "dark"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(ctx, a.Token)
		if err != nil || got.Fields["theme"] != "dark" || got.Version != 1 || got.TTL > 30*time.Minute || got.Deadline > 24*time.Hour {
			t.Fatalf("%+v %v", got, err)
		}
		for _, bad := range []string{"", ".", a.Token + "x", strings.ToUpper(a.Token), "x." + a.Token, strings.Repeat("a", 1000)} {
			if _, err := s.Get(ctx, bad); !errors.Is(err, ErrNotFound) {
				t.Fatalf("token %q: %v", bad, err)
			}
		}
		if err := s.Update(ctx, got, map[string]string{"cart": "1"}, "theme"); err != nil {
			t.Fatal(err)
		}
		if err := s.Update(ctx, a, map[string]string{"cart": "2"}); !errors.Is(err, ErrConflict) {
			t.Fatal(err)
		}
		old := got.Token
		if err := s.Rotate(ctx, got); err != nil || got.Token == old {
			t.Fatal(err)
		}
		if same, err := s.Get(ctx, old); err != nil || same.ID != got.ID || same.Token != "" || same.Fields["cart"] != "1" {
			t.Fatalf("by the old token: %+v %v", same, err)
		}
		s.PutFlash(ctx, got, "notice", "saved")
		if v, err := s.PopFlash(ctx, got, "notice"); v != "saved" || err != nil {
			t.Fatal(v, err)
		}
		if _, err := s.PopFlash(ctx, got, "notice"); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		<-time.After(2 * time.Millisecond) // sessions of one millisecond have no order of age
		b, evicted, err := s.Create(ctx, user, nil)
		if err != nil || len(evicted) != 0 {
			t.Fatal(evicted, err)
		}
		if _, evicted, err = s.Create(ctx, user, nil); err != nil || !slices.Equal(evicted, []string{got.ID}) {
			t.Fatal(evicted, err)
		}
		if list, err := s.List(ctx, user); err != nil || len(list) != 2 {
			t.Fatal(list, err)
		}
		if n, err := s.DestroyAll(ctx, user, b); err != nil || n != 1 {
			t.Fatal(n, err)
		}
		if err := s.Destroy(ctx, b); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Count(ctx, user); err != nil || n != 0 {
			t.Fatal(n, err)
		}
		if err := s.Update(ctx, b, map[string]string{"x": "y"}); !errors.Is(err, ErrNotFound) {
			t.Fatal("a session came back:", err)
		}
		reject := NewSessions(c, SessionOptions{Max: 1, Policy: Reject})
		if _, _, err := reject.Create(ctx, user, nil); err != nil {
			t.Fatal(err)
		}
		if _, _, err := reject.Create(ctx, user, nil); !errors.Is(err, ErrTaken) {
			t.Fatal(err)
		}
	})
}

func TestSessionHTTP(t *testing.T) {
	c := dial(t, Options{})
	user := name()
	h := SessionHTTP{Sessions: NewSessions(c, SessionOptions{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/read", func(w http.ResponseWriter, r *http.Request) {
		s := RequestSession(r.Context())
		fmt.Fprintf(w, "%s,%s", s.Get("user"), s.Get("cart"))
	})
	mux.HandleFunc("/cart", func(w http.ResponseWriter, r *http.Request) {
		RequestSession(r.Context()).Put("cart", r.FormValue("n"))
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		s := RequestSession(r.Context())
		s.Put("user", user)
		if err := s.Login(r.Context(), user); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("/logout", func(w http.ResponseWriter, r *http.Request) {
		s := RequestSession(r.Context())
		s.Put("late", "x")
		if err := s.Logout(r.Context()); err != nil {
			t.Error(err)
		}
	})
	srv := httptest.NewTLSServer(h.Handler(mux))
	defer srv.Close()
	browser := srv.Client()
	browser.Jar, _ = cookiejar.New(nil)
	get := func(path string) (string, *http.Cookie) {
		t.Helper()
		resp, err := browser.Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		var body strings.Builder
		buf := make([]byte, 1024)
		n, _ := resp.Body.Read(buf)
		body.Write(buf[:n])
		if list := resp.Cookies(); len(list) > 0 {
			return body.String(), list[0]
		}
		return body.String(), nil
	}
	if body, cookie := get("/read"); body != "," || cookie != nil {
		t.Fatalf("a request that only reads: %q, cookie %v", body, cookie)
	}
	_, anonymous := get("/cart?n=3")
	if anonymous == nil || anonymous.Name != "__Host-session" || !anonymous.Secure || !anonymous.HttpOnly || anonymous.SameSite != http.SameSiteLaxMode || anonymous.Path != "/" || anonymous.Domain != "" {
		t.Fatalf("cookie %v", anonymous)
	}
	if _, again := get("/cart?n=4"); again != nil {
		t.Fatal("the cookie was sent again")
	}
	_, logged := get("/login")
	if logged == nil || logged.Value == anonymous.Value {
		t.Fatal("the token is the same after the login")
	}
	if body, _ := get("/read"); body != user+",4" {
		t.Fatalf("%q", body)
	}
	if _, err := h.Sessions.Get(t.Context(), anonymous.Value); !errors.Is(err, ErrNotFound) {
		t.Fatal("the anonymous session lives on:", err)
	}
	if _, gone := get("/logout"); gone == nil || gone.MaxAge >= 0 {
		t.Fatalf("cookie %v", gone)
	}
	if _, err := h.Sessions.Get(t.Context(), logged.Value); !errors.Is(err, ErrNotFound) {
		t.Fatal("the session lives on:", err)
	}
	if body, _ := get("/read"); body != "," {
		t.Fatalf("%q", body)
	}
}

// A session that cannot be stored is an error and no half of an answer; one that is flushed early has its cookie.
func TestSessionHTTPWriter(t *testing.T) {
	c := dial(t, Options{})
	h := SessionHTTP{Sessions: NewSessions(c, SessionOptions{})}
	serve := func(f http.HandlerFunc) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.Handler(f).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		return w
	}
	w := serve(func(w http.ResponseWriter, r *http.Request) {
		RequestSession(r.Context()).Put("a", "b")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	})
	if !w.Flushed || len(w.Result().Cookies()) != 1 {
		t.Fatalf("flushed %v, cookies %v", w.Flushed, w.Result().Cookies())
	}
	w = serve(func(w http.ResponseWriter, r *http.Request) {
		RequestSession(r.Context()).Put("_reserved", "the server refuses this name")
		for range 2 {
			if _, err := fmt.Fprint(w, "done"); err == nil {
				t.Error("an answer was written")
			}
		}
	})
	if w.Code != 503 || strings.Contains(w.Body.String(), "done") {
		t.Fatalf("%d %q", w.Code, w.Body)
	}
}

func TestCache(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, key := t.Context(), name()
		// Two caches on one server are as two processes.
		caches := []*Cache[string]{NewCache[string](c, CacheOptions{}), NewCache[string](c, CacheOptions{})}
		var loads atomic.Int64
		load := func(ctx context.Context) (string, error) {
			loads.Add(1)
			<-time.After(20 * time.Millisecond) // as long as a database takes
			return "value", nil
		}
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				if v, err := caches[i%2].Get(ctx, key, load); v != "value" || err != nil {
					t.Error(v, err)
				}
			})
		}
		wg.Wait()
		if loads.Load() != 1 {
			t.Fatalf("%d loads", loads.Load())
		}
		cache := caches[0]

		// A value loaded before an invalidation is not stored after it.
		key = name()
		v, err := cache.Get(ctx, key, func(ctx context.Context) (string, error) {
			return "old", cache.Invalidate(ctx, key, false)
		})
		if v != "old" || err != nil {
			t.Fatal(v, err)
		}
		if v, err := cache.Get(ctx, key, func(context.Context) (string, error) { return "new", nil }); v != "new" || err != nil {
			t.Fatal(v, err)
		}

		// Stale is served, and loaded anew behind the back.
		if err := cache.Invalidate(ctx, key, true); err != nil {
			t.Fatal(err)
		}
		if v, err := cache.Get(ctx, key, func(context.Context) (string, error) { return "newer", nil }); v != "new" || err != nil {
			t.Fatal(v, err)
		}
		never := func(context.Context) (string, error) { return "", errors.New("loaded") }
		eventually(t, "the newer value", func() bool { v, _ := cache.Get(ctx, key, never); return v == "newer" })
		if v, refresh, err := cache.Early(ctx, key, 0); v != "newer" || refresh || err != nil {
			t.Fatal(v, refresh, err)
		}

		// That there is nothing is kept; another error is not.
		key = name()
		if _, err := cache.Get(ctx, key, never); err == nil || errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		if _, err := cache.Get(ctx, key, func(context.Context) (string, error) { return "", ErrNotFound }); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}
		if _, err := cache.Get(ctx, key, never); !errors.Is(err, ErrNotFound) {
			t.Fatal(err)
		}

		// Tags.
		group, n := name(), 0
		page := func(context.Context) (string, error) { n++; return fmt.Sprint("page", n), nil }
		for _, want := range []string{"page1", "page1"} {
			if v, err := cache.Tagged(ctx, group, "home", []string{"prices", "news"}, page); v != want || err != nil {
				t.Fatal(v, err)
			}
		}
		if err := cache.Bump(ctx, group, "news"); err != nil {
			t.Fatal(err)
		}
		if v, err := cache.Tagged(ctx, group, "home", []string{"prices", "news"}, page); v != "page2" || err != nil {
			t.Fatal(v, err)
		}

		if ok, err := cache.SetIfNewer(ctx, name(), 7, "v7"); !ok || err != nil {
			t.Fatal(ok, err)
		}
		c.rdb.Close()
		if v, err := cache.Get(ctx, key, func(context.Context) (string, error) { return "straight", nil }); v != "straight" || err != nil {
			t.Fatal("a cache that is down:", v, err)
		}
	})
}

func TestIdempotent(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, key := t.Context(), name()
		var runs atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, _, err := c.Idempotent(ctx, key, "print", time.Minute, time.Hour, func(context.Context) (string, string, error) {
					runs.Add(1)
					return "201", "made", nil
				})
				if err != nil && !errors.Is(err, ErrTaken) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		again := func(context.Context) (string, string, error) { runs.Add(1); return "", "", errors.New("no") }
		if status, body, err := c.Idempotent(ctx, key, "print", time.Minute, time.Hour, again); status != "201" || body != "made" || err != nil || runs.Load() != 1 {
			t.Fatal(status, body, err, runs.Load())
		}
		if _, _, err := c.Idempotent(ctx, key, "other", time.Minute, time.Hour, again); !errors.Is(err, ErrConflict) {
			t.Fatal(err)
		}
		key = name()
		for range 2 {
			if _, _, err := c.Idempotent(ctx, key, "print", time.Minute, time.Hour, again); err == nil || errors.Is(err, ErrTaken) {
				t.Fatal(err)
			}
		}
	})
}

func TestQueueStockCounters(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, n := t.Context(), name()
		q := NewQueue(c, n)
		for i := range 3 {
			if ok, err := q.Push(ctx, fmt.Sprint("job", i), "p", JobOptions{Priority: 2 - i, MaxTries: 1}); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		if ok, err := q.Push(ctx, "job1", "p", JobOptions{}); ok || err != nil {
			t.Fatal(ok, err)
		}
		jobs, err := q.Claim(ctx, 2, time.Minute)
		if err != nil || len(jobs) != 2 || jobs[0] != (Job{"job2", "p", 1}) {
			t.Fatal(jobs, err)
		}
		if err := q.Extend(ctx, jobs[0], time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := q.Ack(ctx, jobs[0]); err != nil {
			t.Fatal(err)
		}
		if err := q.Ack(ctx, jobs[0]); !errors.Is(err, ErrLost) {
			t.Fatal(err)
		}
		if dead, err := q.Nack(ctx, jobs[1], 0); !dead || err != nil {
			t.Fatal(dead, err)
		}

		s := NewStock(c, n)
		c.rdb.Set(ctx, "stock:{"+n+"}", 5, 0)
		if left, err := s.Reserve(ctx, "cart", 4, time.Minute); left != 1 || err != nil {
			t.Fatal(left, err)
		}
		if _, err := s.Reserve(ctx, "cart2", 2, time.Minute); !errors.Is(err, ErrTaken) {
			t.Fatal(err)
		}
		if sold, err := s.Commit(ctx, "cart"); sold != 4 || err != nil {
			t.Fatal(sold, err)
		}
		if _, err := s.Commit(ctx, "cart"); !errors.Is(err, ErrLost) {
			t.Fatal(err)
		}
		if left, err := s.Cancel(ctx, "cart"); left != 1 || err != nil {
			t.Fatal(left, err)
		}
		if left, err := s.Reap(ctx); left != 1 || err != nil {
			t.Fatal(left, err)
		}

		ids, err := c.Snowflakes(ctx, n, 5, 1000)
		if err != nil || !slices.IsSorted(ids) || ids[0]>>12&1023 != 5 || time.UnixMilli(ids[0]>>22+1577836800000).Before(time.Now().Add(-time.Hour)) {
			t.Fatal(ids[:3], err)
		}
		if first, err := c.Sequence(ctx, n, 10); first != 1 || err != nil {
			t.Fatal(first, err)
		}
		if first, err := c.Sequence(ctx, n, 10); first != 11 || err != nil {
			t.Fatal(first, err)
		}
		for i := range 2 {
			if ok, err := c.FirstTime(ctx, n, "event", time.Minute); ok != (i == 0) || err != nil {
				t.Fatal(ok, err)
			}
			if ok, _, err := c.Once(ctx, n, time.Minute); ok != (i == 0) || err != nil {
				t.Fatal(ok, err)
			}
			if ok, _, err := c.Quiet(ctx, n+"q", time.Minute); ok != (i == 0) || err != nil {
				t.Fatal(ok, err)
			}
			if v, err := c.AddBounded(ctx, n, 3, 0, 5, time.Minute); v != 3 || (err == nil) != (i == 0) {
				t.Fatal(v, err)
			}
			if v, err := c.AddDecaying(ctx, n, 1, time.Hour); v < float64(i)*0.99+1 || v > float64(i)+1 || err != nil {
				t.Fatal(v, err)
			}
		}
	})
}

func TestCacheGetMany(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, group := t.Context(), name()
		caches := []*Cache[int]{NewCache[int](c, CacheOptions{}), NewCache[int](c, CacheOptions{})}
		var asked atomic.Int64
		load := func(ctx context.Context, keys []string) (map[string]int, error) {
			asked.Add(int64(len(keys)))
			<-time.After(10 * time.Millisecond)
			out := map[string]int{}
			for _, k := range keys {
				if k != "none" {
					out[k] = len(k)
				}
			}
			return out, nil
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				got, err := caches[i%2].GetMany(ctx, group, []string{"a", "bb", "none"}, load)
				if err != nil || len(got) != 2 || got["a"] != 1 || got["bb"] != 2 {
					t.Error(got, err)
				}
			})
		}
		wg.Wait()
		if asked.Load() != 3 {
			t.Fatalf("%d keys were loaded", asked.Load())
		}
		if err := caches[0].InvalidateMany(ctx, group, "bb"); err != nil {
			t.Fatal(err)
		}
		if got, err := caches[1].GetMany(ctx, group, []string{"a", "bb", "ccc"}, load); err != nil || len(got) != 3 || asked.Load() != 5 {
			t.Fatal(got, err, asked.Load())
		}
		failed := errors.New("down")
		for range 2 { // a load that failed leaves no lease behind
			if _, err := caches[0].GetMany(ctx, group, []string{"d"}, func(context.Context, []string) (map[string]int, error) { return nil, failed }); !errors.Is(err, failed) {
				t.Fatal(err)
			}
		}
	})
}
