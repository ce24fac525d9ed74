package server

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/evald/evald/server/resp"
)

// TestUnitsTooLargeAreUndone: the whole script or transaction goes, also what would have been within the limit.
func TestUnitsTooLargeAreUndone(t *testing.T) {
	s := startServer(t, nil)
	w := newWire(t, s.Dial())
	w.do("CONFIG SET max-unit-bytes 100kb")
	w.do("SET before 1")
	w.do(`EVAL "for i = 1, 1500 do redis.call('HSET', 'big', i, string.rep('x', 50)) end" 0`)
	const tooLarge = "-ERR Script exceeded max-unit-bytes"
	for _, body := range []string{
		"for i = 1, 2000 do redis.call('SET', 'k' .. i, string.rep('x', 50)) end",
		"redis.call('SET', 'k', 1) redis.call('APPEND', 'before', string.rep('x', 200000))",
		"for i = 1, 2000 do redis.pcall('HSET', 'h', i, string.rep('x', 50)) end",
		"for i = 1, 2000 do redis.call('RPUSH', 'l', string.rep('x', 50)) end",
		"for i = 1, 2000 do redis.call('XADD', 's', '*', 'f', string.rep('x', 50)) end",
		"for i = 1, 3000 do redis.call('ZADD', 'z', i, 'member:' .. i .. string.rep('x', 20)) end",
		"redis.call('SETRANGE', 'before', 200000, 'x')",
		"redis.call('DEL', 'before') redis.call('COPY', 'big', 'big2')",
	} {
		if strings.Contains(body, "COPY") {
			w.do("CONFIG SET max-unit-bytes 50kb")
		}
		if got := w.do("EVAL \"" + body + "\" 0"); !strings.HasPrefix(got, tooLarge) {
			t.Errorf("%s: %s", body, got)
		}
		if keys, n := w.do("DBSIZE"), w.do("STRLEN before"); !strings.Contains(keys, "2") || !strings.Contains(n, "1") || len(n) > 2 {
			t.Errorf("%s: %s keys, before has %s bytes", body, keys, n)
		}
	}
	w.do("CONFIG SET max-unit-bytes 100kb")
	// What is overwritten or removed within the unit does not count.
	for _, body := range []string{
		"for i = 1, 100 do redis.call('SET', 'k', string.rep('x', 50000)) end return redis.call('DEL', 'k')",
		"for i = 1, 100 do redis.call('SET', 'k', string.rep('x', 50000)) redis.call('DEL', 'k') end return 1",
		"for i = 1, 1000 do redis.call('APPEND', 'k', string.rep('x', 50)) end return redis.call('DEL', 'k')",
	} {
		if got := w.do("EVAL \"" + body + "\" 0"); strings.HasPrefix(got, "-") {
			t.Errorf("%s: %s", body, got)
		}
	}

	half := strings.Repeat("x", 60000)
	w.do("MULTI")
	w.do("SET a " + half)
	w.do("SELECT 3")
	w.do("SET b " + half)
	w.do("SET c 1")
	if got := w.do("EXEC"); got != "-EXECABORT Transaction discarded because of: the transaction exceeds max-unit-bytes" {
		t.Error(got)
	}
	if n, keys := w.do("EXISTS a"), w.do("KEYS *"); strings.Contains(n, "1") || strings.Contains(keys, "c") {
		t.Errorf("a: %s, keys %s", n, keys)
	}
	w.do("MULTI")
	w.do("SET a " + half)
	w.do("INCR a") // an error of a command undoes nothing
	w.do("SET b 1")
	if got := w.do("EXEC"); strings.HasPrefix(got, "-") {
		t.Error(got)
	}
	if got := w.do("STRLEN a"); !strings.Contains(got, "60000") {
		t.Error(got)
	}

	w.do("CONFIG SET max-unit-bytes 0")
	if got := w.do(`EVAL "for i = 1, 2000 do redis.call('SET', 'k' .. i, string.rep('x', 50)) end return 1" 0`); strings.HasPrefix(got, "-") {
		t.Error(got)
	}
}

// TestPlainCommandsTooLargeDoNothing: by their arguments, by the string they make, and by what they copy; to data, events, watches and
// blocked clients it is as if they had not been sent.
func TestPlainCommandsTooLargeDoNothing(t *testing.T) {
	s := startServer(t, nil)
	w := newWire(t, s.Dial())
	w.do("CONFIG SET notify-keyspace-events KEA")
	half := strings.Repeat("x", 60000)
	w.do("SET s " + half)
	w.do("SET other " + half + half[:30000])
	for i := range 3 {
		w.do("RPUSH l " + strconv.Itoa(i) + half[:40000])
		w.do("SADD set " + strconv.Itoa(i) + half[:40000])
		w.do("ZADD z " + strconv.Itoa(i) + " " + strconv.Itoa(i) + half[:40000])
	}
	w.do("GEOADD geo 13.361389 38.115556 " + half + "1 15.087269 37.502669 " + half + "2")
	w.do("SET old 1")
	dump, err := strconv.Unquote(w.do("DUMP other"))
	if err != nil || len(dump) > 10000 {
		t.Fatalf("%v, %d bytes", err, len(dump))
	}
	digest := w.do("DEBUG DIGEST")
	events, blocked := newWire(t, s.Dial()), newWire(t, s.Dial())
	events.do("PSUBSCRIBE *")
	blocked.send("BLPOP old2 0")
	w.do("WATCH old old2")
	w.do("CONFIG SET max-unit-bytes 80kb")
	const tooLarge = "-ERR the command exceeds max-unit-bytes"
	for _, command := range []string{
		"SET old " + half + half, "SET new " + half + half, "MSET a " + half + " b " + half, "RPUSH old2 " + half + " " + half,
		"HSET h f " + half + " g " + half, "XADD x * f " + half + half, "SADD set2 " + half + " " + half, "LPUSH l " + half + half,
		"APPEND s " + half, "SETRANGE s 100000 x", "SETRANGE new 100000 x", "SETBIT s 800000 1", "SETBIT new 800000 1", "BITFIELD s SET u8 800000 1",
		"COPY l old2", "COPY other old REPLACE", "BITOP NOT old other", "SORT l ALPHA STORE old2", "SUNIONSTORE old set",
		"ZUNIONSTORE old 1 z", "ZRANGESTORE old z 0 -1", "GEOSEARCHSTORE old geo FROMLONLAT 15 37 BYRADIUS 1000 km", "GEORADIUS geo 15 37 1000 km STORE old",
	} {
		if got := w.do(command); got != tooLarge {
			t.Errorf("%.40s: %.100s", command, got)
		}
	}
	w.sendArgs([]byte("RESTORE"), []byte("old"), []byte("0"), []byte(dump), []byte("REPLACE"))
	if got := w.read(); got != tooLarge {
		t.Errorf("RESTORE: %.100s", got)
	}
	if got := w.do("DEBUG DIGEST"); got != digest {
		t.Error("a refused command has changed something")
	}
	w.do("MULTI")
	w.do("PING")
	if got := w.do("EXEC"); got != "[PONG]" {
		t.Errorf("the watched keys seem to have changed: %s", got)
	}
	w.do("MULTI")
	if got := w.do("SET old " + half + half); got != tooLarge {
		t.Error(got)
	}
	if got := w.do("EXEC"); !strings.HasPrefix(got, "-EXECABORT") {
		t.Error(got)
	}
	for _, command := range []string{"RENAME other renamed", "PEXPIRE renamed 100000", "LTRIM l 1 1", "COPY s s2", "SUNIONSTORE old nothing", "DEL renamed z"} {
		if got := w.do(command); strings.HasPrefix(got, "-") {
			t.Errorf("%s: %s", command, got)
		}
	}
	if got := events.read(); !strings.Contains(got, "rename_from") {
		t.Errorf("the first event is %s", got)
	}
	w.do("RPUSH old2 1")
	if got := blocked.read(); !strings.Contains(got, "1") {
		t.Error(got)
	}
}

// TestALongPipelineIsManyTurns: scripts that were sent at once don't become one commit, and their replies come while others run.
func TestALongPipelineIsManyTurns(t *testing.T) {
	for _, addr := range []string{"none", "127.0.0.1:0"} {
		m := newMemoryStore()
		m.auto = true
		s := startServer(t, func(o *Options) {
			o.Addr = addr
			o.OpenStore = func(string, string) (Store, error) { return m, nil }
		})
		nc := s.Dial()
		if addr != "none" {
			var err error
			if nc, err = net.Dial("tcp", s.Addr()); err != nil {
				t.Fatal(err)
			}
		}
		w := newWire(t, nc)
		for strings.HasPrefix(w.do("PING"), "-LOADING") {
		}
		const scripts = 40
		one := "EVAL \"for i = 1, 10 do redis.call('SET', KEYS[1] .. i, string.rep('x', 100000)) end return KEYS[1]\" 1 k"
		var all strings.Builder
		for i := range scripts {
			words, _ := resp.SplitWords([]byte(one + strconv.Itoa(i)))
			fmt.Fprintf(&all, "*%d\r\n", len(words))
			for _, word := range words {
				fmt.Fprintf(&all, "$%d\r\n%s\r\n", len(word), word)
			}
		}
		if _, err := nc.Write([]byte(all.String())); err != nil {
			t.Fatal(err)
		}
		for i := range scripts {
			if got := w.read(); !strings.Contains(got, "k"+strconv.Itoa(i)) {
				t.Fatalf("reply %d is %s", i, got)
			}
		}
		if n := len(m.commits); n < scripts/8 {
			t.Errorf("%d commits of %d scripts of 1 MB", n, scripts)
		}
	}
}
