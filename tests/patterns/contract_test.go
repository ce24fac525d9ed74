// The rules every function keeps, checked over all of them from what their headers say.
package patterns

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/evald/evald/scripts"
)

// example is the call of a function's header, taken apart.
type example struct {
	keys []string
	args []any
}

// parseExample reads "FCALL name numkeys key... arg...". "" stands for an empty argument.
func parseExample(t *testing.T, f scripts.Function) example {
	t.Helper()
	words := strings.Fields(f.Example)
	var n int
	if len(words) < 3 || words[1] != f.Name {
		t.Fatalf("%s: example %q", f.Name, f.Example)
	}
	if _, err := fmt.Sscan(words[2], &n); err != nil || len(words) < 3+n {
		t.Fatalf("%s: example %q", f.Name, f.Example)
	}
	e := example{keys: words[3 : 3+n]}
	for _, w := range words[3+n:] {
		if w == `""` {
			w = ""
		}
		e.args = append(e.args, w)
	}
	return e
}

// functions runs f for every function on every server in both ways.
func functions(t *testing.T, f func(t *testing.T, c *caller, fn scripts.Function, e example)) {
	each(t, func(t *testing.T, c *caller) {
		for _, lib := range scripts.Libraries() {
			for _, fn := range lib.Functions {
				t.Run(fn.Name, func(t *testing.T) {
					c := &caller{t: t, rdb: c.rdb, fn: c.fn, server: c.server}
					c.rdb.FlushDB(ctx)
					f(t, c, fn, parseExample(t, fn))
				})
			}
		}
	})
}

// The example works, twice; its keys have one slot; a function that may not write says so and is called by FCALL_RO.
func TestContractExample(t *testing.T) {
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		readonly := slices.Contains(fn.Flags, "no-writes")
		if readonly != strings.HasPrefix(fn.Example, "FCALL_RO ") {
			t.Fatalf("flags %v, example %q", fn.Flags, fn.Example)
		}
		tag := regexp.MustCompile(`\{([^}]+)\}`)
		tags := map[string]bool{}
		for _, k := range e.keys {
			tags[tag.FindString(k)] = true
		}
		if len(tags) > 1 || tags[""] {
			t.Fatalf("keys %v do not share one hash tag", e.keys)
		}
		c.call(fn.Name, e.keys, e.args...)
		c.call(fn.Name, e.keys, e.args...)
	})
}

// Regression 30: every key a call creates has a time to live, unless the header says "no TTL".
func TestContractTTL(t *testing.T) {
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		c.call(fn.Name, e.keys, e.args...)
		for i, k := range e.keys {
			param := fn.Keys[min(i, len(fn.Keys)-1)]
			if ttl := c.rdb.PTTL(ctx, k).Val(); ttl == -1 && !strings.Contains(param.Text, "no TTL") {
				t.Errorf("key %s (%s) has no TTL", k, param.Name)
			}
		}
		names := c.rdb.Keys(ctx, "*").Val()
		for _, k := range names {
			if !slices.Contains(e.keys, k) {
				t.Errorf("key %s was written but not declared", k)
			}
		}
	})
}

// A bad argument gets an error with a code, and nothing is written. State is there already, so that a write would show.
func TestContractBadArguments(t *testing.T) {
	bad := []any{"", "abc", "-1", "-7.5", "1.5", "nan", "inf", "-inf", "1e300", "0x", "9007199254740993", "1e", " ", strings.Repeat("9", 400)}
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		check := func(what string, keys []string, args []any) {
			c.rdb.FlushDB(ctx)
			c.call(fn.Name, e.keys, e.args...)
			before := c.snapshot()
			v, err := c.try(fn.Name, keys, args...)
			if err == nil {
				if what == "missing" {
					t.Errorf("%v %v = %s, want an error", keys, args, text(v))
				}
				return
			}
			if code, _, _ := strings.Cut(err.Error(), " "); code == "ERR" || code != strings.ToUpper(code) {
				t.Errorf("%v %v: %v: not a coded error", keys, args, err)
			}
			if d := c.difference(before); d != "" {
				t.Errorf("%v %v: failed with %v but wrote: %s", keys, args, err, d)
			}
		}
		required := 0
		for _, p := range fn.Args {
			if !p.Optional {
				required++
			}
		}
		for i := range e.args {
			for _, b := range bad {
				args := slices.Clone(e.args)
				args[i] = b
				check("bad", e.keys, args)
			}
			what := "short"
			if i < required {
				what = "missing"
			}
			check(what, e.keys, e.args[:i])
		}
		for i := range e.keys {
			what := "short"
			if i < len(fn.Keys) && !fn.Keys[i].Optional && (i == 0 || !fn.Keys[i].Repeated) {
				what = "missing"
			}
			check(what, e.keys[:i], e.args)
		}
	})
}

// Numeric arguments refuse what is no number, one by one.
func TestContractNumbers(t *testing.T) {
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		for i := range e.args {
			p := fn.Args[min(i, len(fn.Args)-1)]
			if p.Repeated || !slices.Contains([]string{"ms", "us", "s", "count", "integer", "number", "bool"}, p.Unit) && !strings.Contains(p.Unit, "|") {
				continue
			}
			for _, b := range []any{"abc", "nan", "1e300", ""} {
				if b == "1e300" && p.Unit == "number" {
					continue
				}
				args := slices.Clone(e.args)
				args[i] = b
				if v, err := c.try(fn.Name, e.keys, args...); err == nil || !strings.HasPrefix(err.Error(), "BADARG ") {
					t.Errorf("%s=%q: %s, %v; want BADARG", p.Name, b, text(v), err)
				}
			}
		}
	})
}

// Regression 29: a key of the wrong type gives WRONGTYPE and nothing is written.
func TestContractWrongType(t *testing.T) {
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		for i, k := range e.keys {
			param := fn.Keys[min(i, len(fn.Keys)-1)]
			if param.Unit == "channel" {
				continue
			}
			for _, fresh := range []bool{true, false} {
				c.rdb.FlushDB(ctx)
				if !fresh {
					c.call(fn.Name, e.keys, e.args...)
					c.rdb.Del(ctx, k)
				}
				c.rdb.SAdd(ctx, k, "a set") // no function keeps a set
				before := c.snapshot()
				v, err := c.try(fn.Name, e.keys, e.args...)
				if err != nil && !strings.HasPrefix(err.Error(), "WRONGTYPE ") {
					t.Errorf("key %d (%s): %v, want WRONGTYPE", i+1, param.Name, err)
				}
				d := c.difference(before)
				if err != nil && d != "" {
					t.Errorf("key %d (%s): failed but wrote: %s", i+1, param.Name, d)
				}
				if err == nil && c.snapshot()[k] != before[k] && !strings.Contains(param.Text, "overwritten") && fn.Name != "rl_reset" {
					t.Errorf("key %d (%s): a key of another type was overwritten; reply %s", i+1, param.Name, text(v))
				}
			}
		}
	})
}

// Integers are formatted as integers: no value or member in any key looks like 1.7e+15.
func TestContractIntegers(t *testing.T) {
	exponent := regexp.MustCompile(`\d[eE]\+\d\d`)
	functions(t, func(t *testing.T, c *caller, fn scripts.Function, e example) {
		v := c.call(fn.Name, e.keys, e.args...)
		seen := []any{text(v)}
		for _, k := range c.rdb.Keys(ctx, "*").Val() {
			switch c.rdb.Type(ctx, k).Val() {
			case "string":
				seen = append(seen, c.rdb.Get(ctx, k).Val())
			case "hash":
				seen = append(seen, c.rdb.HGetAll(ctx, k).Val())
			case "zset":
				seen = append(seen, c.rdb.ZRange(ctx, k, 0, -1).Val())
			}
		}
		if s := fmt.Sprint(seen...); exponent.MatchString(s) {
			t.Errorf("a number with an exponent: %s", s)
		}
	})
}
