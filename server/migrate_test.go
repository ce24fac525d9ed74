package server

import (
	"net"
	"strings"
	"testing"

	"github.com/evald/evald/internal/redistest"
)

// TestMigrate moves keys to another server. The replies are those of Redis 7.0.15.
func TestMigrate(t *testing.T) {
	testMigrate(t, startServer(t, anyPort).Addr())
}

// TestMigrateToRedis moves the same keys to a real one.
func TestMigrateToRedis(t *testing.T) {
	testMigrate(t, redistest.Start(t))
}

func testMigrate(t *testing.T, target string) {
	w, there := dialTCP(t, startServer(t, anyPort).Addr()), dialTCP(t, target)
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		t.Fatal(err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, nobody, _ := net.SplitHostPort(closed.Addr().String())
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_, mute, _ := net.SplitHostPort(silent.Addr().String())
	for _, c := range []struct{ line, want string }{
		{`MIGRATE`, "-ERR wrong number of arguments for 'migrate' command"},
		{`MIGRATE HOST PORT nokey 0 100`, "NOKEY"},
		{`MIGRATE HOST x nokey 0 100`, "NOKEY"},
		{`MIGRATE HOST PORT a 0 100 FOO`, "-ERR syntax error"},
		{`MIGRATE HOST PORT a x 100`, "-ERR value is not an integer or out of range"},
		{`MIGRATE HOST PORT a 0 x`, "-ERR value is not an integer or out of range"},
		{`MIGRATE HOST PORT a 0 100 KEYS a b`, "-ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"},
		{`MIGRATE HOST PORT "" 0 100`, "NOKEY"},
		{`MIGRATE HOST PORT "" 0 100 KEYS`, "NOKEY"},
		{`MIGRATE HOST PORT "" 0 100 KEYS nokey`, "NOKEY"},
		{`MIGRATE HOST PORT a 0 100 AUTH`, "-ERR syntax error"},
		{`MIGRATE HOST PORT a 0 100 AUTH2 x`, "-ERR syntax error"},
		{`SET a v`, "OK"},
		{`MIGRATE HOST ` + nobody + ` a 0 1000`, "-IOERR error or timeout writing to target instance"},
		{`MIGRATE HOST ` + mute + ` a 0 20`, "-IOERR error or timeout reading to target instance"},
		{`MIGRATE HOST PORT a 99 10000`, "-ERR Target instance replied with error: ERR DB index is out of range"},
		{`MIGRATE HOST PORT a 0 10000 AUTH2 foo bar`, "-ERR Target instance replied with error: WRONGPASS invalid username-password pair or user is disabled."},
		{`EXISTS a`, "1"},
		{`MIGRATE HOST PORT a 0 10000 COPY`, "OK"},
		{`EXISTS a`, "1"},
		{`MIGRATE HOST PORT a 0 10000`, "-ERR Target instance replied with error: BUSYKEY Target key name already exists."},
		{`EXISTS a`, "1"},
		{`MIGRATE HOST PORT a 0 10000 REPLACE`, "OK"},
		{`EXISTS a`, "0"},
		{`RPUSH l x y 1`, "3"},
		{`HSET h f v`, "1"},
		{`ZADD z 1.5 m`, "1"},
		{`XADD x 1-1 f v`, `"1-1"`},
		{`SET b 1 EX 1000`, "OK"},
		{`SET a again`, "OK"},
		{`MIGRATE HOST PORT "" 1 10000 COPY KEYS l nokey h b`, "OK"},
		{`MIGRATE HOST PORT "" 0 -5 KEYS l h a z x nokey b`, "-ERR Target instance replied with error: BUSYKEY Target key name already exists."},
		{`EXISTS l h z x b`, "0"}, // what the other has taken goes, and what it refused stays
		{`GET a`, `"again"`},
		{`COMMAND GETKEYS MIGRATE h 1 k 0 10`, `["k"]`},
		{`COMMAND GETKEYS MIGRATE h 1 "" 0 10 KEYS a b`, `["a" "b"]`},
	} {
		if got := w.do(strings.ReplaceAll(strings.ReplaceAll(c.line, "HOST", host), "PORT", port)); got != c.want {
			t.Errorf("%s: %s, want %s", c.line, got, c.want)
		}
	}
	for _, c := range []struct{ line, want string }{
		{"GET a", `"v"`}, {"LRANGE l 0 -1", `["x" "y" "1"]`}, {"HGETALL h", `["f" "v"]`}, {"ZSCORE z m", `"1.5"`}, {"XLEN x", "1"}, {"TTL b", ""},
		{"SELECT 1", "OK"}, {"GET b", `"1"`}, {"TTL b", ""}, {"EXISTS z", "0"},
	} {
		switch got := there.do(c.line); {
		case c.want == "" && got != "1000" && got != "999":
			t.Errorf("there, %s: %s, want about 1000", c.line, got)
		case c.want != "" && got != c.want:
			t.Errorf("there, %s: %s, want %s", c.line, got, c.want)
		}
	}
}
