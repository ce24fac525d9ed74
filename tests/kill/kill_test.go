// Package kill stops scripts that do not end, on the built binary, while other clients go on asking.
package kill

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/evaldtest"
)

const (
	busy      = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	busyFn    = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	threshold = 5 * time.Millisecond

	bystanderGoal = 2 * time.Millisecond // p99 of a bystander's PING
	killGoal      = 20 * time.Millisecond
)

func dial(t *testing.T, addr string) *respclient.Client {
	t.Helper()
	c, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func text(c *respclient.Client, args ...string) string {
	v, err := c.Do(args...)
	if err != nil {
		return err.Error()
	}
	return v.String()
}

// bystander asks until it is told to stop, and keeps how long the answers took.
type bystander struct {
	stop, done chan struct{}
	took       []time.Duration
	other      string // an answer that is neither PONG nor BUSY
}

func (b *bystander) ask(c *respclient.Client) {
	defer close(b.done)
	for {
		select {
		case <-b.stop:
			return
		default:
		}
		start := time.Now()
		reply := text(c, "PING")
		b.took = append(b.took, time.Since(start))
		if reply != "PONG" && reply != busy && reply != busyFn {
			b.other = reply
		}
	}
}

func (b *bystander) percentile(p float64) time.Duration {
	slices.Sort(b.took)
	return b.took[int(p*float64(len(b.took)-1))]
}

// trial is one hostile script.
type trial struct {
	name string
	call []string
	kill []string
	text string // that the caller's error begins with
}

// run starts the script, lets a bystander ask for a while, stops it, and returns the bystander and how long it took to stop.
func (tr trial) run(t *testing.T, addr string, length time.Duration) (*bystander, time.Duration) {
	caller, killer, asker := dial(t, addr), dial(t, addr), dial(t, addr)
	ended := make(chan string, 1)
	go func() { ended <- text(caller, tr.call...) }()
	// Busy from here on: before, nobody is answered, as in Redis.
	for reply := ""; reply != busy && reply != busyFn; reply = text(killer, "GET", "k") {
		select {
		case reply := <-ended:
			t.Fatalf("%s ended: %s", tr.name, reply)
		default:
		}
	}
	b := &bystander{stop: make(chan struct{}), done: make(chan struct{})}
	go b.ask(asker)
	<-time.After(length) // how long the bystander asks
	start := time.Now()
	if reply := text(killer, tr.kill...); reply != "OK" {
		t.Fatalf("%s: %v: %s", tr.name, tr.kill, reply)
	}
	reply := <-ended
	took := time.Since(start)
	close(b.stop)
	<-b.done
	if !strings.HasPrefix(reply, tr.text) {
		t.Errorf("%s: the caller got %q", tr.name, reply)
	}
	if b.other != "" {
		t.Errorf("%s: the bystander got %q", tr.name, b.other)
	}
	return b, took
}

// trials are all hostile scripts: those that only read by SCRIPT KILL, with writes by SCRIPT KILL FORCE, as functions by FUNCTION KILL.
func trials(t *testing.T, c *respclient.Client) (list []trial) {
	scripts := hostile()
	names := make([]string, 0, len(scripts))
	for name := range scripts {
		names = append(names, name)
	}
	sort.Strings(names)
	const killed = "ERR Script killed by user with SCRIPT KILL... script: "
	for i, name := range names {
		body := scripts[name]
		list = append(list, trial{name, []string{"EVAL", body, "0"}, []string{"SCRIPT", "KILL"}, killed},
			trial{name + ", wrote", []string{"EVAL", afterWrites + body, "0"}, []string{"SCRIPT", "KILL", "FORCE"}, killed})
		lib := fmt.Sprintf("#!lua name=lib%d\nredis.register_function('hostile%d', function() %s end)", i, i, body)
		if reply := text(c, "FUNCTION", "LOAD", lib); !strings.HasPrefix(reply, "lib") {
			t.Fatal(name, ": ", reply)
		}
		list = append(list, trial{name + ", function", []string{"FCALL", fmt.Sprint("hostile", i), "0"}, []string{"FUNCTION", "KILL"},
			killed})
	}
	return list
}

func start(t *testing.T) string {
	return evaldtest.Start(t, evaldtest.Build(t), "--set", fmt.Sprint("busy-reply-threshold=", threshold.Milliseconds()))
}

// TestKill stops every hostile script. KILL_MS is how long each runs first; with it the goals must be met, and a table shows the
// latencies. Without, they are only shown.
func TestKill(t *testing.T) {
	length, strict := 10*time.Millisecond, false
	if s := os.Getenv("KILL_MS"); s != "" {
		ms, err := time.ParseDuration(s + "ms")
		if err != nil {
			t.Fatal("KILL_MS: ", err)
		}
		length, strict = ms, true
	}
	addr := start(t)
	c := dial(t, addr)
	fill(t, c)
	all := trials(t, c)
	if !strict {
		few := all[:0]
		for i, tr := range all {
			if i%3 == i/3%3 {
				few = append(few, tr)
			}
		}
		all = few
	}
	goal := bystanderGoal
	b := &bystander{stop: make(chan struct{}), done: make(chan struct{})}
	go b.ask(dial(t, addr))
	<-time.After(5 * length)
	close(b.stop)
	<-b.done
	// Where the machine itself is slower than the goal, nothing can be told from it.
	goal = max(goal, 2*b.percentile(0.99))
	t.Logf("without a script: p50 %v, p99 %v, max %v", b.percentile(0.5), b.percentile(0.99), b.percentile(1))
	t.Logf("%-26s %8s %10s %10s %10s %10s", "script", "answers", "p50", "p99", "max", "killed in")
	for _, tr := range all {
		b, took := tr.run(t, addr, length)
		mark := ""
		if b.percentile(0.99) > goal || took > killGoal {
			mark = "  SLOW"
			if strict {
				t.Errorf("%s: p99 %v, killed in %v", tr.name, b.percentile(0.99), took)
			}
		}
		t.Logf("%-26s %8d %10v %10v %10v %10v%s", tr.name, len(b.took), b.percentile(0.5).Round(time.Microsecond), b.percentile(0.99).Round(time.Microsecond),
			b.percentile(1).Round(time.Microsecond), took.Round(time.Microsecond), mark)
		if got := text(c, "GET", "written") + text(c, "LLEN", "list"); got != "2000" {
			t.Fatalf("%s left something behind: %q", tr.name, got)
		}
	}
}

// fill makes the data that the scripts read.
func fill(t *testing.T, c *respclient.Client) {
	if reply := text(c, "EVAL", "for i = 1, 2000 do redis.call('rpush', 'list', 'element') end return redis.call('set', 'k', 'v')", "0"); reply != "OK" {
		t.Fatal(reply)
	}
}

// A server that runs a script ends at once by SHUTDOWN NOSAVE, whatever the script has written.
func TestShutdownWhileBusy(t *testing.T) {
	bin := evaldtest.Build(t)
	for _, before := range []string{"", afterWrites} {
		addr := evaldtest.Start(t, bin, "--set", "busy-reply-threshold=1")
		caller, other := dial(t, addr), dial(t, addr)
		fill(t, other)
		ended := make(chan string, 1)
		go func() { ended <- text(caller, "EVAL", before+hostile()["find"], "0") }()
		for text(other, "GET", "k") != busy {
		}
		if reply := text(other, "SHUTDOWN"); reply != busy {
			t.Errorf("SHUTDOWN: %s", reply)
		}
		text(other, "SHUTDOWN", "NOSAVE")
		if reply := <-ended; !strings.Contains(reply, "EOF") && !strings.Contains(reply, "reset") && !strings.HasPrefix(reply, "ERR Script killed") {
			t.Errorf("the caller got %q", reply)
		}
		if c, err := respclient.Dial(context.Background(), addr); err == nil {
			_, err = c.Do("PING")
			c.Close()
			if err == nil {
				t.Error("the server lives")
			}
		}
	}
}
