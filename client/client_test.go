package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/internal/redistest"
	"github.com/evald/evald/scripts"
)

// serverAddr is the server all tests and examples share; each test uses names of its own.
var serverAddr string

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	return checkCoverage(runServed(m))
}

func runServed(m *testing.M) int {
	if serverAddr = os.Getenv("CLIENT_SERVER"); serverAddr != "" {
		return m.Run()
	}
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		fmt.Println("SKIPPED: the client's tests need redis-server on PATH, or a server in CLIENT_SERVER")
		os.Exit(0)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	serverAddr = ln.Addr().String()
	os.Setenv("CLIENT_SERVER", serverAddr) // the examples, in a package of their own, find it here
	_, port, _ := net.SplitHostPort(serverAddr)
	ln.Close()
	dir, err := os.MkdirTemp("", "client")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command(bin, "--port", port, "--dir", dir, "--save", "")
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	rdb := redis.NewClient(&redis.Options{Addr: serverAddr})
	defer rdb.Close()
	for range 2000 {
		if rdb.Ping(context.Background()).Err() == nil {
			return m.Run()
		}
		<-time.After(5 * time.Millisecond)
	}
	fmt.Println("redis-server does not answer")
	return 1
}

// dial returns a client of the shared server with a connection pool of its own.
func dial(tb testing.TB, o Options) *Client {
	rdb := redis.NewClient(&redis.Options{Addr: serverAddr})
	tb.Cleanup(func() { rdb.Close() })
	rdb.AddHook(contract{tb})
	return New(rdb, o)
}

// both runs f by FCALL and by EVALSHA.
func both(t *testing.T, f func(t *testing.T, c *Client)) {
	t.Run("fcall", func(t *testing.T) { f(t, dial(t, Options{})) })
	t.Run("evalsha", func(t *testing.T) { f(t, dial(t, Options{Scripts: true})) })
}

// name returns a name no other test uses.
var names atomic.Int64

func name() string { return fmt.Sprint("test", names.Add(1)) }

// eventually waits until ok, polling.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for !ok() {
		select {
		case <-deadline:
			t.Fatal("never: " + what)
		case <-time.After(time.Millisecond):
		}
	}
}

func TestEnsureLoadsWhatDiffers(t *testing.T) {
	ctx := t.Context()
	c := dial(t, Options{})
	if err := c.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	old := "#!lua name=lock\nredis.register_function('lock_acquire', function() return 'old' end)\n"
	if err := c.rdb.FunctionLoadReplace(ctx, old).Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Ensure(ctx); err != nil {
		t.Fatal(err)
	}
	for _, lib := range scripts.Libraries() {
		have, err := c.rdb.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: lib.Name, WithCode: true}).Result()
		if err != nil || len(have) != 1 || have[0].Code != lib.Source {
			t.Errorf("library %s: %v", lib.Name, err)
		}
	}
}

// Regression 28 of the specification: SCRIPT FLUSH and FUNCTION FLUSH under traffic.
func TestRegression28Flush(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, l, id := t.Context(), NewLimiter(c), name()
		var admitted atomic.Int64
		var wg sync.WaitGroup
		stop := make(chan struct{})
		flushed := make(chan struct{})
		go func() {
			defer close(flushed)
			for {
				c.rdb.FunctionFlush(ctx)
				c.rdb.ScriptFlush(ctx)
				select {
				case <-stop:
					return
				case <-time.After(3 * time.Millisecond):
				}
			}
		}()
		for range 8 {
			wg.Go(func() {
				for range 100 {
					res, err := l.Allow(ctx, id, FixedWindow{Limit: 500, Window: time.Hour})
					switch {
					case err != nil && !strings.Contains(err.Error(), "Function not found"): // flushed again at once
						t.Error(err)
					case err == nil && res.Allowed:
						admitted.Add(1)
					}
				}
			})
		}
		wg.Wait()
		close(stop)
		<-flushed
		res, err := l.AllowN(ctx, id, FixedWindow{Limit: 500, Window: time.Hour}, 0)
		if err != nil || res.Limit-res.Remaining != admitted.Load() {
			t.Fatalf("%d admitted, the server counted %d (%v)", admitted.Load(), res.Limit-res.Remaining, err)
		}
	})
}

// A call whose reply is lost is not sent again: nobody knows whether it ran, and it must not be charged twice.
func TestNoRetryAfterLostReply(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		ctx, id := t.Context(), name()
		limit := SlidingLog{Limit: 100, Window: time.Hour}
		if _, err := NewLimiter(c).Allow(ctx, id, limit); err != nil { // loads it
			t.Fatal(err)
		}
		p := newProxy(t, serverAddr)
		rdb := redis.NewClient(&redis.Options{Addr: p.addr, MaxRetries: 5, MinRetryBackoff: -1, MaxRetryBackoff: -1})
		defer rdb.Close()
		if err := rdb.Ping(ctx).Err(); err != nil {
			t.Fatal(err)
		}
		p.dropReplies.Store(true)
		through := NewLimiter(New(rdb, c.opts))
		if _, err := through.Allow(ctx, id, limit); err == nil {
			t.Fatal("no error")
		}
		// The server may still be running what it was sent.
		eventually(t, "the call that was sent is counted", func() bool {
			res, err := NewLimiter(c).Peek(ctx, id, limit)
			return err == nil && res.Remaining <= 98
		})
		if res, _ := NewLimiter(c).Peek(ctx, id, limit); res.Remaining != 98 {
			t.Fatalf("%d units were charged by a call that was made once", 99-res.Remaining)
		}
	})
}

// proxy passes a connection on; with dropReplies it swallows replies and closes.
type proxy struct {
	addr        string
	dropReplies atomic.Bool
}

func newProxy(t *testing.T, to string) *proxy {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	p := &proxy{addr: ln.Addr().String()}
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			go func() { io.Copy(out, in); out.Close() }()
			go func() {
				defer in.Close()
				defer out.Close()
				buf := make([]byte, 64<<10)
				for {
					n, err := out.Read(buf)
					if err != nil || p.dropReplies.Load() {
						return
					}
					in.Write(buf[:n])
				}
			}()
		}
	}()
	return p
}

func TestBadArgumentsReachTheCaller(t *testing.T) {
	both(t, func(t *testing.T, c *Client) {
		_, err := NewLimiter(c).Allow(t.Context(), name(), SlidingLog{Limit: 20000, Window: time.Second})
		if err == nil || !strings.Contains(err.Error(), "BADARG limit must be") {
			t.Fatal(err)
		}
		if _, err := c.Call(t.Context(), "nothing", nil); err == nil {
			t.Fatal("no error")
		}
	})
}

// In a cluster every primary gets the libraries; a call goes where its keys are, and loads what a new primary lacks.
func TestCluster(t *testing.T) {
	ctx := t.Context()
	addrs := startCluster(t)
	rdb := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs})
	defer rdb.Close()
	for _, o := range []Options{{}, {Scripts: true}} {
		c := New(rdb, o)
		use := func() {
			t.Helper()
			for i := range 30 {
				id := fmt.Sprint(name(), i)
				if res, err := NewLimiter(c).Allow(ctx, id, GCRA{Burst: 5, Count: 10, Period: time.Second}); err != nil || !res.Allowed {
					t.Fatal(res, err)
				}
				l, err := NewMutex(c, id, LockOptions{}).Lock(ctx)
				if err != nil {
					t.Fatal(err)
				}
				if err := l.Release(ctx); err != nil {
					t.Fatal(err)
				}
				b := NewBoard(c, id, "week", BoardOptions{Meta: true, Dense: true, FirstCome: true})
				if _, err := b.Submit(ctx, "ann", 5, Best, "Ann"); err != nil {
					t.Fatal(err)
				}
			}
		}
		use()
		if err := c.Ensure(ctx); err != nil {
			t.Fatal(err)
		}
		err := rdb.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			libs, err := node.FunctionList(ctx, redis.FunctionListQuery{}).Result()
			if err == nil && !o.Scripts && len(libs) != len(scripts.Libraries()) {
				err = fmt.Errorf("%v has %d libraries", node, len(libs))
			}
			node.FunctionFlush(ctx) // as a primary that has just joined
			node.ScriptFlush(ctx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		use()
	}
}

// startCluster runs three primaries that share the slots.
func startCluster(t *testing.T) []string {
	t.Helper()
	var addrs []string
	var nodes []*redis.Client
	for range 3 {
		addr := redistest.Start(t, "--cluster-enabled", "yes", "--cluster-port", freePort(t))
		rdb := redis.NewClient(&redis.Options{Addr: addr})
		t.Cleanup(func() { rdb.Close() })
		addrs, nodes = append(addrs, addr), append(nodes, rdb)
	}
	ctx := t.Context()
	for i, n := range nodes {
		if err := n.Do(ctx, "CLUSTER", "ADDSLOTSRANGE", i*5461, min(i*5461+5460, 16383)).Err(); err != nil {
			t.Fatal(err)
		}
		if i == 2 {
			n.Do(ctx, "CLUSTER", "ADDSLOTSRANGE", 16383, 16383)
		}
		for j := range i { // every pair: gossip alone takes longer
			info, err := n.ConfigGet(ctx, "cluster-port").Result()
			if err != nil {
				t.Fatal(err)
			}
			host, port, _ := net.SplitHostPort(addrs[i])
			if err := nodes[j].Do(ctx, "CLUSTER", "MEET", host, port, info["cluster-port"]).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, n := range nodes {
		eventually(t, "the cluster is complete", func() bool {
			info := n.ClusterInfo(ctx).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:3") && strings.Contains(info, "cluster_size:3")
		})
	}
	return addrs
}

func freePort(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

var errInjected = errors.New("injected")

// failing is a hook that makes some requests fail: before they are sent, or after, as if the reply was lost.
type failing struct {
	function string
	before   atomic.Int64 // how many to fail unsent
	after    atomic.Int64 // how many to fail although they ran
}

func (f *failing) DialHook(next redis.DialHook) redis.DialHook { return next }
func (f *failing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
func (f *failing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if args := cmd.Args(); len(args) < 2 || args[1] != f.function {
			return next(ctx, cmd)
		}
		if f.before.Add(-1) >= 0 {
			return errInjected
		}
		err := next(ctx, cmd)
		if f.after.Add(-1) >= 0 {
			return errInjected
		}
		return err
	}
}
