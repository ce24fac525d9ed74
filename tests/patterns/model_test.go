// Model-based tests: random calls, random waiting, and after every call the reply is compared with a plain Go model.
// PATTERNS_STEPS sets the steps of each area (2000 by default), PATTERNS_SEED repeats a run.
//
// A model must know which instant the function took for now. So the scripts run here with TIME recorded: the source is
// the one that ships, in a wrapper that replies with what it replies and the time it saw.
package patterns

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/evald/evald/scripts"
)

// modeler runs one model against one server.
type modeler struct {
	*caller
	rng    *rand.Rand
	shas   map[string]string // of the wrapped scripts
	before int64             // the server's time (us) before the last timed call
}

// models runs step as often as asked, on every server.
func models(t *testing.T, setup func(m *modeler) (step func())) {
	eachServer(t, func(t *testing.T, c *caller) {
		if c.server.clock == 0 && os.Getenv("PATTERNS_REALTIME") == "" {
			t.Skip("in real time a busy machine moves the clock between two calls: make patterns runs this")
		}
		steps := number(t, "PATTERNS_STEPS", 2000)
		m := newModeler(t, c)
		step := setup(m)
		for range steps {
			step()
		}
	})
}

func newModeler(t *testing.T, c *caller) *modeler {
	seed := number(t, "PATTERNS_SEED", uint64(time.Now().UnixNano()))
	t.Logf("PATTERNS_SEED=%d", seed)
	return &modeler{caller: c, rng: rand.New(rand.NewPCG(seed, 7)), shas: map[string]string{}}
}

func number(t *testing.T, env string, value uint64) uint64 {
	if s := os.Getenv(env); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatalf("%s: %v", env, err)
		}
		return n
	}
	return value
}

// timed calls a function and returns the reply and the instant (us since 1970) the function took for now.
func (m *modeler) timed(name string, keys []string, args ...any) (any, int64) {
	m.t.Helper()
	sha, ok := m.shas[name]
	if !ok {
		f, _, found := scripts.LookupFunction(name)
		if !found {
			m.t.Fatalf("no function %s", name)
		}
		_, rest, _ := strings.Cut(f.Script, "\n")
		src := "#!lua\nlocal seen\nlocal function time() seen = redis.call('TIME') return seen end\nlocal function main()\n" +
			strings.ReplaceAll(rest, "redis.call('TIME')", "time()") +
			"\nend\nlocal reply = main()\nlocal t = seen or time()\nreturn {reply, t[1], t[2]}"
		var err error
		if sha, err = m.rdb.ScriptLoad(ctx, src).Result(); err != nil {
			m.t.Fatal(err)
		}
		m.shas[name] = sha
	}
	m.tick(m.rng.Int64N(400) - 100) // at times two calls in one microsecond
	if m.before = m.server.clock; m.before == 0 {
		m.before = m.now()
	}
	cmd := []any{"EVALSHA", sha, len(keys)}
	for _, k := range keys {
		cmd = append(cmd, k)
	}
	v, err := m.rdb.Do(ctx, append(cmd, args...)...).Slice()
	if err != nil {
		m.t.Fatalf("%s %v %v: %v", name, keys, args, err)
	}
	if err, ok := v[0].(error); ok && !errors.Is(err, redis.Nil) {
		v[0] = err.Error()
	}
	sec, _ := strconv.ParseInt(v[1].(string), 10, 64)
	usec, _ := strconv.ParseInt(v[2].(string), 10, 64)
	return v[0], sec*1_000_000 + usec
}

// sometimes lets up to ms milliseconds pass, once in `once` calls.
func (m *modeler) sometimes(once int, ms int64) {
	if m.rng.IntN(once) == 0 {
		m.pass(m.rng.Int64N(ms + 1))
	}
}

// check compares a reply with what the model says.
func (m *modeler) check(got any, want string, what ...any) {
	m.t.Helper()
	if text(got) != want {
		m.t.Fatalf("%v: %s, the model says %s", what, text(got), want)
	}
}

func pick[T any](m *modeler, of ...T) T { return of[m.rng.IntN(len(of))] }
