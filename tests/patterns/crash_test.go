// kill -9 under load and restart: what a durable server has acknowledged holds, so the invariants of the patterns do.
package patterns

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// durable are the servers that can be killed and lose nothing: evald as it is, redis-server with an append-only file.
func durable() map[string]func(port, dir string) *exec.Cmd {
	list := map[string]func(port, dir string) *exec.Cmd{}
	if bin, err := exec.LookPath("redis-server"); err == nil {
		list["redis"] = func(port, dir string) *exec.Cmd {
			return exec.Command(bin, "--port", port, "--dir", dir, "--save", "", "--appendonly", "yes", "--appendfsync", "always")
		}
	}
	list["evald"] = func(port, dir string) *exec.Cmd {
		return exec.Command(evaldBinary, "serve", "--addr", "127.0.0.1:"+port, "--dir", dir)
	}
	return list
}

// crasher runs a hundred workers on eight connections while the server is killed.
type crasher struct {
	*caller
	addr, dir string
	command   func(port, dir string) *exec.Cmd
	running   *exec.Cmd
	calls     atomic.Int64
}

// TestCrash runs each area's workers through three crashes and checks what the area promises.
func TestCrash(t *testing.T) {
	for name, command := range durable() {
		for _, area := range crashAreas() {
			t.Run(name+"/"+area.name, func(t *testing.T) {
				c := newCrasher(t, name, command)
				work, check := area.begin(c)
				c.crash(work)
				check()
			})
		}
	}
}

func newCrasher(t *testing.T, name string, command func(port, dir string) *exec.Cmd) *crasher {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	rdb := redis.NewClient(&redis.Options{Addr: addr, PoolSize: 8, MaxRetries: -1, Protocol: 2})
	t.Cleanup(func() { rdb.Close() })
	c := &crasher{caller: &caller{t: t, rdb: rdb, fn: true, server: &server{name: name, addr: addr}}, addr: addr, dir: t.TempDir(), command: command}
	c.start()
	t.Cleanup(c.kill)
	if err := load(rdb); err != nil {
		t.Fatal(err)
	}
	return c
}

// start starts the server and waits until it answers.
func (c *crasher) start() {
	_, port, _ := net.SplitHostPort(c.addr)
	c.running = c.command(port, c.dir)
	if err := c.running.Start(); err != nil {
		c.t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); c.rdb.Ping(ctx).Err() != nil; <-time.After(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			c.t.Fatal("the server does not answer")
		}
	}
}

func (c *crasher) kill() {
	c.running.Process.Kill()
	c.running.Wait()
}

// crash runs the workers until the server has been killed and restarted three times.
func (c *crasher) crash(work func(worker int, id string)) {
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for w := range 100 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				work(w, fmt.Sprintf("w%d-%d", w, i))
				c.calls.Add(1)
			}
		})
	}
	for range 3 {
		before := c.calls.Load()
		for c.calls.Load() < before+1500 {
			<-time.After(time.Millisecond)
		}
		c.kill()
		c.start()
	}
	close(stop)
	wg.Wait()
}

// again repeats a call until the server answers: the calls here have the effect of one, or the check allows for more.
func (c *crasher) again(name string, keys []string, args ...any) any {
	v, _ := c.until(name, keys, args...)
	return v
}

// until is again, and tells how often it called: the call before the last may have had its effect.
func (c *crasher) until(name string, keys []string, args ...any) (v any, calls int) {
	for {
		v, err := c.try(name, keys, args...)
		calls++
		var coded redis.Error
		if err == nil {
			return v, calls
		} else if errors.As(err, &coded) && coded.Error()[:4] != "LOAD" { // LOADING: it is starting
			c.t.Errorf("%s: %v", name, err)
			return []any{int64(-9), int64(-9), int64(-9), int64(-9), int64(-9)}, calls
		}
		<-time.After(time.Millisecond)
	}
}
