package scripting

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/server/resp"
)

// client is a caller that may do everything.
type client struct{}

func (client) ID() uint64                        { return 1 }
func (client) Select(c *command.Ctx, db int)     { c.DB = c.KS.DB(db) }
func (client) Block(*command.Ctx, command.Block) {}
func (client) Allowed(*command.Ctx) error        { return nil }
func (client) Authenticated() bool               { return true }

// world is a keyspace with all commands and no server around it.
type world struct {
	t    testing.TB
	ks   *engine.Keyspace
	r    *Runtime
	ctx  command.Ctx
	out  resp.Writer
	keep engine.RowWriter // takes the rows, if not nil
}

func newWorld(t testing.TB) *world {
	start := time.Now()
	env := &command.Env{MaxBulk: 512 << 20, Nanotime: func() int64 { return int64(time.Since(start)) }}
	ks := engine.New(engine.Options{Random: rand.New(rand.NewPCG(1, 2)).Uint64})
	ks.BeginTurn(1_700_000_000_000_000)
	w := &world{t: t, ks: ks}
	w.r = New(Options{KS: ks, Env: env, Version: "7.4.2"})
	env.Table = command.NewTable(command.Generic(), command.Strings(), command.Hashes(), command.Lists(), command.Sets(), command.SortedSets(), w.r.Commands())
	w.ctx = command.Ctx{KS: ks, DB: ks.DB(0), Env: env, Client: client{}, Reply: &w.out}
	return w
}

// do runs a command as one unit and returns the RESP2 reply.
func (w *world) do(args ...string) string {
	raw := make([][]byte, len(args))
	for i, a := range args {
		raw[i] = []byte(a)
	}
	w.out.Buf = w.out.Buf[:0]
	w.run(raw)
	return string(w.out.Buf)
}

func (w *world) run(raw [][]byte) {
	spec, err := w.ctx.Env.Table.Resolve(raw)
	if err != nil {
		w.out.Error(err.Error())
		return
	}
	w.ctx.Spec, w.ctx.Args = spec, raw
	w.ks.Begin(false)
	if err := command.Check(&w.ctx); err != nil {
		w.out.Error(err.Error())
	} else {
		_ = command.Call(&w.ctx)
	}
	w.ks.End()
	w.ks.EncodeTurn(w.keep)
}

// Replies are those of redis-server 7.0.15, but for the SHA1, which is cut.
func TestEvalRepliesAsRedis(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{"return 1", ":1\r\n"},
		{"return 3.99", ":3\r\n"},
		{"return 1e100", ":-9223372036854775808\r\n"},
		{"return {1,2,nil,4}", "*2\r\n:1\r\n:2\r\n"},
		{"return {err='a\\r\\nb'}", "-a  b\r\n"},
		{"return {ok='a\\r\\nb'}", "+a  b\r\n"},
		{"return true", ":1\r\n"},
		{"return false", "$-1\r\n"},
		{"return redis.call('set',KEYS[1],ARGV[1])", "+OK\r\n"},
		{"return redis.call('get',KEYS[1])", "$1\r\nv\r\n"},
		{"return redis.call('get','nokey')", "$-1\r\n"},
		{"return type(redis.call('get','nokey'))", "$7\r\nboolean\r\n"},
		{"return redis.pcall('nosuch')", "-ERR Unknown Redis command called from script\r\n"},
		{"return redis.pcall('get')", "-ERR Wrong number of args calling Redis command from script\r\n"},
		{"redis.call('incrby','k','x')", "-ERR value is not an integer or out of range script: SHA, on @user_script:1.\r\n"},
		{"redis.call('lpush','k','x')", "-WRONGTYPE Operation against a key holding the wrong kind of value script: SHA, on @user_script:1.\r\n"},
		{"return redis.error_reply('abc')", "-ERR abc\r\n"},
		{"return redis.error_reply('-ABC abc')", "-ABC abc\r\n"},
		{"return redis.error_reply(1)", "-ERR wrong number or type of arguments\r\n"},
		{"redis.call()", "-ERR Please specify at least one argument for this redis lib call script: SHA, on @user_script:1.\r\n"},
		{"redis.call({})", "-ERR Lua redis lib command arguments must be strings or integers script: SHA, on @user_script:1.\r\n"},
		{"return redis.sha1hex()", "-ERR wrong number of arguments script: SHA, on @user_script:1.\r\n"},
		{"redis.log()", "-ERR redis.log() requires two arguments or more. script: SHA, on @user_script:1.\r\n"},
		{"redis.log(10,'x')", "-ERR Invalid debug level. script: SHA, on @user_script:1.\r\n"},
		{"error({err='MY x'})", "-MY x script: SHA, on @user_script:1.\r\n"},
		{"error('boom',0)", "-ERR boom script: SHA, on @user_script:1.\r\n"},
		{"error('boom')", "-ERR user_script:1: boom script: SHA, on @user_script:1.\r\n"},
		{"error()", "-ERR nil script: SHA, on @user_script:1.\r\n"},
		{"redis.setresp(4)", "-ERR RESP version must be 2 or 3. script: SHA, on @user_script:1.\r\n"},
		{"return redis.acl_check_cmd('x')", "-ERR Invalid command passed to redis.acl_check_cmd() script: SHA, on @user_script:1.\r\n"},
		{"return redis.call('eval','x',0)", "-ERR This Redis command is not allowed from script script: SHA, on @user_script:1.\r\n"},
		{"redis.foo=1", "-ERR user_script:1: Attempt to modify a readonly table script: SHA, on @user_script:1.\r\n"},
		{"return foo", "-ERR user_script:1: Script attempted to access nonexistent global variable 'foo' script: SHA, on @user_script:1.\r\n"},
		{"return {map={a=1}}", "*2\r\n$1\r\na\r\n:1\r\n"},
		{"return {set={a=true}}", "*1\r\n$1\r\na\r\n"},
		{"return {double=1.5}", "$3\r\n1.5\r\n"},
		{"return {1,{2,{err='x y'}}}", "*2\r\n:1\r\n*2\r\n:2\r\n-x y\r\n"},
		{"return {err=1}", "*0\r\n"},
		{"return redis.foo", "$-1\r\n"},
		{"local x,y=pcall(function() redis.call('incr','k','x') end) return {type(y),tostring(y)}", "*2\r\n$6\r\nstring\r\n$58\r\nERR Wrong number of args calling Redis command from script\r\n"},
		{"return redis.call('zadd','z',0.1,'m') + tonumber(redis.call('zscore','z','m'))*10", ":2\r\n"},
		{"if", "-ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'\r\n"},
		{"#!lua flags=no-writes\nreturn redis.call('set','k','v')", "-ERR Write commands are not allowed from read-only scripts. script: SHA, on @user_script:2.\r\n"},
		{"#!js\nreturn 1", "-ERR Unexpected engine in script shebang: #!js\r\n"},
		{"#!lua flags=bad\nreturn 1", "-ERR Unexpected flag in script shebang: bad\r\n"},
		{"#!lua name=x\nreturn 1", "-ERR Unknown lua shebang option: name=x\r\n"},
		{"#!lua", "-ERR Invalid script shebang\r\n"},
	} {
		w := newWorld(t)
		w.do("set", "k", "v")
		got := w.do("eval", c.script, "1", "k", "v")
		if i := strings.Index(got, " script: "); i >= 0 && len(got) > i+49 {
			got = got[:i+9] + "SHA" + got[i+49:]
		}
		if got != c.want {
			t.Errorf("%s\n got %q\nwant %q", c.script, got, c.want)
		}
	}
}

func TestRollbackFlagUndoesAFailedScript(t *testing.T) {
	w := newWorld(t)
	w.do("set", "k", "before")
	w.do("eval", "#!lua flags=rollback\nredis.call('set','k','inside') redis.call('zadd','z',1,'m') error('no')", "0")
	if got := w.do("get", "k"); got != "$6\r\nbefore\r\n" {
		t.Errorf("k is %q", got)
	}
	if got := w.do("exists", "z"); got != ":0\r\n" {
		t.Errorf("exists z: %q", got)
	}
	w.do("eval", "redis.call('set','k','inside') error('no')", "0")
	if got := w.do("get", "k"); got != "$6\r\ninside\r\n" {
		t.Errorf("without the flag k is %q", got)
	}
}

// A script allocates its tables and, for many at once, room for its short strings: nothing else.
func TestEvalshaAllocates(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		script, reply string
		allocs        float64
	}{
		{"return 1", ":1\r\n", 0},
		{"redis.call('set','k','v') redis.call('hset','h','f','v') return redis.call('exists','k')", ":1\r\n", 0},
		{"return redis.call('get','k')", "$1\r\nv\r\n", 0},
		{"return redis.call('set','k','v')", "+OK\r\n", 1},
		{"return {redis.call('get','k'), string.format('%.0f', 5), 6}", "*3\r\n$1\r\nv\r\n$1\r\n5\r\n:6\r\n", 1},
		{"return redis.call('hmget','h','f','g')", "*2\r\n$1\r\nv\r\n$-1\r\n", 1},
	} {
		sha := w.do("script", "load", c.script)[5:45]
		raw := [][]byte{[]byte("evalsha"), []byte(sha), []byte("0")}
		run := func() {
			w.out.Buf = w.out.Buf[:0]
			w.run(raw)
		}
		run()
		if string(w.out.Buf) != c.reply {
			t.Fatalf("%s: reply %q", c.script, w.out.Buf)
		}
		if n := testing.AllocsPerRun(1000, run); n != c.allocs {
			t.Errorf("%s: %v allocations per call, want %v", c.script, n, c.allocs)
		}
	}
}
func BenchmarkLockRelease(b *testing.B) {
	w := newWorld(b)
	sha := w.do("script", "load", "if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('del',KEYS[1]) else return 0 end")[5:45]
	raw := [][]byte{[]byte("evalsha"), []byte(sha), []byte("1"), []byte("lock"), []byte("token")}
	b.ReportAllocs()
	for b.Loop() {
		w.out.Buf = w.out.Buf[:0]
		w.run(raw)
	}
}
