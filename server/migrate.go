package server

import (
	"bufio"
	"errors"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
)

// MIGRATE gives keys to another server by RESTORE and deletes those that it has taken. As in Redis the server waits for the other one:
// nobody sees a key in both places, or in none.

func migrateSpec() command.Spec {
	const use = command.RW | command.Access | command.Delete
	return command.Spec{Name: "migrate", Arity: -6, Flags: command.Write, Categories: "dangerous", Group: command.GroupGeneric, Since: "2.6.0",
		Keys:       []command.KeySpec{command.At(3, use), {Use: use | command.Incomplete, Keyword: "KEYS", From: -2, Last: -1, Step: 1}},
		Complexity: "This command actually executes a DUMP+DEL in the source instance, and a RESTORE in the target instance. See the pages of these commands for time complexity. Also an O(N) data transfer between the two instances is performed.",
		Summary:    "Atomically transfers a key from one Redis instance to another.", Tips: []string{"nondeterministic_output"},
		Syntax: `host port <key | ""> destination-db timeout [COPY] [REPLACE] [AUTH password | AUTH2 username password] [KEYS key [key ...]]`, Do: migrate}
}

const (
	errMigrateKeys     command.Error = "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
	errMigrateConnect  command.Error = "IOERR error or timeout connecting to the client"
	errMigrateWrite    command.Error = "IOERR error or timeout writing to target instance"
	errMigrateRead     command.Error = "IOERR error or timeout reading to target instance"
	migrateTargetError               = "ERR Target instance replied with error: "
)

// migration is a parsed call.
type migration struct {
	addr          string
	db            []byte
	timeout       time.Duration // of the connection, of writing and of each reply
	copy, replace bool
	auth          [][]byte // AUTH's arguments, nil: no AUTH
	keys          [][]byte
}

func parseMigrate(x *command.Ctx) (m migration, err error) {
	m.addr, m.keys = net.JoinHostPort(string(x.Args[1]), string(x.Args[2])), x.Args[3:4]
	for i := 6; i < len(x.Args); i++ {
		more := len(x.Args) - 1 - i
		switch {
		case x.Is(i, "copy"):
			m.copy = true
		case x.Is(i, "replace"):
			m.replace = true
		case x.Is(i, "auth") && more >= 1:
			m.auth = x.Args[i+1 : i+2]
			i++
		case x.Is(i, "auth2") && more >= 2:
			m.auth = x.Args[i+1 : i+3]
			i += 2
		case x.Is(i, "keys"):
			if len(x.Args[3]) > 0 {
				return m, errMigrateKeys
			}
			m.keys = x.Args[i+1:]
			i = len(x.Args)
		default:
			return m, command.ErrSyntax
		}
	}
	ms, err := x.Int(5)
	if err != nil {
		return m, err
	}
	if _, err := x.Int(4); err != nil {
		return m, err
	}
	if m.db = x.Args[4]; ms <= 0 {
		ms = 1000
	}
	m.timeout = time.Duration(min(ms, 1<<40)) * time.Millisecond
	return m, nil
}

func migrate(x *command.Ctx) error {
	m, err := parseMigrate(x)
	if err != nil {
		return err
	}
	var keys [][]byte
	for _, key := range m.keys {
		if x.DB.Exists(key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		x.Reply.Status("NOKEY")
		return nil
	}
	t, err := m.connect()
	if err != nil {
		return err
	}
	defer t.Close()
	taken, err := m.send(x, t, keys)
	if !m.copy {
		for _, key := range taken {
			x.DB.Delete(key)
			x.Notify(engine.EventGeneric, "del", key)
		}
	}
	if err == nil {
		x.Reply.Status("OK")
	}
	return err
}

func (m *migration) connect() (net.Conn, error) {
	t, err := net.DialTimeout("tcp", m.addr, m.timeout)
	var name *net.DNSError
	var address *net.AddrError
	var e net.Error
	switch {
	case err == nil:
		return t, nil
	case errors.As(err, &name), errors.As(err, &address), errors.As(err, &e) && e.Timeout():
		return nil, errMigrateConnect
	}
	return nil, errMigrateWrite // refused: Redis finds out when it writes
}

// send gives the keys to the other server and returns those that it has taken, and the first error. The keys are sent when the database
// is selected: Redis sends them along, and if the other server has no such database they end up in its database 0.
func (m *migration) send(x *command.Ctx, t net.Conn, keys [][]byte) (taken [][]byte, err error) {
	w := target{t, bufio.NewReader(t), m.timeout}
	var out []byte
	n := 1
	if m.auth != nil {
		out, n = appendCall(out, append([][]byte{[]byte("AUTH")}, m.auth...)...), 2
	}
	if err := w.write(appendCall(out, []byte("SELECT"), m.db)); err != nil {
		return nil, err
	}
	for range n {
		if err := w.reply(); err != nil {
			return nil, err
		}
	}
	out = out[:0]
	for _, key := range keys {
		out = m.appendRestore(out, x, key)
	}
	if err := w.write(out); err != nil {
		return nil, err
	}
	for _, key := range keys {
		switch e := w.reply(); {
		case e == nil:
			taken = append(taken, key)
		case e == errMigrateRead:
			return taken, e
		case err == nil:
			err = e
		}
	}
	return taken, err
}

func (m *migration) appendRestore(out []byte, x *command.Ctx, key []byte) []byte {
	payload, _ := x.DB.Dump(key)
	ttl := int64(0)
	if at, _ := x.DB.Expire(key); at != 0 {
		ttl = max(1, at-x.KS.Now())
	}
	args := [][]byte{[]byte("RESTORE"), key, strconv.AppendInt(nil, ttl, 10), payload}
	if m.replace {
		args = append(args, []byte("REPLACE"))
	}
	return appendCall(out, args...)
}

// target is the other server's end.
type target struct {
	net.Conn
	r       *bufio.Reader
	timeout time.Duration
}

func (t *target) write(out []byte) error {
	if t.SetDeadline(time.Now().Add(t.timeout)) != nil {
		return errMigrateWrite
	}
	if _, err := t.Write(out); err != nil {
		return errMigrateWrite
	}
	return nil
}

// reply reads a status or an error, which it returns.
func (t *target) reply() error {
	if t.SetDeadline(time.Now().Add(t.timeout)) != nil {
		return errMigrateRead
	}
	line, err := t.r.ReadString('\n')
	if err != nil {
		return errMigrateRead
	}
	if text, isError := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "-"); isError {
		return command.Error(migrateTargetError + text)
	}
	return nil
}

// appendCall appends a command as clients send it.
func appendCall(out []byte, args ...[]byte) []byte {
	out = strconv.AppendInt(append(out, '*'), int64(len(args)), 10)
	for _, a := range args {
		out = strconv.AppendInt(append(out, "\r\n$"...), int64(len(a)), 10)
		out = append(append(out, "\r\n"...), a...)
	}
	return append(out, "\r\n"...)
}
