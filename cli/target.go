// This file is the receiving side of import: keys go to a server as RESTORE, in pipelines of which one is always on its way.
package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/evald/evald/client/respclient"
)

// target writes to a server. After the first error it writes no more.
type target struct {
	c       *respclient.Client
	addr    string
	replace bool // overwrite what exists

	db       int        // the selected database
	waiting  []dispatch // commands queued or sent that have no reply yet
	onTheWay int        // how many of them have been sent
	err      error      // the first error
	broken   bool       // the connection ended: replies are missing
	keys     int        // acknowledged
}

// dispatch is what a command is about.
type dispatch struct {
	key      string
	db       int
	function bool
}

func (d dispatch) String() string {
	const most = 64
	switch {
	case d.function:
		return "the function libraries"
	case len(d.key) > most:
		return fmt.Sprintf("key %q... of database %d", d.key[:most], d.db)
	}
	return fmt.Sprintf("key %q of database %d", d.key, d.db)
}

// A pipeline is sent when it has this many commands or bytes.
const (
	pipelineCommands = 256
	pipelineBytes    = 512 << 10
)

// key sends one key.
func (t *target) key(e RDBEntry) error {
	if e.DB != t.db {
		if err := t.selectDB(e.DB); err != nil {
			return err
		}
	}
	key := string(e.Key)
	args := append(make([]string, 0, 8), "RESTORE", key, strconv.FormatInt(e.ExpireAt, 10), string(e.Payload))
	if e.ExpireAt != 0 {
		args = append(args, "ABSTTL")
	}
	switch { // a server takes one of them
	case e.Idle >= 0:
		args = append(args, "IDLETIME", strconv.FormatInt(e.Idle, 10))
	case e.Freq >= 0:
		args = append(args, "FREQ", strconv.Itoa(e.Freq))
	}
	if t.replace {
		args = append(args, "REPLACE")
	}
	t.c.Send(args...)
	t.waiting = append(t.waiting, dispatch{key: key, db: e.DB})
	if len(t.waiting)-t.onTheWay >= pipelineCommands || t.c.Queued() >= pipelineBytes {
		before := t.onTheWay
		t.flush()
		t.receive(before)
	}
	return t.err
}

// selectDB changes the database, with nothing on its way: if it is refused, no key may land in the one before.
func (t *target) selectDB(db int) error {
	if err := t.drain(); err != nil {
		return err
	}
	if _, err := t.c.Do("SELECT", strconv.Itoa(db)); err != nil {
		t.fail(fmt.Sprintf("database %d", db), err)
		return t.err
	}
	t.db = db
	return nil
}

// functions sends FUNCTION DUMP's payload.
func (t *target) functions(payload []byte) error {
	args := []string{"FUNCTION", "RESTORE", string(payload)}
	if t.replace {
		args = append(args, "REPLACE")
	}
	t.c.Send(args...)
	t.waiting = append(t.waiting, dispatch{function: true})
	return t.drain()
}

// drain waits until everything is acknowledged.
func (t *target) drain() error {
	t.flush()
	t.receive(t.onTheWay)
	return t.err
}

// finish drains behind the last key, or behind err, which is what remains of the two.
func (t *target) finish(err error) error {
	if drained := t.drain(); err == nil {
		return drained
	}
	return err
}

func (t *target) flush() {
	if t.err != nil {
		return
	}
	if err := t.c.Flush(); err != nil {
		t.fail("", err)
		return
	}
	t.onTheWay = len(t.waiting)
}

// receive reads n replies, and once one of them is an error all that are on their way: what stands behind it may have been done.
func (t *target) receive(n int) {
	for ; n > 0 && !t.broken; n-- {
		d := t.waiting[0]
		t.waiting = t.waiting[1:]
		t.onTheWay--
		if _, err := t.c.Receive(); err != nil {
			t.fail(d.String(), err)
			n = t.onTheWay + 1
		} else if !d.function {
			t.keys++
		}
	}
}

// fail keeps the first error: a refusal of what is named, or the end of the connection.
func (t *target) fail(what string, err error) {
	var refused respclient.Error
	if errors.As(err, &refused) {
		err = fmt.Errorf("%s refused %s: %w", t.addr, what, err)
		if strings.HasPrefix(string(refused), "BUSYKEY") || strings.Contains(string(refused), "already exists") {
			err = fmt.Errorf("%w (--replace overwrites)", err)
		}
	} else {
		t.broken = true
		err = fmt.Errorf("%s: %w", t.addr, err)
	}
	if t.err == nil {
		t.err = err
	}
}

// written says what has been done, for the end of an error's line.
func (t *target) written() string {
	if t.broken {
		return fmt.Sprintf("at least %d keys were written", t.keys)
	}
	return fmt.Sprintf("%d keys were written", t.keys)
}
