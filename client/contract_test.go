package client

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/scripts"
)

// contract is a hook that holds every call the typed calls make against the header of its function: how many keys and
// arguments there are, that the keys share one hash tag, that an argument is of the unit the header says.
type contract struct{ t testing.TB }

func (contract) DialHook(next redis.DialHook) redis.DialHook { return next }
func (contract) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (c contract) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if f, keys, args, ok := functionCall(cmd.Args()); ok {
			called.Store(f.Name, true)
			if err := checkCall(f.Pattern, keys, args); err != nil {
				c.t.Errorf("%s %v %v: %v", f.Name, keys, args, err)
			}
			if how := cmd.Name(); how == "fcall" && slices.Contains(f.Flags, "no-writes") {
				c.t.Errorf("%s only reads and was not called by FCALL_RO", f.Name)
			}
		}
		return next(ctx, cmd)
	}
}

// called are the names of the functions that the tests' typed calls have called.
var called sync.Map

// functionCall takes a command that calls a function of the library apart.
func functionCall(cmd []any) (f scripts.Function, keys, args []string, ok bool) {
	var words []string
	for _, a := range cmd {
		words = append(words, fmt.Sprint(a))
	}
	if len(words) < 3 {
		return f, nil, nil, false
	}
	switch strings.ToUpper(words[0]) {
	case "FCALL", "FCALL_RO":
		f, _, ok = scripts.LookupFunction(words[1])
	case "EVALSHA", "EVAL":
		for _, lib := range scripts.Libraries() {
			for _, g := range lib.Functions {
				if g.SHA1 == words[1] || g.Script == words[1] {
					f, ok = g, true
				}
			}
		}
	}
	n, err := strconv.Atoi(words[2])
	if !ok || err != nil || len(words) < 3+n {
		return f, nil, nil, false
	}
	return f, words[3 : 3+n], words[3+n:], true
}

// checkCall holds a call against a header.
func checkCall(p scripts.Pattern, keys, args []string) error {
	if err := checkCount("keys", p.Keys, keys); err != nil {
		return err
	}
	if err := checkCount("arguments", p.Args, args); err != nil {
		return err
	}
	tags := map[string]bool{}
	for _, k := range keys {
		_, rest, _ := strings.Cut(k, "{")
		tag, _, ok := strings.Cut(rest, "}")
		if !ok || tag == "" {
			return fmt.Errorf("key %q has no hash tag", k)
		}
		tags[tag] = true
	}
	if len(tags) > 1 {
		return fmt.Errorf("the keys have %d hash tags", len(tags))
	}
	for i, a := range args {
		param := p.Args[min(i, len(p.Args)-1)]
		if param.Repeated { // what repeats is of several units
			break
		}
		if !isOf(param.Unit, a) {
			return fmt.Errorf("%s is %q, not a value of (%s)", param.Name, a, param.Unit)
		}
	}
	return nil
}

func checkCount(what string, params []scripts.Param, values []string) error {
	least, most := 0, len(params)
	for _, p := range params {
		if !p.Optional {
			least++
		}
		if p.Repeated {
			most = len(values)
		}
	}
	if len(values) < least || len(values) > most {
		return fmt.Errorf("%d %s, the header has %d to %d", len(values), what, least, most)
	}
	return nil
}

func isOf(unit, value string) bool {
	switch unit {
	case "ms", "us", "s", "count", "integer":
		_, err := strconv.ParseInt(value, 10, 64)
		return err == nil
	case "number":
		_, err := strconv.ParseFloat(value, 64)
		return err == nil
	case "string":
		return true
	}
	return slices.Contains(strings.Split(unit, "|"), value)
}

// checkCoverage demands that every function of the library has a typed call and the tests make it. It returns the process's exit code.
func checkCoverage(code int) int {
	if code != 0 || flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.list").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" {
		return code
	}
	for _, lib := range scripts.Libraries() {
		for _, f := range lib.Functions {
			if _, ok := called.Load(f.Name); !ok {
				fmt.Fprintf(os.Stderr, "no typed call of %s was made\n", f.Name)
				code = 1
			}
		}
	}
	return code
}

// A call that breaks its header is refused: the checks above can fail.
func TestContractRefuses(t *testing.T) {
	p := func(name string) scripts.Pattern {
		f, _, ok := scripts.LookupFunction(name)
		if !ok {
			t.Fatal(name)
		}
		return f.Pattern
	}
	for _, x := range []struct {
		name, keys, args, err string
	}{
		{"lock_acquire", "lock:{a} lock:{a}:fence", "token 1000", ""},
		{"lock_acquire", "lock:{a}", "token 1000", ""},
		{"lock_acquire", "", "token 1000", "0 keys, the header has 1 to 2"},
		{"lock_acquire", "lock:{a}", "token", "1 arguments, the header has 2 to 2"},
		{"lock_acquire", "lock:{a} fence:{b}", "token 1000", "the keys have 2 hash tags"},
		{"lock_acquire", "lock", "token 1000", `key "lock" has no hash tag`},
		{"lock_acquire", "lock:{a}", "token 1.5", `ttl is "1.5", not a value of (ms)`},
		{"rwlock_extend", "r:{a} w:{a} q:{a}", "id 10 both", `mode is "both", not a value of (read|write)`},
		{"lb_ranks_for", "lb:{a}", "- desc ordinal ann bob cid", ""},
	} {
		got := ""
		if err := checkCall(p(x.name), strings.Fields(x.keys), strings.Fields(x.args)); err != nil {
			got = err.Error()
		}
		if got != x.err {
			t.Errorf("%s %s | %s: %q, want %q", x.name, x.keys, x.args, got, x.err)
		}
	}
}

func TestLatchAndBarrier(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, l := t.Context(), NewLatch(c, name())
		if _, err := l.Down(ctx, "early"); err != ErrNotFound {
			t.Fatal(err)
		}
		if err := l.Wait(ctx); err != ErrNotFound {
			t.Fatal(err)
		}
		for i := range 2 {
			if made, err := l.Init(ctx, 2, time.Minute); made != (i == 0) || err != nil {
				t.Fatal(made, err)
			}
			if left, err := l.Down(ctx, "a"); left != 1 || err != nil {
				t.Fatal(left, err)
			}
		}
		short, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
		defer cancel()
		if err := l.Wait(short); err == nil {
			t.Fatal("the latch is not open")
		}
		waited := make(chan error)
		go func() { waited <- l.Wait(ctx) }()
		if left, err := l.Down(ctx, "b"); left != 0 || err != nil {
			t.Fatal(left, err)
		}
		if err := <-waited; err != nil {
			t.Fatal(err)
		}

		b := NewBarrier(c, name(), 3, time.Minute)
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() {
				if err := b.Await(ctx, fmt.Sprint("node", i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestWriteBehind(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, w := t.Context(), NewWriteBehind(c, name(), 0)
		for i := range 5 {
			if v, err := w.Put(ctx, fmt.Sprint("id", i%2), fmt.Sprint("v", i)); v != int64(i+1) || err != nil {
				t.Fatal(v, err)
			}
		}
		list, err := w.Take(ctx, 1, time.Minute)
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if _, err := w.Put(ctx, list[0].ID, "newer"); err != nil {
			t.Fatal(err)
		}
		if err := w.Ack(ctx, list[0]); err != ErrConflict {
			t.Fatal(err)
		}
		written := map[string]string{}
		n, err := w.Drain(ctx, 10, time.Minute, func(_ context.Context, d Dirty) error { written[d.ID] = d.Value; return nil })
		if err != nil || n != 2 || written[list[0].ID] != "newer" {
			t.Fatal(n, written, err)
		}
		if err := w.Ack(ctx, list[0]); err != ErrNotFound {
			t.Fatal(err)
		}
		w.Put(ctx, "id", "v")
		if n, err := w.Drain(ctx, 10, time.Millisecond, func(context.Context, Dirty) error { return errInjected }); n != 0 || err != errInjected {
			t.Fatal(n, err)
		}
	})
}

func TestHotItemsAndBloom(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, h := t.Context(), NewHotItems(c, name(), 10, time.Minute)
		for i := range 100 {
			item := fmt.Sprint("cold", i)
			if i%2 == 0 {
				item = "hot"
			}
			if _, err := h.Hit(ctx, item, 1); err != nil {
				t.Fatal(err)
			}
		}
		top, err := h.Top(ctx, 3)
		if err != nil || len(top) != 3 || top[0].Item != "hot" || top[0].Count-top[0].Error > 50 || top[0].Count < 50 {
			t.Fatal(top, err)
		}
		if it, err := h.Hit(ctx, "never", 0); it != (HotItem{Item: "never"}) || err != nil {
			t.Fatal(it, err)
		}

		b := NewBloom(c, name(), BloomOptions{Capacity: 1000, TTL: time.Minute})
		if fresh, err := b.Add(ctx, "a", "b", "a"); err != nil || !slices.Equal(fresh, []bool{true, true, false}) {
			t.Fatal(fresh, err)
		}
		if known, err := b.Known(ctx, "b", "c", "a"); err != nil || !slices.Equal(known, []bool{true, false, true}) {
			t.Fatal(known, err)
		}
	})
}

// What the other tests do not call: concurrency, touching a session, merging boards, versions and counts of a cache.
func TestFurtherCalls(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, id, l := t.Context(), name(), NewLimiter(c)
		for i, call := range []string{"one", "two", "two", "three"} {
			if res, err := l.Enter(ctx, id, call, 2, time.Minute); res.Allowed != (i < 3) || err != nil {
				t.Fatal(call, res, err)
			}
		}
		if err := l.Leave(ctx, id, "one"); err != nil {
			t.Fatal(err)
		}
		if err := l.Leave(ctx, id, "one"); err != ErrLost {
			t.Fatal(err)
		}
		bucket := TokenBucket{Capacity: 10, Refill: 1, Interval: time.Hour}
		if _, err := l.Reserve(ctx, id, bucket, "op", 4, time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := l.Cancel(ctx, id, bucket, "op"); err != nil {
			t.Fatal(err)
		}

		s := NewSessions(c, SessionOptions{})
		sess, _, err := s.Create(ctx, id, nil)
		if err != nil {
			t.Fatal(err)
		}
		if ttl, err := s.Touch(ctx, sess.Token, time.Hour); err != nil || ttl != time.Hour {
			t.Fatal(ttl, err)
		}
		if err := s.Destroy(ctx, sess); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Touch(ctx, sess.Token, 0); err != ErrNotFound {
			t.Fatal(err)
		}

		o := BoardOptions{FirstCome: true}
		day, night, both := NewBoard(c, id, "day", o), NewBoard(c, id, "night", o), NewBoard(c, id, "both", o)
		for i, b := range []*Board{day, night, night} {
			if _, err := b.Submit(ctx, []string{"ann", "ann", "bob"}[i], float64(i+1), Set, ""); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := both.MergeFrom(ctx, Sum, []float64{10, 1}, day, night); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		if rows, err := both.Top(ctx, 5); err != nil || len(rows) != 2 || rows[0].Member != "ann" || rows[0].Score != 12 {
			t.Fatal(rows, err)
		}
		if rows, n, err := both.Page(ctx, 1, 5); err != nil || n != 2 || len(rows) != 1 || rows[0].Member != "bob" {
			t.Fatal(rows, n, err)
		}
		if _, err := both.MergeFrom(ctx, Sum, nil, NewBoard(c, name(), "x", o)); err == nil {
			t.Fatal("boards of two groups")
		}

		cache := NewCache[string](c, CacheOptions{Group: id, Sample: 1})
		if _, _, err := cache.Read(ctx, "k"); err != ErrNotFound {
			t.Fatal(err)
		}
		version, err := cache.CompareAndSet(ctx, "k", 0, "one")
		if err != nil {
			t.Fatal(err)
		}
		if present, err := cache.CompareAndSet(ctx, "k", 0, "two"); err != ErrConflict || present != version {
			t.Fatal(present, err)
		}
		if v, got, err := cache.Read(ctx, "k"); v != "one" || got != version || err != nil {
			t.Fatal(v, got, err)
		}
		for range 3 {
			if v, err := cache.Get(ctx, "k", nil); v != "one" || err != nil {
				t.Fatal(v, err)
			}
		}
		cache.Get(ctx, "none", func(context.Context) (string, error) { return "", ErrNotFound })
		cache.Get(ctx, "none", nil)
		if n, err := cache.Stats(ctx); err != nil || n != (CacheStats{Hit: 3, Miss: 1, Negative: 1}) {
			t.Fatalf("%+v %v", n, err)
		}
		if _, err := NewCache[string](c, CacheOptions{}).Stats(ctx); err == nil {
			t.Fatal("counts of a cache that does not count")
		}
	})
}
