// Package migrate tests coming from Redis and going back with the real program: files and live copies between evald and redis-server,
// compared by DEBUG DIGEST.
package migrate

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/resp"

	"github.com/evald/evald/client/respclient"
	"github.com/evald/evald/internal/evaldtest"
	"github.com/evald/evald/internal/redistest"
)

// server is a running server with a connection to it.
type server struct {
	t    testing.TB
	addr string
	c    *respclient.Client
}

func connect(t testing.TB, addr string) *server {
	t.Helper()
	c, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &server{t, addr, c}
}

func startRedis(t testing.TB, args ...string) *server {
	t.Helper()
	return connect(t, redistest.Start(t, append([]string{"--enable-debug-command", "yes"}, args...)...))
}

func startEvald(t testing.TB, bin string) *server {
	t.Helper()
	return connect(t, evaldtest.Start(t, bin, "--set", "enable-debug-command=yes"))
}

func (s *server) do(args ...string) resp.Value {
	s.t.Helper()
	v, err := s.c.Do(args...)
	if err != nil {
		s.t.Fatalf("%s: %.100q: %v", s.addr, args, err)
	}
	return v
}

// state is all that a copy must keep: the digest of all keys, their times of expiry, the functions.
func (s *server) state() string {
	s.t.Helper()
	var b strings.Builder
	fmt.Fprintln(&b, "digest", s.do("DEBUG", "DIGEST"))
	for _, db := range []string{"0", "3", "15"} {
		s.do("SELECT", db)
		fmt.Fprintln(&b, "database", db, s.do("DBSIZE"))
		for _, k := range s.do("SORT", "expiring", "ALPHA").Array() {
			fmt.Fprintln(&b, k, s.do("PEXPIRETIME", k.String()))
		}
	}
	s.do("SELECT", "0")
	var libraries []string // servers list them in no order
	for _, l := range s.do("FUNCTION", "LIST", "WITHCODE").Array() {
		libraries = append(libraries, l.String())
	}
	slices.Sort(libraries)
	fmt.Fprintln(&b, libraries)
	return b.String()
}

const library = `#!lua name=%s
redis.register_function{function_name='%s', callback=function(keys, args) return 'from %s' end, flags={'no-writes'}}`

// fill writes every type in every encoding, small and big, some of it with expiry, into three databases, and two libraries.
func fill(s *server, seed uint64) {
	r := rand.New(rand.NewPCG(seed, seed))
	for _, name := range []string{"one", "two"} {
		s.do("FUNCTION", "LOAD", fmt.Sprintf(library, name, name, name))
	}
	text := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32()) >> r.IntN(8)
		}
		return string(b)
	}
	expiry := time.Now().Add(time.Hour).UnixMilli()
	for _, db := range []string{"0", "3", "15"} {
		s.do("SELECT", db)
		for i, n := range []int{1, 5, 60, 130, 600, 3000} {
			name := func(kind string) string { return fmt.Sprintf("%s:%d\x00\r\n", kind, i) }
			s.do("SET", name("text"), text(n*10))
			s.do("SET", name("int"), strconv.Itoa(n*n*n-5))
			s.do("SETBIT", name("bits"), strconv.Itoa(n), "1")
			for j := range n {
				item := strconv.Itoa(j)
				s.c.Send("RPUSH", name("list"), text(r.IntN(40)))
				s.c.Send("SADD", name("ints"), strconv.Itoa(r.IntN(1<<(4*(i+1)))))
				s.c.Send("SADD", name("set"), "member "+item)
				s.c.Send("ZADD", name("zset"), strconv.FormatFloat(r.NormFloat64()*1000, 'g', -1, 64), "member "+item)
				s.c.Send("HSET", name("hash"), "field "+item, text(r.IntN(30)))
				s.c.Send("PFADD", name("hll"), item)
				s.c.Send("XADD", name("stream"), fmt.Sprintf("%d-%d", 1000+j/3, j%3+1), "f", item, "g"+strconv.Itoa(j%2), text(5))
				s.flush(7)
			}
			s.do("ZADD", name("zset"), "inf", "a", "-inf", "b", "0.1", "c", "12345678901234567890", "d")
			s.do("XGROUP", "CREATE", name("stream"), "g", "0")
			s.do("XREADGROUP", "GROUP", "g", "alice", "COUNT", strconv.Itoa(n/2+1), "STREAMS", name("stream"), ">")
			s.do("XDEL", name("stream"), "1000-1")
			s.do("XGROUP", "CREATECONSUMER", name("stream"), "g", "bob")
			for _, kind := range []string{"text", "list", "zset", "stream"} {
				expiry++
				s.do("PEXPIREAT", name(kind), strconv.FormatInt(expiry, 10))
				s.do("SADD", "expiring", name(kind))
			}
		}
	}
	s.do("SELECT", "0")
	s.do("HSET", "a hash with a long value", "f", text(200), "g", strings.Repeat("compress me ", 1000))
	s.do("RPUSH", "a list with a long element", text(10), text(20000), "3")
	s.do("ZADD", "one element", "1", text(300))
}

func (s *server) flush(n int) {
	s.t.Helper()
	if err := s.c.Flush(); err != nil {
		s.t.Fatal(err)
	}
	for range n {
		if _, err := s.c.Receive(); err != nil {
			s.t.Fatal(err)
		}
	}
}

// save returns the file that SAVE writes.
func (s *server) save() string {
	s.t.Helper()
	s.do("SAVE")
	dir := s.do("CONFIG", "GET", "dir").Array()[1].String()
	return filepath.Join(dir, "dump.rdb")
}

// run runs evald and returns what it prints on both channels.
func run(t testing.TB, bin string, args ...string) (stdout, stderr string, ok bool) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(bin, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if strings.Contains(errs.String(), "panic") {
		t.Fatalf("evald %q: %s", args, &errs)
	}
	return out.String(), errs.String(), err == nil
}

// succeed runs evald and returns its output.
func succeed(t testing.TB, bin string, args ...string) string {
	t.Helper()
	out, errs, ok := run(t, bin, args...)
	if !ok || errs != "" {
		t.Fatalf("evald %q: %s%s", args, out, errs)
	}
	return out
}

// refused runs evald, which must fail with one line that holds all of want.
func refused(t testing.TB, bin string, want []string, args ...string) {
	t.Helper()
	out, errs, ok := run(t, bin, args...)
	if ok || strings.Count(errs, "\n") != 1 || !strings.HasPrefix(errs, "evald: import: ") {
		t.Fatalf("evald %q: %s%s", args, out, errs)
	}
	for _, w := range want {
		if !strings.Contains(errs, w) {
			t.Errorf("evald %q: %swant %q in it", args, errs, w)
		}
	}
}

// TestFiles goes the whole way round: Redis, its file, evald, a file of evald, Redis; and the same through live copies.
func TestFiles(t *testing.T) {
	redis := startRedis(t)
	bin := evaldtest.Build(t)
	fill(redis, 1)
	want := redis.state()
	dump := redis.save()

	if out := succeed(t, bin, "import", dump, "--check"); !strings.Contains(out, "is intact: ") {
		t.Error(out)
	}
	evald := startEvald(t, bin)
	succeed(t, bin, "import", dump, "--to", evald.addr)
	if got := evald.state(); got != want {
		t.Fatalf("imported from a file:\n%.3000s\nwant\n%.3000s", got, want)
	}
	if got := evald.do("FCALL", "two", "0").String(); got != "from two" {
		t.Errorf("the function says %q", got)
	}

	file := filepath.Join(t.TempDir(), "out.rdb")
	out := succeed(t, bin, "export", "--rdb", file, "--addr", evald.addr)
	if !strings.Contains(out, "RDB version 10") {
		t.Error(out)
	}
	loaded := startRedis(t, "--dir", filepath.Dir(file), "--dbfilename", "out.rdb")
	if got := loaded.state(); got != want {
		t.Fatalf("exported and loaded:\n%.3000s\nwant\n%.3000s", got, want)
	}
	if _, errs, ok := run(t, bin, "export", "--rdb", file, "--addr", evald.addr); ok || !strings.Contains(errs, "exists already") {
		t.Errorf("export over a file: %s", errs)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.part")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}

	live := startEvald(t, bin)
	succeed(t, bin, "import", "--from", "redis://"+redis.addr, "--to", live.addr)
	if got := live.state(); got != want {
		t.Fatalf("copied live:\n%.3000s\nwant\n%.3000s", got, want)
	}
	back := startRedis(t)
	succeed(t, bin, "import", "--from", live.addr, "--to", "redis://"+back.addr+"/")
	if got := back.state(); got != want {
		t.Fatalf("copied back live:\n%.3000s\nwant\n%.3000s", got, want)
	}
}

// TestExpiringFields: hashes whose fields expire need a newer file, which Redis 7.0 refuses and evald reads.
func TestExpiringFields(t *testing.T) {
	bin := evaldtest.Build(t)
	evald := startEvald(t, bin)
	at := strconv.FormatInt(time.Now().Add(time.Hour).UnixMilli(), 10)
	for _, n := range []int{2, 2000} {
		key := strconv.Itoa(n)
		for i := range n {
			evald.do("HSET", key, strconv.Itoa(i), "v")
		}
		evald.do("HPEXPIREAT", key, at, "FIELDS", "1", "1")
	}
	file := filepath.Join(t.TempDir(), "out.rdb")
	if out := succeed(t, bin, "export", "--rdb", file, "--addr", evald.addr); !strings.Contains(out, "RDB version 12") {
		t.Error(out)
	}
	again := startEvald(t, bin)
	succeed(t, bin, "import", file, "--to", again.addr)
	if evald.do("DEBUG", "DIGEST").String() != again.do("DEBUG", "DIGEST").String() {
		t.Error("the copies differ")
	}
	for _, key := range []string{"2", "2000"} {
		if got := again.do("HPEXPIRETIME", key, "FIELDS", "2", "0", "1").String(); got != "[-1 "+at+"]" {
			t.Errorf("fields of %s expire at %s", key, got)
		}
	}
	redis := startRedis(t)
	refused(t, bin, []string{`refused key "2`, "version or checksum are wrong", "0 keys were written"}, "import", file, "--to", redis.addr)
}

func TestOptions(t *testing.T) {
	redis := startRedis(t)
	bin := evaldtest.Build(t)
	redis.do("CONFIG", "SET", "requirepass", "p@ss:word")
	redis.do("AUTH", "p@ss:word")
	redis.do("FUNCTION", "LOAD", fmt.Sprintf(library, "one", "one", "one"))
	redis.do("SET", "a", "0")
	redis.do("SELECT", "3")
	redis.do("SET", "a", "3")
	redis.do("SET", "gone", "x", "PX", "1")
	dump := redis.save()
	evald := startEvald(t, bin)

	refused(t, bin, []string{"NOAUTH", "nothing was written"}, "import", "--from", redis.addr, "--to", evald.addr)
	refused(t, bin, []string{"log in to", "WRONGPASS"}, "import", "--from", "redis://:wrong@"+redis.addr, "--to", evald.addr)
	url := "redis://default:p%40ss%3Aword@" + redis.addr
	refused(t, bin, []string{"the same server"}, "import", "--from", url, "--to", url)
	refused(t, bin, []string{"--from names database 1, --db 3"}, "import", "--from", url+"/1", "--to", evald.addr, "--db", "3")

	if out := succeed(t, bin, "import", "--from", url+"/3", "--to", evald.addr); out != "1 keys written\n" {
		t.Error(out)
	}
	evald.do("SELECT", "3")
	if got := evald.do("GET", "a").String(); got != "3" {
		t.Errorf("database 3 has %q", got)
	}
	if got := len(evald.do("FUNCTION", "LIST").Array()); got != 0 {
		t.Errorf("%d libraries came with one database", got)
	}
	evald.do("SET", "a", "mine")
	refused(t, bin, []string{"holds 1 keys in database 3", "nothing was written"}, "import", "--from", url, "--to", evald.addr)
	// Flags stand behind the file as before it.
	refused(t, bin, []string{`refused key "a" of database 3`, "BUSYKEY", "1 keys were written"}, "import", dump, "--to", evald.addr)
	refused(t, bin, []string{"already exists", "--replace", "0 keys were written"}, "import", dump, "--to", evald.addr)
	if got := evald.do("GET", "a").String(); got != "mine" {
		t.Errorf("overwritten without being asked: %q", got)
	}
	if out := succeed(t, bin, "import", "--replace", dump, "--to", evald.addr); !strings.HasPrefix(out, "2 keys and 1 function libraries written") {
		t.Error(out)
	}
	if got := evald.do("GET", "a").String(); got != "3" {
		t.Errorf("not overwritten: %q", got)
	}
	if out := succeed(t, bin, "import", dump, "--db", "0", "--replace", "--to", evald.addr); !strings.HasPrefix(out, "1 keys and 0 function libraries") {
		t.Error(out)
	}

	few := startRedis(t, "--databases", "2")
	refused(t, bin, []string{"refused database 3", "1 keys were written"}, "import", dump, "--to", few.addr)
	refused(t, bin, []string{"takes either"}, "import", "--to", few.addr)
	refused(t, bin, []string{"takes either"}, "import", dump, "--from", few.addr)
	refused(t, bin, []string{"no such file"}, "import", "none.rdb", "--to", few.addr)
	refused(t, bin, []string{"is a directory"}, "import", filepath.Dir(dump), "--to", few.addr)
	refused(t, bin, []string{"refused"}, "import", dump, "--to", "127.0.0.1:1")
	refused(t, bin, []string{"URL of the form"}, "import", dump, "--to", "http://x")
	refused(t, bin, []string{"not the number of a database"}, "import", "--from", "redis://x/y")
}

// TestDamaged: a damaged file changes nothing, wherever the damage is.
func TestDamaged(t *testing.T) {
	redis := startRedis(t)
	bin := evaldtest.Build(t)
	redis.do("SET", "k", strings.Repeat("v", 100))
	redis.do("RPUSH", "l", "a", "b", "c")
	b, err := os.ReadFile(redis.save())
	if err != nil {
		t.Fatal(err)
	}
	evald := startEvald(t, bin)
	path := filepath.Join(t.TempDir(), "damaged.rdb")
	for i := 0; i < len(b); i += len(b)/12 + 1 {
		flipped := bytes.Clone(b)
		flipped[i] ^= 0x10
		for _, damaged := range [][]byte{b[:i], flipped} {
			if err := os.WriteFile(path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			refused(t, bin, []string{path, "nothing was written"}, "import", path, "--to", evald.addr)
			refused(t, bin, []string{path}, "import", path, "--check")
		}
	}
	if n := evald.do("DBSIZE").Integer(); n != 0 {
		t.Errorf("%d keys came from damaged files", n)
	}

	// Without a checksum only the value itself tells.
	hostile := "REDIS0010\xfe\x00\x00\x01k\x01v\x10\x01h\x03abc\xff\x00\x00\x00\x00\x00\x00\x00\x00"
	if err := os.WriteFile(path, []byte(hostile), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, bin, []string{`key "h" of database 0`, "bad data format"}, "import", path, "--check")
	refused(t, bin, []string{`key "h" of database 0`, "bad data format", "nothing was written"}, "import", path, "--to", evald.addr)
	if n := evald.do("DBSIZE").Integer(); n != 0 {
		t.Errorf("%d keys came from a hostile file", n)
	}
}
