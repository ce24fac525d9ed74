// Tests of live copies that break: the source dies, the target dies, the import is killed, the source is another one when it comes back.
package migrate

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/evald/evald/internal/evaldtest"
)

// relay passes connections on to a server. Once armed it lets so many bytes of replies through, then cuts the connection, or holds it.
type relay struct {
	addr  string
	left  atomic.Int64  // bytes to go
	hold  atomic.Bool   // hold the connection instead of cutting it
	spent chan struct{} // gets an element whenever nothing is left
}

const unlimited = 1 << 60

func newRelay(t testing.TB, server string) *relay {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	r := &relay{addr: ln.Addr().String(), spent: make(chan struct{}, 100)}
	r.left.Store(unlimited)
	go func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			go r.pass(client, server)
		}
	}()
	return r
}

func (r *relay) pass(client net.Conn, server string) {
	defer client.Close()
	backend, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer backend.Close()
	gone := make(chan struct{}) // the client has closed
	go func() {
		_, _ = io.Copy(backend, client)
		close(gone)
		backend.Close()
	}()
	buf := make([]byte, 4096)
	for {
		n, err := backend.Read(buf)
		if err != nil {
			return
		}
		left := r.left.Add(-int64(n))
		if _, err := client.Write(buf[:max(0, min(n, n+int(left)))]); err != nil {
			return
		}
		if left <= 0 {
			r.spent <- struct{}{}
			if r.hold.Load() {
				<-gone
			}
			return
		}
	}
}

// many makes enough keys for several pages and saves of the state, in two databases.
func many(s *server) {
	for _, db := range []string{"0", "3"} {
		s.do("SELECT", db)
		s.do("EVAL", "for i = 1, 25000 do redis.call('SET', 'key:' .. i, 'value ' .. i .. ' of ' .. ARGV[1]) end", "0", db)
	}
	s.do("SELECT", "0")
}

// keys is how many keys a server has in all.
func (s *server) keys() (n int) {
	for _, db := range []string{"0", "3"} {
		s.do("SELECT", db)
		n += s.do("DBSIZE").Integer()
	}
	return n
}

// TestSourceDies cuts the source off again and again: every time there is one line, and in the end everything has arrived.
func TestSourceDies(t *testing.T) {
	redis := startRedis(t)
	bin := evaldtest.Build(t)
	many(redis)
	evald := startEvald(t, bin)
	r := newRelay(t, redis.addr)
	state := filepath.Join(t.TempDir(), "state")
	args := []string{"import", "--from", r.addr, "--to", evald.addr, "--resume", state}

	r.left.Store(10)
	refused(t, bin, []string{r.addr, "nothing was written"}, args...)
	if _, err := os.Stat(state); err == nil {
		t.Error("a state file of a copy that has not started")
	}
	before := -1
	for range 2 {
		r.left.Store(900_000)
		refused(t, bin, []string{r.addr, "keys were written", "the same command goes on from there"}, args...)
		if n := evald.keys(); n <= before {
			t.Errorf("%d keys, then %d", before, n)
		} else {
			before = n
		}
	}
	if before < 15_000 || before >= 50_000 {
		t.Errorf("%d keys after two parts", before)
	}
	r.left.Store(unlimited)
	other := startEvald(t, bin)
	refused(t, bin, []string{"belongs to another copy"}, "import", "--from", r.addr, "--to", other.addr, "--resume", state)
	out := succeed(t, bin, args...)
	if redis.do("DEBUG", "DIGEST").String() != evald.do("DEBUG", "DIGEST").String() {
		t.Errorf("the copies differ: %d keys; %s", evald.keys(), out)
	}
	if strings.HasPrefix(out, "50000 ") {
		t.Error("the last part copied everything again")
	}
	if _, err := os.Stat(state); !os.IsNotExist(err) {
		t.Error("the state file is left behind")
	}
}

// TestKilled kills an import with kill -9 in the middle of the second database.
func TestKilled(t *testing.T) {
	redis := startRedis(t)
	bin := evaldtest.Build(t)
	many(redis)
	evald := startEvald(t, bin)
	r := newRelay(t, redis.addr)
	state := filepath.Join(t.TempDir(), "state")
	args := []string{"import", "--from", r.addr, "--to", evald.addr, "--resume", state}

	r.hold.Store(true)
	r.left.Store(2_000_000)
	cmd := exec.Command(bin, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-r.spent:
	case err := <-ended:
		t.Fatal("it ended before it could be killed: ", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
	if text, err := os.ReadFile(state); err != nil || !strings.Contains(string(text), `"db":`) {
		t.Fatalf("state %q, %v", text, err)
	}
	if n := evald.keys(); n == 0 || n == 50_000 {
		t.Fatalf("%d keys when killed", n)
	}
	r.left.Store(unlimited)
	out := succeed(t, bin, args...)
	if redis.do("DEBUG", "DIGEST").String() != evald.do("DEBUG", "DIGEST").String() {
		t.Errorf("the copies differ: %d keys; %s", evald.keys(), out)
	}
	if strings.HasPrefix(out, "50000 ") {
		t.Error("the second part copied everything again")
	}
}

// TestSourceRestarted: cursors of one run of a server mean nothing to the next one.
func TestSourceRestarted(t *testing.T) {
	redis := startRedis(t)
	bin := evaldtest.Build(t)
	many(redis)
	evald := startEvald(t, bin)
	r := newRelay(t, redis.addr)
	state := filepath.Join(t.TempDir(), "state")
	args := []string{"import", "--from", r.addr, "--to", evald.addr, "--resume", state}
	r.left.Store(900_000)
	refused(t, bin, []string{r.addr}, args...)
	text, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	id := strings.Split(string(text), `"run_id":"`)[1][:40]
	if err := os.WriteFile(state, []byte(strings.Replace(string(text), id, strings.Repeat("0", 40), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	r.left.Store(unlimited)
	out, errs, ok := run(t, bin, args...)
	if !ok || !strings.Contains(errs, "has been restarted") || !strings.HasPrefix(out, "50000 ") {
		t.Errorf("%s%s", out, errs)
	}
	if err := os.WriteFile(state, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, bin, []string{"is not the state of an import"}, args...)
}

// TestTargetDies cuts the target off, in a copy and in a file.
func TestTargetDies(t *testing.T) {
	redis := startRedis(t)
	bin := evaldtest.Build(t)
	many(redis)
	evald := startEvald(t, bin)
	r := newRelay(t, evald.addr)
	state := filepath.Join(t.TempDir(), "state")
	args := []string{"import", "--from", redis.addr, "--to", r.addr, "--resume", state}
	r.left.Store(100_000)
	refused(t, bin, []string{r.addr, "at least "}, args...)
	r.left.Store(unlimited)
	succeed(t, bin, args...)
	want := redis.do("DEBUG", "DIGEST").String()
	if evald.do("DEBUG", "DIGEST").String() != want {
		t.Errorf("the copies differ: %d keys", evald.keys())
	}

	evald.do("FLUSHALL")
	dump := redis.save()
	r.left.Store(100_000)
	refused(t, bin, []string{r.addr, "at least "}, "import", dump, "--to", r.addr)
	r.left.Store(unlimited)
	succeed(t, bin, "import", dump, "--to", r.addr, "--replace")
	if evald.do("DEBUG", "DIGEST").String() != want {
		t.Errorf("the file and the server differ: %d keys", evald.keys())
	}
}
