package scripting

import (
	"fmt"
	"strings"
	"testing"
)

const counterLib = `#!lua name=counter
redis.register_command{name='ctr.add', arity=-3, keys={first=1,last=1,step=1}, summary='Adds to a counter.', args='key amount',
  callback=function(keys, args) return redis.call('incrby', keys[1], args[1]) end}
redis.register_command{name='ctr.sum', keys={numkeys=1}, flags={'no-writes'},
  callback=function(keys, args) local n = 0 for _, k in ipairs(keys) do n = n + (redis.call('get', k) or 0) end return {n, #args} end}
redis.register_command{name='ctr.twice', keys={first=1}, callback=function(keys, args)
  redis.call('ctr.add', keys[1], args[1])
  return redis.call('CTR.ADD', keys[1], args[1]) end}`

func TestCustomCommands(t *testing.T) {
	w := newWorld(t)
	if got := w.do("function", "load", counterLib); got != "$7\r\ncounter\r\n" {
		t.Fatalf("load: %q", got)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"CTR.ADD", "n", "5"}, ":5\r\n"},
		{[]string{"ctr.add", "n"}, "-ERR wrong number of arguments for 'ctr.add' command\r\n"},
		{[]string{"ctr.add", "n", "x"}, "-ERR value is not an integer or out of range script: ctr.add, on @user_function:3.\r\n"},
		{[]string{"ctr.sum", "2", "n", "m", "extra"}, "*2\r\n:5\r\n:1\r\n"},
		{[]string{"ctr.twice", "n", "1"}, ":7\r\n"},
		{[]string{"eval", "return redis.call('ctr.twice', KEYS[1], 10)", "1", "n"}, ":27\r\n"},
		{[]string{"eval", "return redis.pcall('ctr.add', KEYS[1], 'x').err", "1", "n"}, "$43\r\nERR value is not an integer or out of range\r\n"},
		{[]string{"eval_ro", "return redis.call('ctr.add', KEYS[1], 1)", "1", "n"}, "-ERR Write commands are not allowed from read-only scripts. script:"},
		{[]string{"function", "load", "#!lua name=other\nredis.register_command{name='ctr.add', callback=function() end}"}, "-ERR Command ctr.add already exists\r\n"},
		{[]string{"function", "load", "#!lua name=other\nredis.register_command{name='get', callback=function() end}"}, "-ERR Error registering functions: ERR redis.register_command must get a name"},
		{[]string{"function", "load", "replace", counterLib}, "$7\r\ncounter\r\n"},
		{[]string{"ctr.add", "n", "1"}, ":28\r\n"},
		{[]string{"function", "delete", "counter"}, "+OK\r\n"},
		{[]string{"ctr.add", "n", "1"}, "-ERR unknown command 'ctr.add', with args beginning with: 'n' '1' \r\n"},
		{[]string{"eval", "return redis.call('ctr.twice', KEYS[1], 10)", "1", "n"}, "-ERR Unknown Redis command called from script"},
	} {
		if got := w.do(c.args...); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q\n got %q\nwant %q", c.args, got, c.want)
		}
	}
}

func TestLibrariesShareCode(t *testing.T) {
	w := newWorld(t)
	w.do("function", "load", "#!lua name=base\nredis.export{double=function(n) return 2*n end}")
	w.do("function", "load", "#!lua name=user\nlocal base = redis.require('base')\nredis.register_function('four', function() return base.double(2) end)")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"fcall", "four", "0"}, ":4\r\n"},
		{[]string{"eval", "return redis.require('base').double(21)", "0"}, ":42\r\n"},
		{[]string{"eval", "redis.require('base').double = 1", "0"}, "-ERR user_script:1: Attempt to modify a readonly table"},
		{[]string{"eval", "return redis.require('nosuch')", "0"}, "-ERR Library 'nosuch' not found script:"},
		{[]string{"eval", "return redis.require('user')", "0"}, "-ERR Library 'user' exports nothing script:"},
		{[]string{"function", "delete", "base"}, "-ERR Library 'base' is required by 'user'\r\n"},
		{[]string{"function", "load", "replace", "#!lua name=base\nlocal u = redis.require('user') redis.export{}"}, "-ERR Error registering functions: ERR Library 'user' exports nothing"},
		{[]string{"function", "load", "replace", "#!lua name=base\nredis.export{double=function(n) return 3*n end}"}, "$4\r\nbase\r\n"},
		{[]string{"fcall", "four", "0"}, ":6\r\n"},
		{[]string{"function", "load", "#!lua name=self\nredis.require('self')"}, "-ERR Error registering functions: ERR Library 'self' requires itself"},
	} {
		if got := w.do(c.args...); !strings.HasPrefix(got, c.want) {
			t.Errorf("%q\n got %q\nwant %q", c.args, got, c.want)
		}
	}
}

// TestLibraryKeepsWhatAScriptGivesIt: the closures of a script serve the next script again, but not when a library may have kept them.
func TestLibraryKeepsWhatAScriptGivesIt(t *testing.T) {
	w := newWorld(t)
	w.do("function", "load", "#!lua name=base\nlocal kept\nredis.export{keep=function(f) kept = f end}\nredis.register_function('kept', function() return kept() end)")
	w.do("function", "load", `#!lua name=own
		local own
		redis.register_command{name='own.make', callback=function() local n = 40 own = function() n = n + 2 return n end end}
		redis.register_function('own', function() return own() end)`)
	w.do("eval", "redis.call('own.make')", "0")
	w.do("eval", "local n = 40 local function up() n = n + 1 return n end redis.require('base').keep(function() up() return up() end)", "0")
	for want := 42; want < 50; want += 2 {
		if got := w.do("eval", "local a = 1 local function f() return a end local function g() return f() end return g()", "0"); got != ":1\r\n" {
			t.Fatal(got)
		}
		if got := w.do("fcall", "kept", "0"); got != fmt.Sprintf(":%d\r\n", want) {
			t.Errorf("what the script gave: got %q, want %d", got, want)
		}
		if got := w.do("fcall", "own", "0"); got != fmt.Sprintf(":%d\r\n", want) {
			t.Errorf("what a command made inside a script: got %q, want %d", got, want)
		}
	}
}

func TestCyclesAreRefused(t *testing.T) {
	w := newWorld(t)
	w.do("function", "load", "#!lua name=a\nredis.export{}")
	w.do("function", "load", "#!lua name=b\nredis.require('a') redis.export{}")
	got := w.do("function", "load", "replace", "#!lua name=a\nredis.require('b') redis.export{}")
	if got != "-ERR Error registering functions: ERR Libraries 'b' and 'a' require each other\r\n" {
		t.Errorf("reply %q", got)
	}
}

// rowMap is a RowWriter over a map.
type rowMap map[string]string

func (r rowMap) Set(k, v []byte)             { r[string(k)] = string(v) }
func (r rowMap) Delete(k []byte)             { delete(r, string(k)) }
func (r rowMap) DeleteRange(from, to []byte) {}

func TestLibrariesAreLoadedInAnyOrder(t *testing.T) {
	w := newWorld(t)
	store := rowMap{}
	w.keep = store
	w.do("function", "load", "#!lua name=z_base\nredis.export{one=1}")
	w.do("function", "load", "#!lua name=a_user\nlocal base = redis.require('z_base')\nredis.register_function('one', function() return base.one end)")
	sha := w.do("script", "load", "return 7")[5:45]

	back := newWorld(t)
	l := back.ks.NewLoader()
	for _, name := range []string{"!state", "Fa_user", "Fz_base", "S" + sha} {
		if err := l.Load([]byte(name), []byte(store[name])); err != nil {
			t.Fatal(err)
		}
	}
	if err := back.r.Loaded(); err != nil {
		t.Fatal(err)
	}
	if got := back.do("fcall", "one", "0") + back.do("evalsha", sha, "0"); got != ":1\r\n:7\r\n" {
		t.Errorf("after the load %q", got)
	}
}
