package server

import (
	"strings"
	"testing"
)

// TestWaitsInScripts has what Redis 7.4 lets scripts do: commands that would wait reply at once.
func TestWaitsInScripts(t *testing.T) {
	w := dialTCP(t, startServer(t, anyPort).Addr())
	for _, c := range []struct{ line, want string }{
		{`EVAL "return redis.call('wait', '1', '0')" 0`, "0"},
		{`EVAL "return redis.call('waitaof', '0', '1', '0')" 0`, "[0 0]"},
		{`EVAL "return redis.call('xread', 'BLOCK', 0, 'STREAMS', KEYS[1], '$')" 1 s`, "(nil)"},
		{`EVAL "return redis.call('blpop', KEYS[1], 0)" 1 l`, "(nil)"},
	} {
		if got := w.do(c.line); got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
}

// TestUnblockedCallsCount ends a wait from outside: the call counts once, and as failed if it ended with an error.
func TestUnblockedCallsCount(t *testing.T) {
	s := startServer(t, anyPort)
	blocked, w := dialTCP(t, s.Addr()), dialTCP(t, s.Addr())
	id := blocked.do("CLIENT ID")
	w.do("CONFIG RESETSTAT")
	for _, c := range []struct{ how, reply, counted string }{
		{"TIMEOUT", "(nil array)", "rejected_calls=0,failed_calls=0"},
		{"ERROR", "-UNBLOCKED client unblocked via CLIENT UNBLOCK", "rejected_calls=0,failed_calls=1"},
	} {
		blocked.send("BLPOP nothing 0")
		for w.do("CLIENT UNBLOCK "+id+" "+c.how) == "0" { // until BLPOP has begun
		}
		if got := blocked.read(); got != c.reply {
			t.Errorf("%s: %s", c.how, got)
		}
		if got := w.do("INFO commandstats"); !strings.Contains(got, "cmdstat_blpop:calls=") || !strings.Contains(cut(got, "cmdstat_blpop:"), c.counted) {
			t.Errorf("%s: %s", c.how, got)
		}
	}
	if got := w.do("INFO commandstats"); !strings.HasPrefix(cut(got, "cmdstat_blpop:"), "calls=2,") {
		t.Errorf("calls: %s", got)
	}
	if got := w.do("INFO errorstats"); !strings.Contains(got, "errorstat_UNBLOCKED:count=1") {
		t.Errorf("errors: %s", got)
	}
}

// cut returns the line of s that begins with name, without it.
func cut(s, name string) string {
	_, rest, _ := strings.Cut(s, name)
	line, _, _ := strings.Cut(rest, `\r\n`)
	return line
}

func anyPort(o *Options) { o.Addr = "127.0.0.1:0" }
