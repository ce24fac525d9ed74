// The rules every function keeps about keys, time and size, checked over all of them.
package patterns

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/scripts"
)

// A function touches no key and tells no channel that is not among those it is given: it is called by a user who may touch no
// others. Its example is called twice, and then every case of the rules.
func TestContractDeclaredKeys(t *testing.T) {
	denied := regexp.MustCompile(`NOPERM|can't (access|publish)|[Pp]ermission`)
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		const user = "declared"
		defer c.rdb.Do(ctx, "ACL", "DELUSER", user)
		try := func(keys []string, call func(c *caller) error) {
			rule := []any{"ACL", "SETUSER", user, "reset", "on", "nopass", "+@all"}
			for _, k := range keys {
				rule = append(rule, "~"+k, "&"+k)
			}
			if err := c.rdb.Do(ctx, rule...).Err(); err != nil {
				t.Fatal(err)
			}
			rdb := redis.NewClient(&redis.Options{Addr: c.server.addr, Username: user, Password: "any", MaxRetries: -1, Protocol: 2})
			defer rdb.Close()
			if err := call(&caller{t: t, rdb: rdb, fn: c.fn, server: c.server}); err != nil && denied.MatchString(err.Error()) {
				t.Errorf("with the keys %v: %v", keys, err)
			}
		}
		for range 2 {
			try(e.keys, func(c *caller) error { _, err := c.try(fn.Name, e.keys, e.args...); return err })
		}
		for _, r := range slices.Concat(refusals(), repeats()) {
			if r.name != fn.Name {
				continue
			}
			c.prepare(r)
			keys, _ := c.words(r.call)
			for range 2 {
				try(keys, func(c *caller) error { _, err := c.do(r.name, r.call); return err })
			}
		}
	})
}

// The server's clock is read once in a call at most, and no other clock at all.
func TestContractOneInstant(t *testing.T) {
	other := regexp.MustCompile(`os\.(time|clock|date)|'TIME'`)
	counted := func(c *caller, fn scripts.Function, keys []string, args []any) {
		_, rest, _ := strings.Cut(fn.Script, "\n")
		rest = strings.ReplaceAll(rest, "redis.call('TIME')", "time()")
		if m := other.FindString(rest); m != "" {
			c.t.Errorf("the source reads another clock: %s", m)
		}
		src := "#!lua\nlocal n = 0\nlocal function time() n = n + 1 return redis.call('TIME') end\nlocal function main()\n" + rest + "\nend\nmain()\nreturn n"
		cmd := []any{"EVAL", src, len(keys)}
		for _, k := range keys {
			cmd = append(cmd, k)
		}
		if n, err := c.rdb.Do(ctx, append(cmd, args...)...).Int(); err != nil || n > 1 {
			c.t.Errorf("%v %v: the clock was read %d times (%v)", keys, args, n, err)
		}
	}
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		if !c.fn { // the source is the same both ways
			return
		}
		for range 2 {
			counted(c, fn, e.keys, e.args)
		}
		for _, r := range slices.Concat(refusals(), repeats()) {
			if r.name == fn.Name {
				c.prepare(r)
				keys, args := c.words(r.call)
				for range 2 {
					counted(c, fn, keys, args)
				}
			}
		}
	})
}

// A call touches a thousand elements at most: what takes a list refuses a longer one before it writes. lb_merge, which is bounded by
// its boards' members, takes keys in the number its parts and weights say.
func TestContractBounded(t *testing.T) {
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		long := func(keys []string, args []any) {
			c.rdb.FlushDB(ctx)
			c.call(fn.Name, e.keys, e.args...)
			before := c.snapshot()
			v, err := c.try(fn.Name, keys, args...)
			if err == nil || !strings.HasPrefix(err.Error(), "BADARG ") {
				t.Errorf("%d keys, %d arguments: %.100s, %v; want BADARG", len(keys), len(args), text(v), err)
			}
			if d := c.difference(before); d != "" {
				t.Errorf("refused, but: %s", d)
			}
		}
		if n := len(fn.Keys); n > 0 && fn.Keys[n-1].Repeated {
			keys := slices.Clone(e.keys)
			for i := range 6000 {
				keys = append(keys, fmt.Sprintf("%s:%d", e.keys[len(e.keys)-1], i))
			}
			long(keys, e.args)
		}
		if n := len(fn.Args); n > 0 && fn.Args[n-1].Repeated {
			args := slices.Clone(e.args)
			for range 6000 {
				args = append(args, e.args[len(e.args)-1])
			}
			long(e.keys, args)
		}
		for i, p := range fn.Args { // a number of elements to read, drop or draw
			if count := slices.Contains([]string{"count", "limit", "before", "after"}, p.Name) && p.Unit == "count" && fn.Library != "ratelimit"; count || p.Name == "n" && strings.HasPrefix(fn.Name, "queue") {
				args := slices.Clone(e.args)
				args[i] = 1001
				long(e.keys, args)
			}
		}
	})
}

// Keys in different slots are refused in a cluster, and nothing is written; with one hash tag every function works there.
func TestContractSlots(t *testing.T) {
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skipf("%d functions need redis-server on PATH for a cluster", len(allFunctions()))
	}
	addr, stop, err := startServer(binary, func(port, dir string) []string {
		return append(redisArgs(port, dir), "--cluster-enabled", "yes", "--cluster-port", freePort(t))
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	rdb := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, Protocol: 2})
	defer rdb.Close()
	if err := rdb.Do(ctx, "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	if err := load(rdb); err != nil {
		t.Fatal(err)
	}
	c := &caller{t: t, rdb: rdb, server: &server{name: "cluster", addr: addr}}
	for !strings.Contains(rdb.ClusterInfo(ctx).Val(), "cluster_state:ok") {
		c.pass(1)
	}
	for _, c.fn = range []bool{true, false} {
		for _, fn := range allFunctions() {
			e := parseExample(t, fn)
			rdb.FlushDB(ctx)
			c.call(fn.Name, e.keys, e.args...)
			before := c.snapshot()
			for i := 1; i < len(e.keys); i++ {
				keys := slices.Clone(e.keys)
				keys[i] = "another:{slot}"
				if v, err := c.try(fn.Name, keys, e.args...); err == nil || !strings.HasPrefix(err.Error(), "CROSSSLOT ") {
					t.Errorf("%s %v: %s, %v; want CROSSSLOT", fn.Name, keys, text(v), err)
				}
			}
			if d := c.difference(before); d != "" {
				t.Errorf("%s with keys in two slots: %s", fn.Name, d)
			}
		}
	}
}

func allFunctions() (list []scripts.Function) {
	for _, lib := range scripts.Libraries() {
		list = append(list, lib.Functions...)
	}
	return list
}
