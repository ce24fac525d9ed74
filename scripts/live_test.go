// Tests of single functions as scripts against a real redis-server; skipped, with the reason, where there is none.
package scripts_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/resp"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/redistest"
	"github.com/evald/evald/scripts"
)

func dial(t testing.TB, addr string) *respclient.Client {
	t.Helper()
	c, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func do(t testing.TB, c *respclient.Client, args ...string) resp.Value {
	t.Helper()
	v, err := c.Do(args...)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return v
}

// want runs a command and compares its reply as Go prints it: "1", "[1 2 x]".
func want(t testing.TB, c *respclient.Client, want string, args ...string) {
	t.Helper()
	v, err := c.Do(args...)
	if got := v.String(); got != want || err != nil && err.Error() != want {
		t.Fatalf("%q: got %q, %v, want %q", args, got, err, want)
	}
}

// script loads the source of one function and returns its SHA1.
func script(t testing.TB, c *respclient.Client, name string) string {
	t.Helper()
	f, _, ok := scripts.LookupFunction(name)
	if !ok {
		t.Fatalf("no function %s", name)
	}
	sha := do(t, c, "SCRIPT", "LOAD", f.Script).String()
	if sha != f.SHA1 {
		t.Fatalf("%s: the server says %s, SHA1 is %s", name, sha, f.SHA1)
	}
	return sha
}

func TestLockRelease(t *testing.T) {
	c := dial(t, redistest.Start(t))
	sha := script(t, c, "lock_release")
	want(t, c, "-1", "EVALSHA", sha, "1", "k", "me")
	want(t, c, "OK", "SET", "k", "me", "NX", "PX", "60000")
	want(t, c, "0", "EVALSHA", sha, "1", "k", "you")
	want(t, c, "me", "GET", "k")
	want(t, c, "1", "EVALSHA", sha, "1", "k", "me")
	want(t, c, "0", "EXISTS", "k")
	want(t, c, "-1", "EVALSHA", sha, "1", "k", "me")

	want(t, c, "BADARG token must not be empty", "EVALSHA", sha, "1", "k")
	want(t, c, "BADARG keys: lock [channel]", "EVALSHA", sha, "0", "me")
	want(t, c, "BADARG token must not be empty", "EVALSHA", sha, "1", "k", "")
	do(t, c, "RPUSH", "list", "me")
	if _, err := c.Do("EVALSHA", sha, "1", "list", "me"); err == nil || !strings.HasPrefix(err.Error(), "WRONGTYPE ") {
		t.Fatalf("a list as lock: %v", err)
	}
	// Releasing frees memory, so it works when there is none left.
	do(t, c, "SET", "k", "me")
	do(t, c, "CONFIG", "SET", "maxmemory", "1")
	want(t, c, "1", "EVALSHA", sha, "1", "k", "me")
	do(t, c, "CONFIG", "SET", "maxmemory", "0")
}

func TestLockReleaseRace(t *testing.T) {
	addr := redistest.Start(t)
	c := dial(t, addr)
	sha := script(t, c, "lock_release")
	do(t, c, "SET", "k", "me")
	var wg sync.WaitGroup
	released := make(chan string, 50)
	for range cap(released) {
		other := dial(t, addr)
		wg.Go(func() {
			v, err := other.Do("EVALSHA", sha, "1", "k", "me")
			if err != nil {
				t.Error(err)
			}
			released <- v.String()
		})
	}
	wg.Wait()
	close(released)
	count := map[string]int{}
	for r := range released {
		count[r]++
	}
	if count["1"] != 1 || count["-1"] != 49 {
		t.Fatalf("one of 50 releases succeeds, got %v", count)
	}
}

func TestPage(t *testing.T) {
	c := dial(t, redistest.Start(t))
	sha := script(t, c, "lb_page")
	page := func(args ...string) []string { return append([]string{"EVALSHA", sha, "1"}, args...) }
	want(t, c, "[0]", page("none", "-", "desc", "ordinal", "0", "10")...)
	do(t, c, "ZADD", "b", "1.5", "a", "3", "b", "3", "c", "-inf", "d", "0", "e")
	want(t, c, "[5 1 c 3 2 b 3]", page("b", "-", "desc", "ordinal", "0", "2")...)
	want(t, c, "[5 1 d -inf 2 e 0]", page("b", "-", "asc", "ordinal", "0", "2")...)
	want(t, c, "[5 4 e 0 5 d -inf]", page("b", "-", "desc", "ordinal", "3", "1000")...)
	want(t, c, "[5]", page("b", "-", "desc", "ordinal", "5", "10")...)
	want(t, c, "[5 1 c 3 1 b 3]", page("b", "-", "desc", "competition", "0", "2")...)
	want(t, c, "[5 1 b 3 3 a 1.5]", page("b", "-", "desc", "competition", "1", "2")...)
	want(t, c, "[5 1 c 3 2 b 3]", "EVALSHA_RO", sha, "1", "b", "-", "desc", "ordinal", "000000000000", "2")

	const offset, count = "BADARG offset must be a whole number from 0", "BADARG count must be a whole number from 1 to 1000"
	want(t, c, "BADARG keys: board and its parts", "EVALSHA", sha, "0", "-", "desc", "ordinal", "0", "1")
	for _, bad := range []string{"-1", "1.5", "x", "", "nan", "9007199254740992", "inf"} {
		want(t, c, offset, page("b", "-", "desc", "ordinal", bad, "1")...)
	}
	for _, bad := range []string{"0", "-1", "1.5", "x", "1001", "nan"} {
		want(t, c, count, page("b", "-", "desc", "ordinal", "0", bad)...)
	}
	want(t, c, offset, page("b", "-", "desc", "ordinal")...)
	want(t, c, count, page("b", "-", "desc", "ordinal", "0")...)
	want(t, c, "BADARG order must be desc or asc", page("b", "-", "up", "ordinal", "0", "1")...)
	want(t, c, "BADARG mode must be ordinal, competition or dense", page("b", "-", "desc", "x", "0", "1")...)
}

func TestSlidingLogArguments(t *testing.T) {
	c := dial(t, redistest.Start(t))
	sha := script(t, c, "rl_sliding_log")
	for _, bad := range []string{"0", "-1", "10001", "1.5", "x", "", "nan", "inf"} {
		want(t, c, "BADARG limit must be a whole number from 1 to 10000", "EVALSHA", sha, "1", "k", bad, "1000", "1")
	}
	for _, bad := range []string{"0", "-1", "0.5", "x", "nan", "1e300"} {
		want(t, c, "BADARG window must be a whole number of milliseconds from 1 to 315360000000", "EVALSHA", sha, "1", "k", "10", bad, "1")
	}
	for _, bad := range []string{"-1", "0.5", "x", "nan", "inf", "1001"} {
		want(t, c, "BADARG cost must be a whole number from 0 to 1000", "EVALSHA", sha, "1", "k", "10", "1000", bad)
	}
	want(t, c, "BADARG keys: log [receipt]", "EVALSHA", sha, "0", "10", "1000", "1")
	want(t, c, "0", "EXISTS", "k")
}

func TestSlidingLog(t *testing.T) {
	c := dial(t, redistest.Start(t))
	sha := script(t, c, "rl_sliding_log")
	call := func(key, limit, window, cost string) []int {
		t.Helper()
		var got []int
		for _, v := range do(t, c, "EVALSHA", sha, "1", key, limit, window, cost).Array() {
			got = append(got, v.Integer())
		}
		if len(got) != 5 {
			t.Fatalf("got %v, want five numbers", got)
		}
		return got
	}
	check := func(got []int, want ...int) {
		t.Helper()
		if fmt.Sprint(got[:len(want)]) != fmt.Sprint(want) {
			t.Fatalf("got %v, want it to start with %v", got, want)
		}
	}
	check(call("k", "3", "60000", "0"), 0, 3, 3, -1, 0) // looking creates nothing
	want(t, c, "0", "EXISTS", "k")
	check(call("k", "3", "60000", "2"), 0, 3, 1, -1)
	check(call("k", "3", "60000", "1"), 0, 3, 0, -1)
	if ttl := do(t, c, "PTTL", "k").Integer(); ttl < 50000 || ttl > 60002 {
		t.Fatalf("TTL of the log: %d ms", ttl)
	}
	before := do(t, c, "DUMP", "k").String()
	denied := call("k", "3", "60000", "1")
	check(denied, 1, 3, 0)
	if retry, reset := denied[3], denied[4]; retry < 50000 || retry > 60000 || reset < retry || reset > 60001 {
		t.Fatalf("retry after %d, reset after %d ms", retry, reset)
	}
	check(call("k", "3", "60000", "4"), 1, 3, 0, -1) // can never fit
	check(call("k", "2", "60000", "1"), 1, 2, 0)     // limit lowered
	if do(t, c, "DUMP", "k").String() != before {
		t.Fatal("a denied call changed the log")
	}
	check(call("all", "1000", "60000", "1000"), 0, 1000, 0, -1) // cost = limit fits, in several ZADDs
	want(t, c, "1000", "ZCARD", "all")
	check(call("none", "5", "1000", "6"), 1, 5, 5, -1, 0)
	want(t, c, "0", "EXISTS", "none")
}

// window is a model of the limiter: the times of the admitted calls.
type window []int64

// live counts the entries that have not left the window at time now (all in microseconds).
func (w window) live(now, length int64) (n int, newest int64) {
	for _, at := range w {
		if at > now-length {
			n++
		}
		newest = max(newest, at)
	}
	return n, newest
}

// call is the rule itself: admit if the calls of the last window and this one fit.
func (w *window) call(now, length int64, limit, cost int) [5]int64 {
	n, newest := w.live(now, length)
	ms := func(at int64) int64 { return (at + length - now + 999) / 1000 }
	if n+cost > limit {
		retry, reset := int64(-1), int64(0)
		if cost <= limit {
			// Searched, not computed: the first millisecond at which the same call fits.
			for retry = 1; ; retry++ {
				if n, _ := w.live(now+retry*1000, length); n+cost <= limit {
					break
				}
			}
		}
		if n > 0 {
			reset = ms(newest)
		}
		return [5]int64{1, int64(limit), int64(max(0, limit-n)), retry, reset}
	}
	if cost > 0 { // forgotten for good, even if the clock is then set back
		*w = slices.DeleteFunc(*w, func(at int64) bool { return at <= now-length })
	}
	for at, i := max(now, newest+1), 0; i < cost; i++ {
		*w, newest = append(*w, at+int64(i)), at+int64(i)
	}
	reset := int64(0)
	if n+cost > 0 {
		reset = ms(newest)
	}
	return [5]int64{0, int64(limit), int64(limit - n - cost), -1, reset}
}

// TestSlidingLogModel runs the script on a clock of its own, TIME replaced by two more arguments, against the model:
// crowds in one microsecond, a clock set back, costs above the limit, calls on the very edge of the window.
func TestSlidingLogModel(t *testing.T) {
	c := dial(t, redistest.Start(t))
	f, _, _ := scripts.LookupFunction("rl_sliding_log")
	source := strings.ReplaceAll(f.Script, "redis.call('TIME')", "{ARGV[4], ARGV[5]}")
	if source == f.Script {
		t.Fatal("the script does not read the clock as this test expects")
	}
	sha := do(t, c, "SCRIPT", "LOAD", source).String()
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		limit := 1 + rng.IntN(6)
		// Long enough in real time that the key does not expire while the test's clock runs.
		const length = 200_000 * 1000
		now := int64(1_700_000_000_000_000) + rng.Int64N(1_000_000)
		key := "k" + strconv.FormatUint(seed, 10)
		var model window
		var retry int64
		for step := range 200 {
			switch rng.IntN(6) {
			case 0: // same microsecond
			case 1:
				now += rng.Int64N(3)
			case 2:
				now += rng.Int64N(length / 2)
			case 3: // exactly when the last denied call may come back, or one millisecond early
				now += max(0, retry-rng.Int64N(2)) * 1000
			case 4:
				if n, newest := model.live(now, length); n > 0 { // on the edge: the newest leaves the window now
					now = max(now, newest+length-rng.Int64N(2))
				}
			case 5:
				now -= rng.Int64N(2000) // the clock was set back
			}
			cost := rng.IntN(limit + 2)
			before := do(t, c, "DUMP", key).String()
			want := model.call(now, length, limit, cost)
			reply := do(t, c, "EVALSHA", sha, "1", key, strconv.Itoa(limit), strconv.Itoa(length/1000), strconv.Itoa(cost),
				strconv.FormatInt(now/1_000_000, 10), strconv.FormatInt(now%1_000_000, 10))
			var got [5]int64
			for i, v := range reply.Array() {
				got[i] = int64(v.Integer())
			}
			if got != want {
				t.Fatalf("seed %d step %d: limit %d cost %d at %d: got %v, want %v", seed, step, limit, cost, now, got, want)
			}
			if after := do(t, c, "DUMP", key).String(); (got[0] == 1 || cost == 0) && after != before {
				t.Fatalf("seed %d step %d: a call that admits nothing changed the log", seed, step)
			}
			retry = got[3]
		}
		n, _ := model.live(now, length)
		if card := do(t, c, "ZCARD", key).Integer(); card < n || card > limit+n {
			t.Fatalf("seed %d: the log holds %d entries, %d are live", seed, card, n)
		}
		if ttl := do(t, c, "PTTL", key).Integer(); ttl < 1 {
			t.Fatalf("seed %d: the log has no TTL", seed)
		}
	}
}
