package server

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// TestLazyFreed compares what lazyfreed_objects grows by with what Redis 7.0.15 added: values of more than 64 parts, by UNLINK, and all
// keys of an asynchronous flush.
func TestLazyFreed(t *testing.T) {
	w := newWire(t, startServer(t, nil).Dial())
	members := func(n, size int) (s string) {
		for i := range n {
			s += fmt.Sprintf(" %0*d", size, i)
		}
		return s
	}
	entries := func(n int) (list []string) {
		for range n {
			list = append(list, "XADD x * a b")
		}
		return list
	}
	do := func(lines ...string) []string { return lines }
	for name, c := range map[string]struct {
		want     int
		commands []string
	}{
		"64 members":          {0, do("SADD s"+members(64, 65), "UNLINK s")},
		"65 members":          {1, do("SADD s"+members(65, 65), "UNLINK s")},
		"65 members, DEL":     {0, do("SADD s"+members(65, 65), "DEL s")},
		"small hash":          {0, do("HSET h"+members(128, 8), "UNLINK h")},
		"big hash":            {1, do("HSET h"+members(130, 65), "UNLINK h")},
		"sorted set":          {1, do("ZADD z 1 a"+strings.ReplaceAll(members(65, 65), " ", " 1 m"), "UNLINK z")},
		"60 nodes":            {0, do("RPUSH l"+members(60, 9000), "UNLINK l")},
		"100 nodes":           {1, do("RPUSH l"+members(100, 9000), "UNLINK l")},
		"long string":         {0, do("SET s"+members(1, 1000000), "UNLINK s")},
		"stream of 10 nodes":  {0, append(entries(1000), "UNLINK x")},
		"many pending":        {1, append(entries(70), "XGROUP CREATE x g 0", "XREADGROUP GROUP g c STREAMS x >", "UNLINK x")},
		"FLUSHALL ASYNC":      {2, do("MSET a 1 b 2", "FLUSHALL ASYNC")},
		"FLUSHALL SYNC":       {0, do("MSET a 1 b 2", "FLUSHALL SYNC")},
		"FLUSHDB":             {0, do("MSET a 1 b 2", "FLUSHDB")},
		"FLUSHDB ASYNC":       {2, do("MSET a 1 b 2", "FLUSHDB async")},
		"stream of 200 nodes": {1, append(append(do("CONFIG SET stream-node-max-entries 5"), entries(1000)...), "CONFIG SET stream-node-max-entries 100", "UNLINK x")},
	} {
		w.line = name + ": "
		before := infoField(w, "memory", "lazyfreed_objects")
		for _, line := range c.commands {
			if reply := w.do(line); reply[0] == '-' {
				t.Errorf("%s: %.60s: %s", name, line, reply)
			}
		}
		if got := infoField(w, "memory", "lazyfreed_objects") - before; got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

// infoField returns an integer of INFO.
func infoField(w *wire, section, name string) int {
	w.t.Helper()
	_, rest, _ := strings.Cut(w.do("INFO "+section), name+":")
	digits, _, _ := strings.Cut(rest, `\r\n`)
	n, err := strconv.Atoi(digits)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}
