package server

import (
	"testing"
)

// multiRollback starts a server that undoes transactions of which a command fails.
func multiRollback(t *testing.T) *Server {
	return startServer(t, func(o *Options) {
		o.Config["multi-rollback"] = "yes"
		o.Config["notify-keyspace-events"] = "KEA"
	})
}

func (w *wire) expect(line, want string) {
	w.t.Helper()
	if got := w.do(line); got != want {
		w.t.Errorf("%s\n got %s\nwant %s", line, got, want)
	}
}

// queue sends MULTI and the lines.
func (w *wire) queue(lines ...string) {
	w.t.Helper()
	w.expect("MULTI", "OK")
	for _, l := range lines {
		w.expect(l, "QUEUED")
	}
}

func TestMultiRollbackUndoesAFailedTransaction(t *testing.T) {
	s := multiRollback(t)
	c, ear, waiter := newWire(t, s.Dial()), newWire(t, s.Dial()), newWire(t, s.Dial())
	c.expect("SET k before", "OK")
	waiter.send("BLPOP l 0")
	c.awaitCommand("3", "BLPOP l 0")
	ear.do("PSUBSCRIBE *")
	c.queue("SET k after", "RPUSH l a", "PUBLISH channel message", "SELECT 3", "SET other 1", "INCRBY other x", "SET unreached 1")
	c.expect("EXEC", "-EXECABORT Transaction discarded because of: value is not an integer or out of range")
	c.expect("MGET k l other unreached", `["before" (nil) (nil) (nil)]`)
	c.expect("PUBLISH channel sentinel", "1")
	if got := ear.read(); got != `["pmessage" "*" "channel" "sentinel"]` {
		t.Errorf("the subscriber got %s first", got)
	}
	c.expect("RPUSH l b", "1")
	if got := waiter.read(); got != `["l" "b"]` {
		t.Errorf("the waiting client got %s", got)
	}
}

func TestMultiRollbackKeepsWhatSucceeds(t *testing.T) {
	c := newWire(t, multiRollback(t).Dial())
	c.queue("SET k 1", "EVAL 'return redis.pcall(\"incr\", KEYS[1], 1, 2).err' 1 k", "INCR k")
	c.expect("EXEC", `[OK "ERR Wrong number of args calling Redis command from script" 2]`)
	c.expect("GET k", `"2"`)
}

// A script that fails has the code of its error; one that returns an error fails too.
func TestMultiRollbackCountsScriptErrors(t *testing.T) {
	c := newWire(t, multiRollback(t).Dial())
	c.queue("SET k 1", "EVAL 'redis.call(\"set\",\"k\",2) return {err=\"MY reason\"}' 0")
	c.expect("EXEC", "-EXECABORT Transaction discarded because of: MY reason")
	c.expect("EXISTS k", "0")
	c.expect("CONFIG SET multi-rollback no", "OK")
	c.queue("SET k 1", "LPUSH k x")
	c.expect("EXEC", "[OK -WRONGTYPE Operation against a key holding the wrong kind of value]")
	c.expect("GET k", `"1"`)
}

// The texts are those since Redis 7.2.
func TestScriptsHaveTheirCallersRights(t *testing.T) {
	s := startServer(t, nil)
	c, u := newWire(t, s.Dial()), newWire(t, s.Dial())
	c.expect("ACL SETUSER u1 on nopass ~a* +eval +get", "OK")
	u.expect("AUTH u1 x", "OK")
	for script, want := range map[string]string{
		"return redis.pcall('incr','a')": "User u1 has no permissions to run the 'incr' command",
		"return redis.pcall('get','k')":  "No permissions to access a key",
	} {
		if got := u.do("EVAL \"" + script + "\" 0"); got != "-ERR ACL failure in script: "+want {
			t.Errorf("%s: %s", script, got)
		}
	}
}
