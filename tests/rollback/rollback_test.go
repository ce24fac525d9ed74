// Package rollback runs random scripts that fail and checks that they leave nothing behind: not in the data and its expiries, not for
// WATCH, subscribers, tracking and blocked clients, not in INFO, and not in the store.
package rollback

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/reply"
	"github.com/evald/evald/server"
	"github.com/evald/evald/tests/diff"
)

// wire is one client connection.
type wire struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
	last [][]string // sent
}

func dial(t testing.TB, s *server.Server) *wire {
	c := s.Dial()
	t.Cleanup(func() { c.Close() })
	return &wire{t: t, conn: c, r: bufio.NewReaderSize(c, 1<<16)}
}

const patience = 30 * time.Second

func (w *wire) send(commands ...[]string) {
	w.t.Helper()
	w.last = commands
	var out []byte
	for _, args := range commands {
		out = respclient.AppendCommand(out, args...)
	}
	w.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := w.conn.Write(out); err != nil {
		w.t.Fatal("send: ", err)
	}
}

func (w *wire) read() reply.Value {
	w.t.Helper()
	w.conn.SetReadDeadline(time.Now().Add(patience))
	v, err := reply.Read(w.r)
	if err != nil {
		w.t.Fatalf("after %.2000q: read: %v", w.last, err)
	}
	return v
}

func (w *wire) do(args ...string) reply.Value {
	w.t.Helper()
	w.send(args)
	return w.read()
}

// all sends commands at once and returns their replies.
func (w *wire) all(commands ...[]string) (list []reply.Value) {
	w.t.Helper()
	w.send(commands...)
	for range commands {
		list = append(list, w.read())
	}
	return list
}

// fingerprint shows every key of every database that is used: its encoding, times to live and DUMP. Two things that DUMP shows are not
// part of a value, and a restart does not keep them either: the order of a hash table (a hash whose fields expire is one here) and how a stream's entries are spread over nodes.
// In their place stand the elements.
const fingerprint = `
local function elements(list, step)
  local out = {}
  for i = 1, #list, step do out[#out + 1] = table.concat({unpack(list, i, i + step - 1)}, '=') end
  table.sort(out)
  return table.concat(out, ' ')
end
local function value(key, kind, encoding)
  if encoding == 'hashtable' and kind == 'set' then return elements(redis.call('smembers', key), 1) end
  if encoding == 'hashtable' or encoding == 'listpackex' then
    local times = {}
    for _, field in ipairs(redis.call('hkeys', key)) do
      times[#times + 1] = field
      times[#times + 1] = redis.call('hpexpiretime', key, 'FIELDS', 1, field)[1]
    end
    return elements(redis.call('hgetall', key), 2) .. elements(times, 2)
  end
  if kind == 'stream' then
    local info = redis.call('xinfo', 'stream', key, 'FULL', 'COUNT', 0)
    for i = 1, #info, 2 do
      if string.find(info[i], 'radix') then info[i + 1] = 0 end
    end
    return cjson.encode(info)
  end
  return redis.call('dump', key)
end
local list = {}
for db = 0, 2 do
  redis.call('select', db)
  local keys = redis.call('keys', '*')
  table.sort(keys)
  for _, key in ipairs(keys) do
    local kind, encoding = redis.call('type', key).ok, redis.call('object', 'encoding', key)
    list[#list + 1] = table.concat({db, key, encoding, redis.call('pexpiretime', key), (value(key, kind, encoding))}, ' ')
  end
end
return list`

// world is a server, the clients that must not notice anything, and the one that tries.
type world struct {
	t       *testing.T
	s       *server.Server
	store   *store
	now     *atomic.Int64
	caller  *wire // runs the attempts
	killer  *wire
	watcher *wire   // watches keys
	ear     *wire   // subscribes to everything, keyspace events and invalidations included
	blocked []*wire // wait for keys that scripts write
	waiting int
	n       int // of the last sentinel
}

func start(t *testing.T, rows *store, now *atomic.Int64) *server.Server {
	s, err := server.New(server.Options{Addr: "none", Dir: t.TempDir(), Clock: now.Load, Random: rand.New(rand.NewPCG(1, 2)).Uint64,
		OpenStore: func(string, string) (server.Store, error) { return rows, nil },
		Config:    map[string]string{"enable-debug-command": "yes", "busy-reply-threshold": "1", "notify-keyspace-events": "KEAmn"}})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, store: &store{}, now: new(atomic.Int64)}
	w.now.Store(1_714_000_000_000_000)
	w.s = start(t, w.store, w.now)
	w.caller, w.killer, w.watcher, w.ear = dial(t, w.s), dial(t, w.s), dial(t, w.s), dial(t, w.s)
	w.open()
	w.caller.do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
	if v := w.caller.do("FUNCTION", "LOAD", library); v.Kind == '-' {
		t.Fatal(v)
	}
	w.ear.do("HELLO", "3")
	w.ear.do("CLIENT", "TRACKING", "ON", "BCAST")
	w.ear.do("SSUBSCRIBE", "channel")
	w.ear.do("PSUBSCRIBE", "*")
	return w
}

// open makes the connections that will wait.
func (w *world) open() {
	for range 4 {
		w.blocked = append(w.blocked, dial(w.t, w.s))
	}
}

// block makes every client wait that does not.
func (w *world) block() {
	for ; w.waiting < len(w.blocked); w.waiting++ {
		w.blocked[w.waiting].send([][]string{{"BLPOP", "waited:list", "l1x", "0"}, {"BZPOPMIN", "waited:zset", "0"}, {"XREAD", "BLOCK", "0", "STREAMS", "waited:stream", "$"},
			{"BLMOVE", "waited:list", "waited:other", "LEFT", "LEFT", "0"}}[w.waiting])
	}
	w.untilWaiting(w.waiting)
}

// untilWaiting returns when that many clients wait.
func (w *world) untilWaiting(n int) {
	for end := time.Now().Add(patience); !strings.Contains(w.info("clients"), fmt.Sprintf("blocked_clients:%d\r\n", n)); {
		if time.Now().After(end) {
			w.t.Fatalf("%d clients should wait:\n%s", n, w.caller.do("CLIENT", "LIST").Text)
		}
	}
}

func (w *world) info(section string) string { return w.caller.do("INFO", section).Text }

// changes is INFO's count of changes.
func (w *world) changes() string {
	_, rest, _ := strings.Cut(w.info("persistence"), "rdb_changes_since_last_save:")
	n, _, _ := strings.Cut(rest, "\r\n")
	return n
}

// heard returns what the ear was sent up to a sentinel.
func (w *world) heard() (list []string) {
	w.n++
	sentinel := "sentinel " + strconv.Itoa(w.n)
	if v := w.caller.do("PUBLISH", "sentinel", sentinel); v.Text != "1" {
		w.t.Fatalf("PUBLISH: %s", v)
	}
	for {
		v := w.ear.read()
		if n := len(v.Elems); n > 0 && v.Elems[n-1].Text == sentinel {
			return list
		}
		list = append(list, v.String())
	}
}

// run makes an attempt and returns its replies.
func (w *world) run(a attempt) []reply.Value {
	w.caller.send(a.commands...)
	if a.kill != "" {
		for words := strings.Fields(a.kill); ; {
			v := w.killer.do(words...)
			if v.Kind == '+' {
				break
			}
			if !strings.HasPrefix(v.Text, "NOTBUSY") {
				w.t.Errorf("%s: %s", a.kill, v)
				break
			}
		}
	}
	list := make([]reply.Value, len(a.commands))
	for i := range list {
		list[i] = w.caller.read()
	}
	return list
}

// try makes an attempt and compares everything with what was before. It tells whether all was well.
func (w *world) try(a attempt, expiring bool) bool {
	w.watcher.all([]string{"WATCH", "s1", "s2", "n1", "b1", "h1", "h2", "l1", "t1", "i1", "z1", "x1", "g1", "p1", "ended", "waited:list"})
	look := [][]string{{"EVAL_RO", fingerprint, "0"}, {"INFO", "clients"}}
	var before []reply.Value
	if !expiring {
		before = w.caller.all(look...)
	}
	w.heard()
	digest, faults := w.s.Check()
	changes, commits := w.changes(), w.store.count()
	if a.multi {
		w.caller.do("CONFIG", "SET", "multi-rollback", "yes")
	}
	replies := w.run(a)
	if a.multi {
		w.caller.all([]string{"DISCARD"}, []string{"SELECT", "0"}, []string{"CONFIG", "SET", "multi-rollback", "no"})
	}
	after, more := w.s.Check()
	well := true
	fault := func(format string, args ...any) {
		well = false
		w.t.Errorf(format, args...)
	}
	for _, f := range append(faults, more...) {
		fault("check: %v", f)
	}
	if a.inside {
		w.settle(a, replies, fault)
		return well
	}
	if digest != after {
		fault("the data is not what it was")
	}
	if n := w.store.count(); n != commits {
		fault("%d turns were committed", n-commits)
	}
	if n := w.changes(); n != changes {
		fault("rdb_changes_since_last_save was %s, is %s", changes, n)
	}
	if list := w.heard(); len(list) > 0 {
		fault("subscribers got %q", list)
	}
	if v := w.watcher.all([]string{"MULTI"}, []string{"EXEC"})[1]; v.IsNull() && !expiring {
		fault("a watched key counts as changed")
	}
	if !expiring {
		for i, v := range w.caller.all(look...) {
			if i == 0 && v.String() != before[0].String() {
				fault("%s", differences(before[0], v))
			}
			if _, rest, _ := strings.Cut(v.Text, "blocked_clients:"); i == 1 && !strings.HasPrefix(rest, strconv.Itoa(len(w.blocked))+"\r\n") {
				fault("blocked_clients:%.8q", rest)
			}
		}
	}
	if !well {
		for i, c := range a.commands {
			w.t.Logf("%s\n%s", reply.Line(c), replies[i])
		}
	}
	return well
}

// settle is the end of an attempt that keeps a part.
func (w *world) settle(a attempt, replies []reply.Value, fault func(format string, args ...any)) {
	list := replies[len(replies)-1].Elems
	if len(list) != 4 {
		fault("EXEC gave %s", replies[len(replies)-1])
	} else if d := differences(list[1], list[3]); d != "" || list[1].String() != list[3].String() {
		fault("%s", d)
		for _, c := range a.commands {
			w.t.Logf("%s", reply.Line(c))
		}
	}
	w.watcher.do("UNWATCH")
	w.heard()
	for _, b := range w.blocked {
		b.conn.Close()
	}
	w.untilWaiting(0) // or one that the server still counts would be taken for one of the next
	// What the attempt has kept in another database, a SWAPDB between later ones would serve to the waiting clients.
	for db := range 3 {
		w.caller.all([]string{"SELECT", strconv.Itoa(db)}, []string{"DEL", "waited:list", "waited:zset", "waited:stream", "waited:other"})
	}
	w.caller.do("SELECT", "0")
	w.blocked, w.waiting = w.blocked[:0], 0
	w.open()
}

func differences(a, b reply.Value) string {
	lines := func(v reply.Value) map[string]bool {
		m := map[string]bool{}
		for _, e := range v.Elems {
			m[e.Text] = true
		}
		return m
	}
	x, y := lines(a), lines(b)
	var out strings.Builder
	for _, e := range a.Elems {
		if !y[e.Text] {
			fmt.Fprintf(&out, "was %q\n", e.Text)
		}
	}
	for _, e := range b.Elems {
		if !x[e.Text] {
			fmt.Fprintf(&out, "is  %q\n", e.Text)
		}
	}
	return out.String()
}

// reopen loads a server from the rows and compares it.
func (w *world) reopen() {
	// A load drops the keys whose time is over: so does the turn that ends with the first of these commands.
	w.caller.do("DEBUG", "SET-ACTIVE-EXPIRE", "1")
	w.caller.do("DEBUG", "SET-ACTIVE-EXPIRE", "0")
	want, _ := w.s.Check()
	rows := &store{}
	w.s.Do(func() { rows.Rows = w.store.Rows.Clone() })
	again := start(w.t, rows, w.now)
	got, faults := again.Check()
	look := []string{"EVAL_RO", fingerprint, "0"}
	d := differences(w.caller.do(look...), dial(w.t, again).do(look...))
	again.Close()
	for _, f := range faults {
		w.t.Error("reopened: ", f)
	}
	if got != want {
		w.t.Errorf("the reopened store has other data\n%s", d)
	}
}

const (
	defaultRounds = 2000
	eraLen        = 150 // rounds with the same beginnings
)

func TestFailedScriptsLeaveNoTrace(t *testing.T) {
	rounds := defaultRounds
	if s := os.Getenv("EVALD_ROLLBACK_ROUNDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal("EVALD_ROLLBACK_ROUNDS: ", err)
		}
		rounds = n
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("EVALD_ROLLBACK_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal("EVALD_ROLLBACK_SEED: ", err)
		}
		seed = n
	}
	t.Logf("%d rounds, seed %d", rounds, seed)
	w := newWorld(t)
	bad := 0
	for n := 0; n < rounds && bad < 5; n += eraLen {
		if n%(100*eraLen) == 0 {
			t.Logf("%d rounds done", n)
		}
		c := diff.NewCommands(seed + uint64(n))
		m := &maker{rand.New(rand.NewPCG(seed+uint64(n), 3)), c}
		if !w.era(m, min(eraLen, rounds-n)) {
			t.Logf("in the rounds from %d on", n)
			bad++
		}
	}
}

// era makes attempts while ordinary commands change the data between them.
func (w *world) era(m *maker, rounds int) bool {
	w.caller.all(m.c.Setup()...)
	for range rounds {
		var list [][]string
		for range m.rng.IntN(3) {
			list = append(list, m.c.Next())
		}
		w.caller.all(append(list, []string{"SELECT", "0"})...)
		w.block()
		expiring := m.rng.IntN(4) == 0
		if expiring {
			w.now.Add(m.rng.Int64N(100_000))
		}
		if !w.try(m.next(), expiring) {
			return false
		}
	}
	w.reopen()
	return !w.t.Failed()
}
