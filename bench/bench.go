// Package bench is a load generator for servers that speak the Redis protocol, and the report of what it measured.
// It is a black box over the wire: it knows nothing of the server. One server is measured, or two in turn.
package bench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/evald/evald/client/respclient"
)

// Options say what to run. The zero value of a field stands for its default.
type Options struct {
	Addrs     []string // one server, or two that take turns; host:port or path of a Unix socket
	Workloads []string // names, default: the three scripts, get and set; "all" for every workload
	// Patterns names functions and areas of the pattern library to measure instead of Workloads; "all" for every function.
	// They have defaults of their own: what is of interest is the server's time per call, so few clients keep it busy.
	Patterns []string
	EvalSHA  bool   // call the functions as scripts, by EVALSHA rather than FCALL
	Clients  int    // connections, default 50, for patterns 4
	Pipeline int    // requests sent at once per connection, default 1, for patterns 64
	Requests int    // requests per workload, round and server, default 100000, for patterns 20000
	Rounds   int    // default 1 for one server, 5 for two
	Warmup   bool   // run one round more, first and unmeasured
	Seed     uint64 // of the random keys, default 1
	Keyspace int    // keys, or members of the leaderboard, default 100000
	DataSize int    // bytes of a value, default 3
	// Timeout ends the run when a server sends nothing for that long, default 30s.
	Timeout time.Duration
	// Progress, if set, is called now and then, from one goroutine, with what runs and the requests done of total.
	Progress func(step string, done, total int)
}

// EnsureDefaults fills in what is left out and refuses what makes no sense.
func (o *Options) EnsureDefaults() error {
	rounds := 1
	if len(o.Addrs) == 2 {
		rounds = 5
	}
	clients, pipeline, requests := 50, 1, 100_000
	if len(o.Patterns) > 0 {
		clients, pipeline, requests = 4, 64, 20_000
	}
	for _, f := range []struct {
		name  string
		value *int
		def   int
		max   int
	}{
		{"clients", &o.Clients, clients, 10_000},
		{"pipeline", &o.Pipeline, pipeline, 10_000},
		{"requests", &o.Requests, requests, 1_000_000_000},
		{"rounds", &o.Rounds, rounds, 1000},
		{"keyspace", &o.Keyspace, 100_000, 1_000_000_000},
		{"data-size", &o.DataSize, 3, 64 << 20},
	} {
		if *f.value == 0 {
			*f.value = f.def
		}
		if *f.value < 1 || *f.value > f.max {
			return fmt.Errorf("%s is %d, want 1 to %d", f.name, *f.value, f.max)
		}
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	if len(o.Addrs) < 1 || len(o.Addrs) > 2 {
		return fmt.Errorf("%d servers, want one, or two separated by a comma", len(o.Addrs))
	}
	return nil
}

// Run measures every workload: for each, rounds of server A, then B. All set-up is outside the measured time.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.EnsureDefaults(); err != nil {
		return nil, err
	}
	loads, err := choose(o.Workloads)
	if len(o.Patterns) > 0 {
		loads, err = choosePatterns(o.Patterns)
	}
	if err != nil {
		return nil, err
	}
	report := newReport(o)
	for _, load := range loads {
		first := 0
		if o.Warmup {
			first = -1
		}
		for round := first; round < o.Rounds; round++ {
			for i, addr := range o.Addrs {
				r, err := measure(ctx, o, load, addr, round, round == first)
				if err != nil {
					return nil, fmt.Errorf("%s on %s: %w", load.name, addr, err)
				}
				r.Server, r.Round = i, round+1
				if round >= 0 {
					report.Results = append(report.Results, r)
				}
			}
		}
	}
	report.summarise()
	return report, nil
}

// measure sets one workload up on one server and runs one round of it.
func measure(ctx context.Context, o Options, load workload, addr string, round int, first bool) (Result, error) {
	c, err := respclient.Dial(ctx, addr)
	if err != nil {
		return Result{}, err
	}
	defer c.Close()
	step := fmt.Sprintf("%s on %s", load.name, addr)
	cmd, err := load.prepare(setup{ctx: ctx, c: c, o: o, progress: o.reporter("fill " + step)}, first)
	if err != nil {
		return Result{}, err
	}
	d := driver{
		addr: addr, tmpl: newTemplate(cmd, o.Pipeline), requests: o.Requests, clients: o.Clients, timeout: o.Timeout,
		seed: o.Seed + uint64(max(round, 0))<<32, // the same keys on both servers, others in each round
		hist: hdrhistogram.New(1, int64(time.Hour), 3),
	}
	stop := d.watch(o.reporter(step))
	before, err := serverTime(c, cmd[0].text)
	if err == nil {
		err = d.run(ctx)
	}
	stop()
	if err != nil {
		return Result{}, err
	}
	after, err := serverTime(c, cmd[0].text)
	if err != nil {
		return Result{}, err
	}
	r := d.result(load.name)
	r.ServerTime = after.since(before)
	if load.clean != nil {
		if err := load.clean(setup{ctx: ctx, c: c, o: o, progress: o.reporter("clean " + step)}); err != nil {
			return Result{}, fmt.Errorf("clean up: %w", err)
		}
	}
	return r, nil
}

// reporter binds a step's name to Options.Progress.
func (o *Options) reporter(step string) func(done, total int) {
	if o.Progress == nil {
		return func(int, int) {}
	}
	return func(done, total int) { o.Progress(step, done, total) }
}

// driver is one measured round: what to send, and what came of it.
type driver struct {
	addr     string
	tmpl     template
	requests int
	clients  int
	timeout  time.Duration
	seed     uint64

	done    atomic.Int64 // replies so far; read by watch
	hist    *hdrhistogram.Histogram
	elapsed time.Duration
	busy    float64 // share of the elapsed time this generator used its thread, 0 if unknown
	errors  int
	problem string // the first error reply
}

// watch reports progress ten times a second until the returned function is called, which reports a last time.
func (d *driver) watch(report func(done, total int)) (stop func()) {
	quit, finished := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(finished)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				report(int(d.done.Load()), d.requests)
			case <-quit:
				report(int(d.done.Load()), d.requests)
				return
			}
		}
	}()
	return func() { close(quit); <-finished }
}

// check refuses error replies: a benchmark of error replies measures nothing.
func (d *driver) check() error {
	if d.errors > 0 {
		return fmt.Errorf("%d of %d replies are errors, the first: %s", d.errors, d.requests, d.problem)
	}
	return nil
}

func (d *driver) result(workload string) Result {
	us := func(ns int64) float64 { return float64(ns) / 1e3 }
	return Result{
		Workload: workload, Requests: d.requests, Seconds: d.elapsed.Seconds(),
		Stats: Stats{
			PerSecond: float64(d.requests) / d.elapsed.Seconds(),
			P50:       us(d.hist.ValueAtQuantile(50)),
			P99:       us(d.hist.ValueAtQuantile(99)),
			P999:      us(d.hist.ValueAtQuantile(99.9)),
			Max:       us(d.hist.Max()),
			Busy:      d.busy,
		},
	}
}

// errStalled is returned when a server stops answering.
var errStalled = errors.New("no reply within the timeout")

// choose turns names into workloads.
func choose(names []string) ([]workload, error) {
	all := workloads()
	if len(names) == 0 {
		names = []string{"lock_release", "sliding_window", "leaderboard_page", "get", "set"}
	}
	var chosen []workload
	for _, name := range names {
		if name == "all" {
			return all, nil
		}
		found := false
		for _, w := range all {
			if w.name == name {
				chosen, found = append(chosen, w), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no workload %q, there are: %s", name, strings.Join(Names(), ", "))
		}
	}
	return chosen, nil
}

// Names lists the workloads in the order in which "all" runs them.
func Names() []string {
	var names []string
	for _, w := range workloads() {
		names = append(names, w.name)
	}
	return names
}
