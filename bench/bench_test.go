// Tests of the generator: its encoder, its reply counter, both of its drivers against a small server, and every workload
// against a real redis-server.
package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/tidwall/resp"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/redistest"
)

func TestTemplate(t *testing.T) {
	tmpl := newTemplate([]arg{text("SET"), {"k:", inOrder, 0, ""}, text("v"), {"", random, 10, ""}}, 3)
	b := append([]byte(nil), tmpl.bytes...)
	var counter atomic.Int64
	counter.Store(998)
	src := numbers{rng: rand.New(rand.NewPCG(1, 2)), counter: &counter}
	tmpl.fill(b, 3, &src)
	tmpl.fill(b, 2, &src) // a short batch leaves no digits of the long one behind
	r := resp.NewReader(bytes.NewReader(tmpl.batch(b, 2)))
	for i := range 2 {
		v, _, err := r.ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		a := v.Array()
		if len(a) != 4 || a[0].String() != "SET" || a[1].String() != fmt.Sprintf("k:%012d", 1001+i) || a[2].String() != "v" || a[3].Integer() > 9 || len(a[3].String()) != digits {
			t.Fatalf("request %d: %v", i, a)
		}
	}
	if _, _, err := r.ReadValue(); err == nil {
		t.Fatal("a batch of 2 has more than 2 requests")
	}
	if n := testing.AllocsPerRun(100, func() { tmpl.fill(b, 3, &src) }); n != 0 {
		t.Fatalf("%v allocations a batch", n)
	}
}

const replies = "+OK\r\n:12\r\n$-1\r\n$0\r\n\r\n$5\r\na\r\nbc\r\n*-1\r\n*0\r\n*2\r\n*2\r\n:1\r\n$1\r\nx\r\n-ERR in\r\n-ERR one two\r\n*1\r\n*0\r\n-ERR two\r\n+\r\n"
const replyCount = 12

func TestSkipper(t *testing.T) {
	// Cut into pieces of every size, as reads may.
	for size := 1; size <= len(replies); size++ {
		var s skipper
		var kept []byte
		total := 0
		for rest := []byte(replies); len(rest) > 0; {
			n := min(size, len(rest))
			kept = append(kept, rest[:n]...)
			rest = rest[n:]
			used, n, err := s.feed(kept)
			if err != nil {
				t.Fatal(err)
			}
			total += n
			kept = kept[used:]
		}
		if total != replyCount || len(kept) != 0 || s.errors != 2 || s.first != "ERR one two" {
			t.Fatalf("pieces of %d: %d replies, %q left, %d errors, first %q", size, total, kept, s.errors, s.first)
		}
	}
	for _, bad := range []string{"x\r\n", "\r\n", "+OK\n", "$x\r\n", "$-2\r\n", "*\r\n", "$99999999999\r\n", "%1\r\n"} {
		if _, _, err := new(skipper).feed([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	ok := []byte("$5\r\nhello\r\n*2\r\n:1\r\n:2\r\n")
	var s skipper
	if n := testing.AllocsPerRun(100, func() { s.feed(ok) }); n != 0 {
		t.Fatalf("%v allocations a read", n)
	}
}

func FuzzSkipper(f *testing.F) {
	f.Add([]byte(replies), 7)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		var whole, parts skipper
		_, want, wantErr := whole.feed(b)
		if len(b) > 0 {
			cut = (cut%len(b) + len(b)) % len(b)
		} else {
			cut = 0
		}
		used, got, err := parts.feed(b[:cut])
		if err == nil {
			var n int
			_, n, err = parts.feed(b[used:])
			got += n
		}
		if got != want || (err == nil) != (wantErr == nil) || whole.values != parts.values {
			t.Fatalf("%q cut at %d: %d replies and %v, in one piece %d and %v", b, cut, got, err, want, wantErr)
		}
	})
}

// serve answers each request of each connection with what reply returns for it; "" closes the connection, "stall" never
// answers. It ends with the test.
func serve(t *testing.T, reply func(n int, cmd []resp.Value) string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	quit := make(chan struct{})
	t.Cleanup(func() { close(quit); ln.Close() })
	var count atomic.Int64
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				r, w := resp.NewReader(in), bufio.NewWriter(conn)
				for {
					v, _, err := r.ReadValue()
					if err != nil {
						return
					}
					s := reply(int(count.Add(1)), v.Array())
					if s == "" {
						return
					}
					if s == "stall" {
						<-quit
						return
					}
					io.WriteString(w, s)
					if in.Buffered() == 0 {
						w.Flush()
					}
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// drivers are the two ways to run a round: the platform's own and the portable one.
var drivers = map[string]func(*driver, context.Context) error{"own": (*driver).run, "goroutines": (*driver).runGoroutines}

func newDriver(addr string, requests, clients, pipeline int) *driver {
	return &driver{addr: addr, requests: requests, clients: clients, timeout: 10 * time.Second, seed: 1,
		tmpl: newTemplate([]arg{text("ECHO"), {"", inOrder, 0, ""}}, pipeline), hist: hdrhistogram.New(1, int64(time.Hour), 3)}
}

func TestDriver(t *testing.T) {
	for name, run := range drivers {
		for _, tt := range []struct{ requests, clients, pipeline int }{{1, 1, 1}, {1, 50, 16}, {1000, 50, 1}, {1003, 7, 16}, {5000, 3, 1000}} {
			t.Run(fmt.Sprintf("%s/%v", name, tt), func(t *testing.T) {
				seen := make([]atomic.Int32, tt.requests)
				addr := serve(t, func(_ int, cmd []resp.Value) string {
					seen[cmd[1].Integer()].Add(1)
					return "*2\r\n+x\r\n$12\r\n" + cmd[1].String() + "\r\n"
				})
				d := newDriver(addr, tt.requests, tt.clients, tt.pipeline)
				if err := run(d, context.Background()); err != nil {
					t.Fatal(err)
				}
				for i := range seen {
					if n := seen[i].Load(); n != 1 {
						t.Fatalf("request %d was sent %d times", i, n)
					}
				}
				if d.hist.TotalCount() != int64(tt.requests) || d.done.Load() != int64(tt.requests) || d.elapsed <= 0 {
					t.Fatalf("%d latencies, %d done in %v", d.hist.TotalCount(), d.done.Load(), d.elapsed)
				}
			})
		}
	}
}

func TestDriverLargeBatch(t *testing.T) {
	// More than the sockets' buffers hold, both ways at once: neither side may wait for the other for ever.
	big := strings.Repeat("x", 40_000)
	for name, run := range drivers {
		t.Run(name, func(t *testing.T) {
			addr := serve(t, func(_ int, cmd []resp.Value) string { return "$40000\r\n" + big + "\r\n" })
			d := newDriver(addr, 2000, 2, 500)
			d.tmpl = newTemplate([]arg{text("ECHO"), text(big)}, 500)
			if err := run(d, context.Background()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestDriverFailures(t *testing.T) {
	tests := []struct {
		name  string
		reply func(n int, cmd []resp.Value) string
		want  string
	}{
		{"errors", func(n int, _ []resp.Value) string {
			if n%10 == 0 {
				return "-ERR tenth\r\n"
			}
			return "+OK\r\n"
		}, "10 of 100 replies are errors, the first: ERR tenth"},
		{"closed", func(n int, _ []resp.Value) string { return strings.Repeat("+OK\r\n", min(1, max(0, 50-n))) }, ""},
		{"too many", func(int, []resp.Value) string { return "+OK\r\n+OK\r\n" }, "more replies than requests"},
		{"not RESP", func(int, []resp.Value) string { return "HTTP/1.1 400 Bad Request\r\n" }, "unknown type 'H'"},
		{"long line", func(int, []resp.Value) string { return "+" + strings.Repeat("x", readBuffer) }, "line of more than"},
		{"stalled", func(int, []resp.Value) string { return "stall" }, errStalled.Error()},
	}
	for name, run := range drivers {
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				d := newDriver(serve(t, tt.reply), 100, 5, 1)
				if tt.name == "stalled" {
					d.timeout = 150 * time.Millisecond
				}
				if err := run(d, context.Background()); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("got %v, want %q", err, tt.want)
				}
			})
		}
		t.Run(name+"/cancelled", func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			d := newDriver(serve(t, func(int, []resp.Value) string { cancel(); return "stall" }), 100, 5, 1)
			if err := run(d, ctx); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestOptions(t *testing.T) {
	for _, tt := range []struct {
		o    Options
		want string
	}{
		{Options{}, "0 servers"},
		{Options{Addrs: []string{"a", "b", "c"}}, "3 servers"},
		{Options{Addrs: []string{"a"}, Clients: -1}, "clients is -1, want 1 to 10000"},
		{Options{Addrs: []string{"a"}, Pipeline: 20000}, "pipeline is 20000"},
		{Options{Addrs: []string{"a"}, Workloads: []string{"gte"}}, `no workload "gte", there are: lock_release, sliding_window,`},
	} {
		if _, err := Run(context.Background(), tt.o); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %q", tt.o, err, tt.want)
		}
	}
	o := Options{Addrs: []string{"a", "b"}}
	if err := o.EnsureDefaults(); err != nil || o.Rounds != 5 || o.Clients != 50 || o.Requests != 100000 {
		t.Errorf("defaults: %+v, %v", o, err)
	}
}

func TestSummarise(t *testing.T) {
	r := &Report{Addrs: []string{"a", "b"}}
	for round, rates := range [][2]float64{{10, 5}, {40, 8}, {20, 4}} {
		for server, rate := range rates {
			r.Results = append(r.Results, Result{Workload: "get", Server: server, Round: round + 1, Stats: Stats{PerSecond: rate, P50: 1000 / rate}})
		}
	}
	r.summarise()
	s := r.Summary[0]
	if len(r.Summary) != 1 || s.Servers[0].PerSecond != 20 || s.Servers[1].PerSecond != 5 || s.Ratio.PerSecond != 4 || s.Ratio.P50 != 0.25 {
		t.Fatalf("got %+v, ratio %+v", r.Summary, s.Ratio)
	}
	if m := medians([]Stats{{P50: 1}, {P50: 4}}); m.P50 != 2.5 {
		t.Fatalf("median of two: %v", m.P50)
	}
	var text, js bytes.Buffer
	if err := r.WriteText(&text); err != nil || !strings.Contains(text.String(), "4.00x") {
		t.Fatalf("%v\n%s", err, &text)
	}
	var back Report
	if err := errors.Join(r.WriteJSON(&js), json.Unmarshal(js.Bytes(), &back)); err != nil || back.Summary[0].Ratio.PerSecond != 4 {
		t.Fatalf("%v\n%s", err, &js)
	}
}

// TestWorkloads runs every workload on a real server, twice in turn, and checks that each did what it says.
func TestWorkloads(t *testing.T) {
	addr := redistest.Start(t)
	other := redistest.Start(t)
	var steps atomic.Int64
	report, err := Run(context.Background(), Options{Addrs: []string{addr, other}, Workloads: []string{"all"}, Rounds: 2, Warmup: true,
		Requests: 2000, Keyspace: 500, Clients: 5, Pipeline: 4, Progress: func(string, int, int) { steps.Add(1) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Results) != 2*2*len(Names()) || len(report.Summary) != len(Names()) {
		t.Fatalf("%d results, %d summaries", len(report.Results), len(report.Summary))
	}
	for _, s := range report.Summary {
		for _, st := range s.Servers {
			if st.PerSecond <= 0 || st.P50 <= 0 || st.P99 < st.P50 || st.P999 < st.P99 || st.Max < st.P999 {
				t.Errorf("%s: %+v", s.Workload, st)
			}
		}
	}
	if steps.Load() == 0 {
		t.Error("no progress was reported")
	}
	c, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for want, cmd := range map[string][]string{
		"0": {"EXISTS", "bench:lock:" + number(0), "bench:lock:" + number(1999)}, // every lock was released
		// Each of the 10 limiters was called about 200 times and admitted 100.
		"100": {"ZCARD", limiters + number(3)},
		"500": {"ZCARD", "bench:board"},
		"10":  {"HLEN", "bench:hash:" + number(0)},
		"xxx": {"GET", "bench:str:" + number(499)},
	} {
		if v, err := c.Do(cmd...); err != nil || v.String() != want {
			t.Errorf("%v: %v, %v, want %s", cmd, v, err, want)
		}
	}
}
