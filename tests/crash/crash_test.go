package crash

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/evald/evald/client/respclient"
)

var rounds = flag.Int("rounds", 9, "how often the server is killed")

var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	dir, err := os.MkdirTemp("", "evald-crash")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "evald")
	build := exec.Command("go", "build", "-pgo=off", "-o", binary, "github.com/evald/evald")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// server is one run of the binary.
type server struct {
	cmd  *exec.Cmd
	addr string
	log  bytes.Buffer
	done chan struct{}
}

// start runs the server and waits until it has loaded its store.
func start(t *testing.T, dir, policy string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: l.Addr().String(), done: make(chan struct{})}
	l.Close()
	s.cmd = exec.Command(binary, "serve", "--addr", s.addr, "--dir", dir, "--appendfsync", policy)
	s.cmd.Stderr, s.cmd.Stdout = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.cmd.Wait(); close(s.done) }()
	t.Cleanup(s.kill)
	var last error
	deadline := time.Now().Add(60 * time.Second)
	for poll := time.NewTicker(2 * time.Millisecond); ; <-poll.C {
		if conn, err := respclient.Dial(context.Background(), s.addr); err == nil {
			_, err = conn.Do("PING")
			conn.Close()
			if err == nil {
				return s
			}
			last = err
		} else {
			last = err
		}
		select {
		case <-s.done:
			t.Fatalf("the server ended:\n%s", s.log.String())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("the server does not answer: %v\n%s", last, s.log.String())
		}
	}
}

// kill ends the server as kill -9 does.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// TestKillLosesNothing kills the server under load from eight clients. After every restart each client finds what was acknowledged to it:
// no write less, no script or transaction by half, nothing older than what it was shown.
func TestKillLosesNothing(t *testing.T) {
	n := *rounds
	if testing.Short() {
		n = min(n, 3)
	}
	policies := []string{"always", "everysec", "no"}
	var acked [3]int
	for p, policy := range policies {
		dir, all := t.TempDir(), newClients()
		rng := rand.New(rand.NewPCG(uint64(p), 33))
		for round := range (n + len(policies) - 1 - p) / len(policies) {
			s := start(t, dir, policy)
			verify(t, s, all, fmt.Sprintf("%s, round %d", policy, round))
			if round%8 == 7 {
				s = flushAll(t, s, all, dir, policy, rng.IntN(2) == 0)
			}
			load(t, s, all, 50+rng.IntN(3000))
		}
		s := start(t, dir, policy)
		verify(t, s, all, policy+", at the end")
		s.kill()
		for _, c := range all {
			acked[p] += c.acked
		}
	}
	t.Logf("%d rounds, acknowledged writes: %v %v", n, policies, acked)
}

// flushAll kills the server while it removes everything, or right after it has said so, and starts it again: all is there or nothing.
func flushAll(t *testing.T, s *server, all []*client, dir, policy string, acknowledged bool) *server {
	t.Helper()
	conn, err := respclient.Dial(context.Background(), s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Send("FLUSHALL")
	if err := conn.Flush(); err != nil {
		t.Fatal(err)
	}
	if acknowledged {
		if _, err := conn.Receive(); err != nil {
			t.Fatal(err)
		}
	}
	s.kill()
	s = start(t, dir, policy)
	again, err := respclient.Dial(context.Background(), s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	v, err := again.Do("INFO", "keyspace")
	if err != nil {
		t.Fatal(err)
	}
	if empty := !strings.Contains(v.String(), "keys="); empty {
		for _, c := range all {
			c.model.flush()
			c.count, c.seen = 0, map[string]int64{}
		}
	} else if acknowledged {
		t.Fatalf("%s: FLUSHALL was acknowledged and has not happened: %s", policy, v.String())
	}
	verify(t, s, all, policy+", after FLUSHALL")
	return s
}

func newClients() []*client {
	var all []*client
	for i := range clients {
		all = append(all, newClient(i))
	}
	return all
}

func verify(t *testing.T, s *server, all []*client, when string) {
	t.Helper()
	conn, err := respclient.Dial(context.Background(), s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, c := range all {
		if err := c.verify(conn); err != nil {
			t.Fatalf("%s: %v\nlog of the server:\n%s", when, err, s.log.String())
		}
	}
}

// load has every client work and kills the server when so many ops are acknowledged.
func load(t *testing.T, s *server, all []*client, ops int) {
	t.Helper()
	var count atomic.Int64
	enough := make(chan struct{})
	errs := make([]error, len(all))
	var running sync.WaitGroup
	for i, c := range all {
		running.Go(func() {
			errs[i] = c.work(s.addr, func() {
				if count.Add(1) == int64(ops) {
					close(enough)
				}
			})
		})
	}
	select {
	case <-enough:
	case <-s.done:
		t.Fatalf("the server ended by itself:\n%s", s.log.String())
	case <-time.After(60 * time.Second):
		t.Fatalf("only %d of %d ops in a minute", count.Load(), ops)
	}
	s.kill()
	running.Wait()
	for _, err := range errs {
		var reply respclient.Error
		if errors.As(err, &reply) || strings.HasPrefix(err.Error(), "INCR answered") {
			t.Fatalf("a command failed: %v", err)
		}
	}
}

// TestModelSeesEveryDifference checks the checker.
func TestModelSeesEveryDifference(t *testing.T) {
	build := func() *model {
		m := newModel()
		m.strings["s"], m.expires["s"] = "1", "5"
		m.hset("h", "f", "1")
		m.zadd("z", "f", "1")
		m.lpush("l", "1", 5)
		return m
	}
	if d := build().diff(build()); d != "" {
		t.Errorf("equal models differ: %s", d)
	}
	for i, change := range []func(m *model){
		func(m *model) { m.strings["s"] = "0" },
		func(m *model) { delete(m.expires, "s") },
		func(m *model) { m.hset("h", "g", "1") },
		func(m *model) { m.zadd("z", "f", "2") },
		func(m *model) { m.lpush("l", "1", 5) },
		func(m *model) { m.sadd("set", "f") },
		func(m *model) { m.function = "1" },
		func(m *model) { m.del("h") },
	} {
		other := build()
		change(other)
		if build().diff(other) == "" || other.diff(build()) == "" {
			t.Errorf("change %d is not seen", i)
		}
	}
}
