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

func TestCrash(t *testing.T) {
	for name, command := range durable() {
		t.Run(name, func(t *testing.T) { crash(t, command) })
	}
}

// crash runs a hundred workers on eight connections while the server is killed three times.
func crash(t *testing.T, command func(port, dir string) *exec.Cmd) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr, dir := ln.Addr().String(), t.TempDir()
	_, port, _ := net.SplitHostPort(addr)
	ln.Close()
	rdb := redis.NewClient(&redis.Options{Addr: addr, PoolSize: 8, MaxRetries: -1, Protocol: 2})
	defer rdb.Close()
	start := func() *exec.Cmd {
		cmd := command(port, dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(20 * time.Second); rdb.Ping(ctx).Err() != nil; <-time.After(2 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the server does not answer")
			}
		}
		return cmd
	}
	running := start()
	defer func() { running.Process.Kill(); running.Wait() }()
	if err := load(rdb); err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, rdb: rdb, fn: true, server: &server{name: "crash", addr: addr}}
	// again repeats a call until the server answers: all calls here have the effect of one.
	again := func(name string, keys []string, args ...any) any {
		for {
			v, err := c.try(name, keys, args...)
			var coded redis.Error
			if err == nil {
				return v
			} else if errors.As(err, &coded) && coded.Error()[:4] != "LOAD" { // LOADING: it is starting
				t.Errorf("%s: %v", name, err)
				return []any{int64(-9), int64(-9), int64(-9)}
			}
			<-time.After(time.Millisecond)
		}
	}
	var inside, admitted, calls atomic.Int64
	var fences sync.Map
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
				calls.Add(1)
				id := fmt.Sprintf("w%d-%d", w, i)
				if again("rl_fixed", keys("rl:{a}", "rl:{a}:"+id), 1000, 3600000, 1).([]any)[0] == int64(0) {
					admitted.Add(1)
				}
				again("sess_create", keys("s:{u}:idx", "s:{u}:"+id), id, 3600000, 3600000, 5, "oldest")
				if again("lock_acquire", keys("l:{a}", "f:{a}"), id, 3600000).([]any)[0] != int64(1) {
					continue
				}
				// The same token again: the same fence, whatever happened in between.
				fence := again("lock_acquire", keys("l:{a}", "f:{a}"), id, 3600000).([]any)[1]
				if inside.Add(1) != 1 {
					t.Error("two hold the lock")
				}
				if other, taken := fences.LoadOrStore(fence, id); taken {
					t.Errorf("fence %v of %v and %s", fence, other, id)
				}
				inside.Add(-1)
				again("lock_release", keys("l:{a}"), id)
			}
		})
	}
	for range 3 {
		before := calls.Load()
		for calls.Load() < before+400 {
			<-time.After(time.Millisecond)
		}
		running.Process.Kill()
		running.Wait()
		running = start()
	}
	close(stop)
	wg.Wait()
	if state := c.ints("rl_fixed", keys("rl:{a}"), 1000, 3600000, 0); admitted.Load() != 1000 || state[2] != 0 {
		t.Errorf("%d of %d calls were admitted by a limit of 1000, the server says %v", admitted.Load(), calls.Load(), state)
	}
	sids := c.call("sess_list", keys("s:{u}:idx"), 1000).([]any)
	if len(sids) != 15 {
		t.Errorf("%d sessions with a cap of 5", len(sids)/3)
	}
	for i := 0; i < len(sids); i += 3 {
		if c.call("sess_get", keys("s:{u}:"+sids[i].(string), "s:{u}:idx"), 0) == nil {
			t.Errorf("session %v is in the index and not there", sids[i])
		}
	}
}
