// Package patterns tests the pattern library as its users see it: over TCP, against every server there is, both as
// FUNCTION libraries (FCALL) and as scripts (EVALSHA). It knows nothing of the server's inside.
//
// Servers: redis-server 7 when it is installed; evald, built here or as PATTERNS_EVALD names its executable; any others by
// PATTERNS_SERVERS="name=host:port,...". The tests empty the servers they use.
package patterns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/scripts"
)

// server is one running server.
type server struct {
	name  string
	addr  string
	clock int64 // us since 1970, where the tests move the server's clock themselves (evald's DEBUG CLOCK); 0: real time
}

// Set once by TestMain, before any test runs.
var (
	servers     []*server
	evaldBinary string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	stop, err := startServers()
	defer stop()
	if err == nil {
		err = loadLibraries()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "patterns:", err)
		return 1
	}
	return m.Run()
}

// startServers starts what is installed. stop ends it.
func startServers() (stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, f := range stops {
			f()
		}
	}
	start := func(name, binary string, args func(port, dir string) []string) error {
		addr, f, err := startServer(binary, args)
		if err != nil {
			return fmt.Errorf("start %s: %w", name, err)
		}
		servers, stops = append(servers, &server{name: name, addr: addr}), append(stops, f)
		return nil
	}
	if binary, lookErr := exec.LookPath("redis-server"); lookErr == nil {
		if err = start("redis", binary, redisArgs); err != nil {
			return stop, err
		}
	}
	evaldBinary = os.Getenv("PATTERNS_EVALD")
	if evaldBinary == "" {
		dir, err := os.MkdirTemp("", "patterns-build")
		if err != nil {
			return stop, err
		}
		stops = append(stops, func() { os.RemoveAll(dir) })
		evaldBinary = filepath.Join(dir, "evald")
		if out, err := exec.Command("go", "build", "-pgo=off", "-o", evaldBinary, "../..").CombinedOutput(); err != nil {
			return stop, fmt.Errorf("build evald: %w: %s", err, out)
		}
	}
	if err = start("evald", evaldBinary, evaldArgs); err != nil {
		return stop, err
	}
	for pair := range strings.SplitSeq(os.Getenv("PATTERNS_SERVERS"), ",") {
		if name, addr, ok := strings.Cut(pair, "="); ok {
			servers = append(servers, &server{name: name, addr: addr})
		}
	}
	return stop, nil
}

func redisArgs(port, dir string) []string {
	return []string{"--port", port, "--dir", dir, "--save", "", "--appendonly", "no"}
}

func evaldArgs(port, dir string) []string {
	if custom := os.Getenv("PATTERNS_EVALD_ARGS"); custom != "" { // with {port} and {dir}
		return strings.Fields(strings.NewReplacer("{port}", port, "{dir}", dir).Replace(custom))
	}
	return []string{"serve", "--addr", "127.0.0.1:" + port, "--dir", dir, "--appendfsync", "no", "--set", "enable-debug-command=yes"}
}

// startServer runs binary on a free port in a directory of its own and waits until it answers.
func startServer(binary string, args func(port, dir string) []string) (addr string, stop func(), err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr = ln.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	ln.Close()
	dir, err := os.MkdirTemp("", "patterns-"+filepath.Base(binary))
	if err != nil {
		return "", nil, err
	}
	cmd := exec.Command(binary, args(port, dir)...)
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		cmd.Process.Kill()
		cmd.Wait()
		os.RemoveAll(dir)
	}
	rdb := redis.NewClient(&redis.Options{Addr: addr})
	defer rdb.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for rdb.Ping(ctx).Err() != nil {
		if ctx.Err() != nil {
			stop()
			return "", nil, errors.New("no answer on " + addr)
		}
		<-time.After(5 * time.Millisecond)
	}
	return addr, stop, nil
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// loadLibraries loads every library and every script on every server.
func loadLibraries() error {
	for _, s := range servers {
		rdb := redis.NewClient(&redis.Options{Addr: s.addr})
		defer rdb.Close()
		if err := load(rdb); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

func load(rdb *redis.Client) error {
	ctx := context.Background()
	for _, lib := range scripts.Libraries() {
		if err := rdb.FunctionLoadReplace(ctx, lib.Source).Err(); err != nil {
			return fmt.Errorf("load library %s: %w", lib.Name, err)
		}
		for _, f := range lib.Functions {
			sha, err := rdb.ScriptLoad(ctx, f.Script).Result()
			if err != nil {
				return fmt.Errorf("load script %s: %w", f.Name, err)
			}
			if sha != f.SHA1 {
				return fmt.Errorf("script %s: SHA1 %s, want %s", f.Name, sha, f.SHA1)
			}
		}
	}
	return nil
}

// caller calls the functions of one server in one way.
type caller struct {
	t      testing.TB
	rdb    *redis.Client
	fn     bool // FCALL, else EVALSHA
	server *server
}

var ctx = context.Background()

// each runs f on an empty database of every server, by FCALL and by EVALSHA.
func each(t *testing.T, f func(t *testing.T, c *caller)) {
	t.Helper()
	if len(servers) == 0 {
		t.Skip("no server: install redis-server or set PATTERNS_EVALD")
	}
	for _, s := range servers {
		for _, mode := range []string{"fcall", "evalsha"} {
			t.Run(s.name+"/"+mode, func(t *testing.T) {
				c := connect(t, s, mode == "fcall")
				f(t, c)
			})
		}
	}
}

// eachServer runs f on an empty database of every server, by FCALL.
func eachServer(t *testing.T, f func(t *testing.T, c *caller)) {
	t.Helper()
	if len(servers) == 0 {
		t.Skip("no server: install redis-server or set PATTERNS_EVALD")
	}
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) { f(t, connect(t, s, true)) })
	}
}

func connect(t testing.TB, s *server, fn bool) *caller {
	rdb := redis.NewClient(&redis.Options{Addr: s.addr, PoolSize: 8, MaxRetries: -1, Protocol: 2})
	t.Cleanup(func() { rdb.Close() })
	if err := rdb.FlushDB(ctx).Err(); err != nil {
		t.Fatal(err)
	}
	if s.name == "evald" && s.clock == 0 {
		now := time.Now().Add(time.Minute).UnixMicro() // its clock cannot be set back
		if err := rdb.Do(ctx, "DEBUG", "CLOCK", now).Err(); err != nil {
			t.Fatalf("the clock of %s cannot be set: %v", s.name, err)
		}
		s.clock = now
	}
	return &caller{t: t, rdb: rdb, fn: fn, server: s}
}

// try calls a function and returns the reply or the error.
func (c *caller) try(name string, keys []string, args ...any) (any, error) {
	f, _, ok := scripts.LookupFunction(name)
	if !ok {
		c.t.Fatalf("no function %s", name)
	}
	cmd := []any{"EVALSHA", f.SHA1, len(keys)}
	if c.fn {
		cmd = []any{"FCALL", name, len(keys)}
	}
	for _, k := range keys {
		cmd = append(cmd, k)
	}
	v, err := c.rdb.Do(ctx, append(cmd, args...)...).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return v, err
}

// call is try for calls that must not fail.
func (c *caller) call(name string, keys []string, args ...any) any {
	c.t.Helper()
	v, err := c.try(name, keys, args...)
	if err != nil {
		c.t.Fatalf("%s %v %v: %v", name, keys, args, err)
	}
	return v
}

// int calls a function that replies with an integer.
func (c *caller) int(name string, keys []string, args ...any) int64 {
	c.t.Helper()
	n, ok := c.call(name, keys, args...).(int64)
	if !ok {
		c.t.Fatalf("%s %v %v: not an integer", name, keys, args)
	}
	return n
}

// want calls a function and compares the reply, written as by text.
func (c *caller) want(want, name string, keys []string, args ...any) {
	c.t.Helper()
	if got := text(c.call(name, keys, args...)); got != want {
		c.t.Fatalf("%s %v %v = %s, want %s", name, keys, args, got, want)
	}
}

// wantError calls a function that must fail with an error that starts with code.
func (c *caller) wantError(code, name string, keys []string, args ...any) {
	c.t.Helper()
	v, err := c.try(name, keys, args...)
	if err == nil || !strings.HasPrefix(err.Error(), code+" ") {
		c.t.Fatalf("%s %v %v = %s, %v; want error %s", name, keys, args, text(v), err, code)
	}
}

// ints calls a function that replies with an array of integers.
func (c *caller) ints(name string, keys []string, args ...any) []int64 {
	c.t.Helper()
	list, ok := c.call(name, keys, args...).([]any)
	if !ok {
		c.t.Fatalf("%s %v %v: not an array", name, keys, args)
	}
	out := make([]int64, len(list))
	for i, v := range list {
		n, ok := v.(int64)
		if !ok {
			c.t.Fatalf("%s %v %v: element %d is %T", name, keys, args, i, v)
		}
		out[i] = n
	}
	return out
}

// text writes a reply on one line: [1 a [2 nil]].
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = text(e)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case int64:
		return strconv.FormatInt(v, 10)
	case string:
		return v
	default:
		return fmt.Sprintf("%T(%v)", v, v)
	}
}

// keys is short for a list of keys.
func keys(k ...string) []string { return k }

// snapshot returns the whole database: type, value (DUMP) and expiry moment of each key.
func (c *caller) snapshot() map[string]string {
	c.t.Helper()
	all := map[string]string{}
	names, err := c.rdb.Keys(ctx, "*").Result()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, k := range names {
		dump, err := c.rdb.Dump(ctx, k).Result()
		if errors.Is(err, redis.Nil) {
			continue // expired between the two commands
		}
		if err != nil && strings.Contains(err.Error(), "unknown command") {
			dump, err = c.content(k), nil // a server without DUMP
		}
		if err != nil {
			c.t.Fatal(err)
		}
		at, err := c.rdb.Do(ctx, "PEXPIRETIME", k).Int64()
		if err != nil {
			c.t.Fatal(err)
		}
		all[k] = fmt.Sprintf("%d %q", at, dump)
	}
	return all
}

// content returns what a key holds, as text.
func (c *caller) content(k string) string {
	switch c.rdb.Type(ctx, k).Val() {
	case "string":
		return c.rdb.Get(ctx, k).Val()
	case "hash":
		return fmt.Sprint(c.rdb.HGetAll(ctx, k).Val())
	case "zset":
		return fmt.Sprint(c.rdb.ZRangeWithScores(ctx, k, 0, -1).Val())
	default:
		return fmt.Sprint(c.rdb.SMembers(ctx, k).Val())
	}
}

// difference returns how the database differs from a snapshot, "" if it does not. A key whose time has come may be gone.
func (c *caller) difference(before map[string]string) string {
	c.t.Helper()
	after := c.snapshot()
	for k, v := range before {
		if after[k] == v {
			continue
		}
		var at int64
		fmt.Sscan(v, &at)
		if _, there := after[k]; there || at < 0 || at > c.now()/1000 {
			return fmt.Sprintf("key %s is %s, was %s", k, after[k], v)
		}
	}
	for k, v := range after {
		if _, ok := before[k]; !ok {
			return fmt.Sprintf("key %s appeared: %s", k, v)
		}
	}
	return ""
}

// unchanged runs f and demands that the database is the same, byte for byte and expiry for expiry.
func (c *caller) unchanged(what string, f func()) {
	c.t.Helper()
	before := c.snapshot()
	f()
	if d := c.difference(before); d != "" {
		c.t.Fatalf("%s: %s", what, d)
	}
}

// now returns the server's clock in microseconds.
func (c *caller) now() int64 {
	c.t.Helper()
	t, err := c.rdb.Time(ctx).Result()
	if err != nil {
		c.t.Fatal(err)
	}
	return t.UnixMicro()
}

// until waits until the server's clock has reached ms since 1970, or puts it there.
func (c *caller) until(ms int64) {
	c.t.Helper()
	if c.server.clock != 0 {
		c.tick(ms*1000 - c.server.clock)
		return
	}
	for {
		left := ms*1000 - c.now()
		if left <= 0 {
			return
		}
		if left > 2000 {
			<-time.After(time.Duration(left-1000) * time.Microsecond) // only spares the processor: the server's clock decides
		}
	}
}

// tick moves a clock that the tests control; others move by themselves.
func (c *caller) tick(us int64) {
	c.t.Helper()
	if c.server.clock == 0 || us <= 0 {
		return
	}
	c.server.clock += us
	if err := c.rdb.Do(ctx, "DEBUG", "CLOCK", c.server.clock).Err(); err != nil {
		c.t.Fatal(err)
	}
}

// pass lets ms milliseconds pass on the server.
func (c *caller) pass(ms int64) {
	c.t.Helper()
	c.until((c.now()+999)/1000 + ms)
}
