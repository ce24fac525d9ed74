package rollback

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/evald/evald/tests/diff"
)

// An attempt is a call that must leave no trace.
type attempt struct {
	commands [][]string // more than one in a transaction
	kill     string     // the command that another client stops it with; "" if it ends by itself
	multi    bool       // with multi-rollback
	inside   bool       // it keeps something; replies 2 and 4 of its EXEC must be equal, and everything be sound
}

// library has the function that runs the commands in its arguments and then the failure that its last argument is.
const library = `#!lua name=rollback
local function attempt(keys, args)
  local i = 1
  while i < #args do
    local n = tonumber(args[i])
    redis.pcall(unpack(args, i + 1, i + n))
    i = i + n + 1
  end
  loadstring(args[#args])()
end
redis.register_function{function_name='attempt', callback=attempt, flags={'rollback'}}
redis.register_command{name='rollback.attempt', arity=-2, flags={'rollback'}, callback=attempt}`

// failures are ways to end with an error. Each stands behind the commands of a script.
func failures() []string {
	return []string{
		"error('no')", "error({err='MY no'})", "error()", "redis.call('nosuch')", "redis.call('incr')", "local t = nil; t.x = 1", "redis.call()",
		"redis.call('set', 'wrong')", "redis.call('eval', 'return 1', 0)", "pcall(redis.rollback, 'STALE no')", "redis.rollback()",
		"local function f() return 1 + f() end f()", "string.rep('x', 1e9)", "return {err='x', nosuch}", "string.rep('x', 100, nil, nil):nosuch()",
		"redis.call('set', 'ended', 1) redis.call('rpush', 'ended', 1)", "cjson.decode('{')", "redis.setresp(9)", "(nil)()",
	}
}

// maker makes attempts.
type maker struct {
	rng *rand.Rand
	c   *diff.Commands
}

func (m *maker) pick(list ...string) string { return list[m.rng.IntN(len(list))] }

// next returns an attempt of random commands, failing at a random one.
func (m *maker) next() attempt {
	n := m.rng.IntN(7)
	fail := failures()
	failure := fail[m.rng.IntN(len(fail))]
	switch m.rng.IntN(27) {
	case 0:
		return attempt{commands: [][]string{{"EVAL", "#!lua flags=rollback max-memory=200000\n" + m.lua(n) + "local t = {} while true do t[#t + 1] = {} end", "0"}}}
	case 1:
		return attempt{commands: [][]string{{"EVAL", "#!lua flags=rollback max-runtime=1\n" + m.lua(n) + "while true do end", "0"}}}
	case 2:
		return m.killed(n)
	case 3:
		return attempt{commands: [][]string{{"SCRIPT", "EXPLAIN", m.lua(n) + m.pick("return 1", failure), "0"}}}
	case 4, 5, 6:
		return attempt{commands: [][]string{m.fcall(n, failure)}}
	case 7:
		// What is undone in one script of a transaction is not undone again by the next.
		return attempt{commands: [][]string{{"MULTI"}, {"EVAL", m.flagged(n, failure), "0"}, m.fcall(n, failure), {"EVAL", m.flagged(n, failure), "0"}, {"EXEC"}}}
	case 24, 25:
		// Only the second script's work is undone.
		look := []string{"EVAL_RO", fingerprint, "0"}
		kept := m.lua(1 + n)
		return attempt{inside: true, commands: [][]string{{"MULTI"}, {"EVAL", "#!lua flags=rollback\n" + kept, "0"}, look,
			{"EVAL", "#!lua flags=rollback\n" + kept + m.lua(n) + failure, "0"}, look, {"EXEC"}}}
	case 26:
		list := [][]string{{"MULTI"}}
		for range n {
			list = append(list, m.c.NextInScript())
		}
		return attempt{multi: true, commands: append(list, []string{"EVAL", m.lua(n), "0"}, []string{"EVAL", m.flagged(n, failure), "0"}, []string{"EXEC"})}
	case 8:
		return attempt{commands: [][]string{{"EVAL", m.lua(n) + "redis.rollback('STALE no')", "0"}}}
	}
	return attempt{commands: [][]string{{"EVAL", m.flagged(n, failure), "0"}}}
}

func (m *maker) flagged(n int, failure string) string {
	// What stands behind the failure is not reached.
	return "#!lua flags=rollback\n" + m.lua(n) + "do " + failure + " end " + "redis.call('set', 'unreached', 1) error('unreached')"
}

// killed is an attempt that ends by SCRIPT KILL or FUNCTION KILL, in the middle of Lua or of a library call.
func (m *maker) killed(n int) attempt {
	endless := m.pick("while true do end", "while true do pcall(redis.call, 'incr', 'n1') end", "string.rep('a', 1e5):find(string.rep('a?', 1e4) .. 'b')",
		"while true do pcall(string.rep, 'x', 1e6) end")
	switch m.rng.IntN(3) {
	case 0:
		return attempt{commands: [][]string{m.fcall(n, endless)}, kill: "FUNCTION KILL"}
	case 1:
		return attempt{commands: [][]string{{"EVAL", "redis.call('set', 'n1', '1') " + m.lua(n) + endless, "0"}}, kill: "SCRIPT KILL FORCE"}
	}
	return attempt{commands: [][]string{{"EVAL", "#!lua flags=rollback\n" + m.lua(n) + endless, "0"}}, kill: "SCRIPT KILL"}
}

// fcall calls the library's function, or its command.
func (m *maker) fcall(n int, failure string) []string {
	args := []string{"FCALL", "attempt", "0"}
	if m.rng.IntN(2) == 0 {
		args = []string{"ROLLBACK.ATTEMPT"}
	}
	for range n {
		c := m.c.NextInScript()
		args = append(append(args, strconv.Itoa(len(c))), c...)
	}
	return append(args, failure)
}

// lua returns n calls of random commands as Lua.
func (m *maker) lua(n int) string {
	var b strings.Builder
	for range n {
		switch m.rng.IntN(14) {
		case 0:
			fmt.Fprintf(&b, "redis.pcall('%s', 'channel', 'from a script') ", m.pick("publish", "spublish"))
		case 1:
			fmt.Fprintf(&b, "redis.pcall('restore', '%s', %d, redis.call('dump', '%s') or 'x', 'replace') ", m.c.Key(), m.rng.IntN(3)*100, m.c.Key())
		case 2:
			fmt.Fprintf(&b, "redis.pcall('select', %d) ", m.rng.IntN(3))
		case 3:
			fmt.Fprintf(&b, "for i = 1, %d do redis.pcall('%s', '%s', i, i) end ", 5+m.rng.IntN(40), m.pick("zadd", "hset", "sadd", "rpush", "pfadd", "setrange", "append", "setbit"), m.c.Key())
		case 4:
			fmt.Fprintf(&b, "redis.pcall('rpush', 'waited:list', 'x') redis.pcall('zadd', 'waited:zset', 1, 'x') redis.pcall('xadd', 'waited:stream', '*', 'a', 'x') ")
		case 5:
			fmt.Fprintf(&b, "redis.pcall('%s', '%s', %d, 'FIELDS', 1, '%s') ", m.pick("hexpire", "hpexpire"), m.pick("h1", "h2", "h3"), m.rng.IntN(4), m.pick("a", "b", "c", "m1"))
		default:
			b.WriteString("redis.pcall(")
			for i, a := range m.c.NextInScript() {
				if i > 0 {
					b.WriteString(", ")
				}
				b.WriteString(diff.LuaString(a))
			}
			b.WriteString(") ")
		}
	}
	return b.String()
}
