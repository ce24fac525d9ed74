package command_test

import (
	"strings"
	"testing"

	"github.com/evald/evald/internal/inprocess"
)

// TestNoAllocations pins what a command allocates from its parsed arguments to the written reply, the turn's end included.
func TestNoAllocations(t *testing.T) {
	s := inprocess.New(func(what string) { t.Fatal(what) })
	c := s.NewClient()
	run := func(args [][]byte) {
		c.Do(args)
		c.Out.Buf = c.Out.Buf[:0]
		s.KS.EncodeTurn(nil)
	}
	words := func(line string) [][]byte {
		var args [][]byte
		for _, w := range strings.Fields(line) {
			args = append(args, []byte(w))
		}
		return args
	}
	long := strings.Repeat("x", 200)
	for _, line := range []string{"SET s value", "SET n 10", "HSET h a 1 b two", "HSET bigh a 1 b " + long, "SADD t a b", "SADD i 1 2", "SADD bigt a " + long,
		"ZADD z 1 a 2 b", "ZADD bigz 1 a 2 " + long, "RPUSH l a b c", "CONFIG SET list-max-listpack-size 2", "RPUSH bigl a b c d", "CONFIG SET list-max-listpack-size -2", "GCRA free 9 1000000 1"} {
		run(words(line))
	}
	for _, line := range []string{
		"GET s", "GET n", "GET nokey", "SET s other", "SET n 11", "SET s value XX", "STRLEN s", "INCR n", "INCRBY n 5", "DECR n", "GETRANGE s 0 2", "SETRANGE s 1 z", "MGET s n nokey", "GETBIT s 3",
		"SETBIT s 3 1", "EXISTS s n", "TYPE s", "TTL s", "EXPIRE s 100", "PEXPIRE s 100000", "EXPIRE s 100", "PERSIST n", "OBJECT ENCODING s", "TOUCH s",
		"HGET h a", "HGET bigh a", "HSET h a 2", "HSET h b six", "HMGET h a b", "HEXISTS h a", "HLEN h", "HGETALL h", "HGETALL bigh", "HINCRBY h a 1",
		"SISMEMBER t a", "SISMEMBER i 1", "SISMEMBER bigt a", "SADD t a", "SADD bigt a", "SCARD t", "SMISMEMBER t a b", "SMEMBERS t", "SREM t nobody",
		"ZSCORE z a", "ZSCORE bigz a", "ZADD z 3 a", "ZADD bigz 3 a", "ZINCRBY z 1 a", "ZRANK z a", "ZRANK bigz a", "ZCARD z", "ZRANGE z 0 -1", "ZRANGE bigz 0 -1 WITHSCORES",
		"ZRANGEBYSCORE bigz 1 5", "ZCOUNT z 1 5", "ZREVRANK bigz a",
		"GCRA free 999999 1000000 1", "GCRA free 0 1 60 TOKENS 2", "CL.THROTTLE free 0 1 60 0",
		"LINDEX l 1", "LINDEX bigl 1", "LLEN l", "LRANGE l 0 -1", "LRANGE bigl 0 -1", "LSET l 0 z", "LPOS l b",
	} {
		args := words(line)
		run(args)
		if n := testing.AllocsPerRun(200, func() { run(args) }); n != 0 {
			t.Errorf("%s: %g allocations", line[:min(len(line), 40)], n)
		}
	}
	// Two commands that undo each other. A small value that changes its size class moves to another block, which is one allocation:
	// these stay within theirs.
	for _, pair := range [][2]string{{"LPUSH bigl x", "LPOP bigl"}, {"RPUSH bigl x", "RPOP bigl"}, {"RPUSH l x", "LPOP l"}, {"RPOPLPUSH l l", "RPOPLPUSH bigl bigl"},
		{"SADD t new", "SREM t new"}, {"HSET h new 1", "HDEL h new"}} {
		first, second := words(pair[0]), words(pair[1])
		if n := testing.AllocsPerRun(200, func() { run(first); run(second) }); n != 0 {
			t.Errorf("%s, %s: %g allocations", pair[0], pair[1], n)
		}
	}
}
