// Tests of the workloads of the pattern library: every function has one, each does what it says, and leaves nothing behind.
package bench

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/redistest"
	"github.com/evald/evald/scripts"
)

func TestPatternsAreAll(t *testing.T) {
	measured := map[string]bool{}
	for _, p := range patterns() {
		function, _, _ := strings.Cut(p.name, " ")
		measured[function] = true
		f, _, ok := scripts.LookupFunction(function)
		if !ok {
			t.Errorf("%s is no function of the library", function)
			continue
		}
		keys, args, _ := strings.Cut(p.call, "|")
		for what, counted := range map[string]struct {
			n      int
			params []scripts.Param
		}{"keys": {len(strings.Fields(keys)), f.Keys}, "arguments": {len(strings.Fields(args)), f.Args}} {
			least := 0
			for _, param := range counted.params {
				if !param.Optional {
					least++
				}
			}
			if repeated := len(counted.params) > 0 && counted.params[len(counted.params)-1].Repeated; counted.n < least || counted.n > len(counted.params) && !repeated {
				t.Errorf("%s: %d %s", p.name, counted.n, what)
			}
		}
	}
	for _, lib := range scripts.Libraries() {
		for _, f := range lib.Functions {
			if !measured[f.Name] {
				t.Errorf("%s is not measured", f.Name)
			}
		}
	}
}

func TestPatterns(t *testing.T) {
	addr := redistest.Start(t)
	for _, tt := range []struct {
		o    Options
		rows int
	}{
		{Options{Addrs: []string{addr}, Patterns: []string{"all"}}, len(patterns())},
		{Options{Addrs: []string{addr, addr}, Patterns: []string{"ratelimit"}, EvalSHA: true}, len(ratelimitCalls())},
	} {
		tt.o.Rounds, tt.o.Requests, tt.o.Keyspace, tt.o.Clients, tt.o.Pipeline = 1, 400, 200, 2, 8
		report, err := Run(context.Background(), tt.o)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Summary) != tt.rows {
			t.Fatalf("%d rows, want %d", len(report.Summary), tt.rows)
		}
		for _, s := range report.Summary {
			for _, st := range s.Servers {
				if st.ServerTime <= 0 || st.PerSecond <= 0 {
					t.Errorf("%s: %+v", s.Workload, st)
				}
			}
		}
		var text bytes.Buffer
		if err := report.WriteText(&text); err != nil || !strings.Contains(text.String(), "| rl_gcra | ") ||
			(report.Speedup != nil) != strings.Contains(text.String(), "| geometric mean |") {
			t.Fatalf("%v\n%s", err, &text)
		}
	}
	c, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if v, err := c.Do("KEYS", "bench:*"); err != nil || len(v.Array()) != 0 {
		t.Errorf("left behind: %v, %v", v, err)
	}
}

// What a call meets is what its row claims: locks are there to release, half of a limiter's calls are admitted, jobs are there to
// claim, sessions over the cap are ended.
func TestPatternsMeetTheirState(t *testing.T) {
	addr := redistest.Start(t)
	c, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	o := Options{Addrs: []string{addr}, Patterns: []string{"all"}, Requests: 400, Keyspace: 200, Clients: 1}
	if err := o.EnsureDefaults(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		pattern string
		command []string // asked after the round, before it is cleaned up
		reply   string
	}{
		{"lock_release", []string{"EXISTS", "bench:{" + number(0) + "}:l", "bench:{" + number(399) + "}:l"}, "0"},
		{"lock_extend", []string{"EVAL", "return redis.call('PTTL', KEYS[1]) > 60000 and 1 or 0", "1", "bench:{" + number(7) + "}:l"}, "1"},
		{"rl_fixed", []string{"HGET", "bench:{" + number(0) + "}:l", "count"}, "100"},
		{"rl_sliding_log", []string{"ZCARD", "bench:{" + number(1) + "}:l"}, "100"},
		{"rl_refund", []string{"EXISTS", "bench:{" + number(9) + "}:r"}, "0"},
		{"lb_trim", []string{"ZCARD", "bench:{" + number(3) + "}:b"}, "1"},
		{"lb_remove", []string{"EXISTS", "bench:{board}"}, "0"},
		{"sess_create", []string{"ZCARD", "bench:{" + number(5) + "}:idx"}, "2"},
		{"cache_fill", []string{"HGET", "bench:{" + number(5) + "}:e", "v"}, "value"},
		{"queue_ack", []string{"HLEN", "bench:{q}:b"}, "1"},
		{"queue_claim", []string{"ZCARD", "bench:{q}:l"}, "400"},
		{"queue_reap", []string{"ZCARD", "bench:{q}:r"}, "400"},
		{"stock_commit", []string{"GET", "bench:{" + number(2) + "}:s"}, "98"},
		{"stock_reap", []string{"GET", "bench:{" + number(2) + "}:s"}, "100"},
	} {
		loads, err := choosePatterns([]string{want.pattern})
		if err != nil {
			t.Fatal(err)
		}
		load := loads[0]
		clean := load.clean
		asked := false
		load.clean = func(s setup) error {
			asked = true
			if v, err := c.Do(want.command...); err != nil || v.String() != want.reply {
				t.Errorf("%s: %v gives %v, %v; want %s", want.pattern, want.command, v, err, want.reply)
			}
			return clean(s)
		}
		if _, err := measure(context.Background(), o, load, addr, 0, true); err != nil || !asked {
			t.Errorf("%s: %v", want.pattern, err)
		}
	}
}

func TestChoosePatterns(t *testing.T) {
	for name, want := range map[string]int{"lock": len(lockCalls()), "rl_gcra": 1, "lb_submit": 2, "rl_gcra,lock": 1 + len(lockCalls()),
		"lock,lock_release": len(lockCalls()), "all": len(patterns())} {
		if loads, err := choosePatterns(strings.Split(name, ",")); err != nil || len(loads) != want {
			t.Errorf("%s: %d patterns, %v", name, len(loads), err)
		}
	}
	if _, err := choosePatterns([]string{"nosuch"}); err == nil || !strings.HasPrefix(err.Error(), `no pattern "nosuch": want all, an area (lock, `) {
		t.Error(err)
	}
}

func TestServerTime(t *testing.T) {
	const info = "# Commandstats\r\ncmdstat_fcall:calls=4,usec=100,usec_per_call=25.00,rejected_calls=0,failed_calls=0\r\ncmdstat_fcall_ro:calls=1,usec=1,usec_per_call=1\r\n"
	u := parseUsage(info, "FCALL")
	if u != (usage{calls: 4, usec: 100}) || parseUsage(info, "get") != (usage{}) || parseUsage("", "get") != (usage{}) {
		t.Errorf("%+v", u)
	}
	if got := u.since(usage{calls: 2, usec: 20}); got != 40 {
		t.Errorf("%v us a call, want 40", got)
	}
	if got := u.since(u); got != 0 {
		t.Errorf("%v us without a call", got)
	}
	if got := geometricMean([]float64{1, 4}); math.Abs(got-2) > 1e-9 {
		t.Errorf("geometric mean %v, want 2", got)
	}
}
