// A client: it changes its own database, watches the others' counters and remembers what it was told.
package crash

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/resp"

	"github.com/evald/evald/client/respclient"
)

// clients is how many work at once.
const clients = 8

// An op is one command, script or transaction: what is sent, and what it does to the model if it happens.
type op struct {
	commands [][]string
	apply    func(m *model)
}

// writeAll is the script whose parts must never be seen apart: it writes one number into values of several types.
const writeAll = `
redis.call('SET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[2], 'n', ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[1], 'n')
redis.call('LPUSH', KEYS[4], ARGV[1])
redis.call('LTRIM', KEYS[4], 0, 19)
return ARGV[1]`

// fillBig replaces a hash by one of 200 fields with the same number, which is stored in rows of its own.
const fillBig = `
redis.call('DEL', KEYS[1])
for i = 1, 200 do redis.call('HSET', KEYS[1], 'field' .. i, ARGV[1]) end
return 200`

// client i has database i+1 for itself; the counters are in database 0.
type client struct {
	index   int
	rng     *rand.Rand
	model   *model
	n       int // number of the next op
	pending *op // sent and not acknowledged: it may have happened or not
	count   int64
	counted bool             // an INCR of the counter is under way
	seen    map[string]int64 // what replies have shown of the others' counters
	acked   int
}

func newClient(index int) *client {
	return &client{index: index, rng: rand.New(rand.NewPCG(uint64(index), 31)), model: newModel(), seen: map[string]int64{}}
}

func counter(i int) string { return "counter:" + strconv.Itoa(i) }

// next makes the next op.
func (c *client) next() *op {
	c.n++
	n := strconv.Itoa(c.n)
	one := func(apply func(m *model), args ...string) *op { return &op{[][]string{args}, apply} }
	key, field := fmt.Sprintf("k%d", c.rng.IntN(30)), fmt.Sprintf("f%d", c.rng.IntN(300))
	switch c.rng.IntN(21) {
	case 15:
		at := strconv.FormatInt(time.Now().UnixMilli()+1+c.rng.Int64N(60), 10)
		return one(func(m *model) { m.strings[brief+key] = n; m.expires[brief+key] = at }, "SET", brief+key, n, "PXAT", at)
	case 16:
		at := strconv.FormatInt(4e12+int64(c.n), 10)
		return one(func(m *model) {
			if _, ok := m.hashes["h"][field]; ok {
				m.expires["h "+field] = at
			}
		}, "HPEXPIREAT", "h", at, "FIELDS", "1", field)
	case 17, 18:
		return c.group()
	case 19:
		return one(func(m *model) { m.script = sha("return '" + n + "'") }, "SCRIPT", "LOAD", "return '"+n+"'")
	case 20:
		return c.huge(n)
	case 12:
		return one(func(m *model) { m.sadd("set", field) }, "SADD", "set", field)
	case 13:
		return one(func(m *model) { m.lists["x"] = append(m.lists["x"], n+"-1 f "+n) }, "XADD", "x", n+"-1", "f", n)
	case 14:
		return one(func(m *model) { m.function = n }, "FUNCTION", "LOAD", "REPLACE",
			fmt.Sprintf("#!lua name=crash%d\nredis.register_function('crash%d', function() return '%s' end)", c.index, c.index, n))
	case 0, 1:
		return one(func(m *model) { m.strings["s"+key] = n; delete(m.expires, "s"+key) }, "SET", "s"+key, n)
	case 2:
		at := strconv.FormatInt(4e12+int64(c.n), 10)
		return one(func(m *model) { m.strings["s"+key] = n; m.expires["s"+key] = at }, "SET", "s"+key, n, "PXAT", at)
	case 3:
		return one(func(m *model) { m.hset("h", field, n); delete(m.expires, "h "+field) }, "HSET", "h", field, n) // its time is over with the old value
	case 4:
		return one(func(m *model) { m.zadd("z", field, n) }, "ZADD", "z", n, field)
	case 5:
		return one(func(m *model) { m.lpush("l", n, 1<<30) }, "LPUSH", "l", n)
	case 6, 7:
		return one(func(m *model) {
			m.strings["all:s"] = n
			m.hset("all:h", "n", n)
			m.zadd("all:z", "n", n)
			m.lpush("all:l", n, 20)
		}, "EVAL", writeAll, "4", "all:s", "all:h", "all:z", "all:l", n)
	case 8:
		return &op{[][]string{{"MULTI"}, {"SET", "multi:s", n}, {"HSET", "multi:h", "n", n}, {"ZADD", "multi:z", n, "n"},
			{"PEXPIREAT", "multi:s", "5000000000000"}, {"EXEC"}}, func(m *model) {
			m.strings["multi:s"] = n
			m.expires["multi:s"] = "5000000000000"
			m.hset("multi:h", "n", n)
			m.zadd("multi:z", "n", n)
		}}
	case 9:
		return one(func(m *model) {
			m.del("big")
			for i := 1; i <= 200; i++ {
				m.hset("big", "field"+strconv.Itoa(i), n)
			}
		}, "EVAL", fillBig, "1", "big", n)
	case 10:
		if len(c.model.hashes["big"]) > 0 {
			return one(func(m *model) { m.rename("big", "big2") }, "RENAME", "big", "big2")
		}
		return one(func(m *model) { m.del("big2") }, "DEL", "big2")
	}
	if c.rng.IntN(30) == 0 {
		return one(func(m *model) { m.flush() }, "FLUSHDB")
	}
	return one(func(m *model) { m.del("s" + key) }, "DEL", "s"+key)
}

// brief begins the names of keys whose time is over before the next verification.
const brief = "brief:"

func sha(body string) string { return fmt.Sprintf("%x", sha1.Sum([]byte(body))) }

// group makes an op on the stream's consumer group: it reads, acknowledges, or makes the group if there is none.
func (c *client) group() *op {
	one := func(apply func(m *model), args ...string) *op { return &op{[][]string{args}, apply} }
	pending := c.model.lists["x pending"]
	switch {
	case c.model.hashes["x group"] == nil:
		return one(func(m *model) { m.hset("x group", "last", "0-0") }, "XGROUP", "CREATE", "x", "g", "0", "MKSTREAM")
	case len(pending) > 0 && c.rng.IntN(2) == 0:
		i := c.rng.IntN(len(pending))
		id := pending[i]
		return one(func(m *model) { m.lists["x pending"] = slices.Delete(m.lists["x pending"], i, i+1) }, "XACK", "x", "g", id)
	}
	return one(func(m *model) {
		last, taken := m.hashes["x group"]["last"], 0
		seen := last == "0-0"
		for _, entry := range m.lists["x"] {
			id, _, _ := strings.Cut(entry, " ")
			if seen && taken < 2 {
				m.lists["x pending"] = append(m.lists["x pending"], id)
				m.hset("x group", "last", id)
				taken++
			}
			seen = seen || id == last
		}
	}, "XREADGROUP", "GROUP", "g", "me", "COUNT", "2", "STREAMS", "x", ">")
}

// hugeSize is how many members the set has that comes and goes at once.
const hugeSize = 2000

// huge makes a set of many members, or deletes it.
func (c *client) huge(n string) *op {
	one := func(apply func(m *model), args ...string) *op { return &op{[][]string{args}, apply} }
	switch {
	case len(c.model.sets["huge"]) > 0:
		return one(func(m *model) { m.del("huge") }, []string{"DEL", "UNLINK"}[c.rng.IntN(2)], "huge")
	case c.rng.IntN(5) > 0:
		return one(func(m *model) { m.sadd("set", n) }, "SADD", "set", n)
	}
	return one(func(m *model) {
		for i := 1; i <= hugeSize; i++ {
			m.sadd("huge", n+":"+strconv.Itoa(i))
		}
	}, "EVAL", "for i = 1, ARGV[2] do redis.call('SADD', KEYS[1], ARGV[1] .. ':' .. i) end", "1", "huge", n, strconv.Itoa(hugeSize))
}

// work runs ops until the connection breaks, which is how the server's end shows, and calls acknowledged after each.
func (c *client) work(addr string, acknowledged func()) error {
	own, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		return err
	}
	defer own.Close()
	shared, err := respclient.Dial(context.Background(), addr)
	if err != nil {
		return err
	}
	defer shared.Close()
	if _, err := own.Do("SELECT", strconv.Itoa(c.index+1)); err != nil {
		return err
	}
	for {
		c.pending = c.next()
		if err := send(own, c.pending.commands); err != nil {
			return err
		}
		c.pending.apply(c.model)
		c.pending = nil
		c.acked++
		acknowledged()
		if err := c.counters(shared); err != nil {
			return err
		}
	}
}

// counters increments the client's own counter and looks at another's.
func (c *client) counters(conn *respclient.Client) error {
	c.counted = true
	v, err := conn.Do("INCR", counter(c.index))
	if err != nil {
		return err
	}
	if c.count++; int64(v.Integer()) != c.count {
		return fmt.Errorf("INCR answered %d, should be %d", v.Integer(), c.count)
	}
	c.counted = false
	other := counter(c.rng.IntN(clients))
	v, err = conn.Do("GET", other)
	if err != nil {
		return err
	}
	c.seen[other] = max(c.seen[other], int64(v.Integer()))
	return nil
}

// send pipelines the commands and returns the first error among their replies.
func send(conn *respclient.Client, commands [][]string) error {
	for _, args := range commands {
		conn.Send(args...)
	}
	if err := conn.Flush(); err != nil {
		return err
	}
	var first error
	for range commands {
		if _, err := conn.Receive(); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// verify compares the server's state with the model. The op under way when the server was killed may have happened, as a whole, or not.
func (c *client) verify(conn *respclient.Client) error {
	if err := c.outlive(conn); err != nil {
		return err
	}
	got, err := read(conn, c.index+1)
	if err != nil {
		return err
	}
	diff := c.model.diff(got)
	if diff != "" && c.pending != nil {
		c.pending.apply(c.model)
		if other := c.model.diff(got); other == "" {
			diff = ""
		} else {
			diff += fmt.Sprintf("\nand if %.200q has happened:\n%s", c.pending.commands, other)
		}
	}
	c.pending = nil
	if diff != "" {
		return fmt.Errorf("client %d: %s", c.index, diff)
	}
	if m := c.model; m.script != "" {
		if v, err := conn.Do("SCRIPT", "EXISTS", m.script); err != nil || v.Array()[0].Integer() != 1 {
			return fmt.Errorf("client %d: script %s is not there, %v", c.index, m.script, err)
		}
	}
	return c.verifyCounters(conn)
}

// outlive waits until the time of every brief key is over and takes them out of the model: the server must have none.
func (c *client) outlive(conn *respclient.Client) error {
	last := int64(0)
	for key, at := range c.model.expires {
		if strings.HasPrefix(key, brief) {
			n, _ := strconv.ParseInt(at, 10, 64)
			last = max(last, n)
			c.model.del(key)
		}
	}
	if c.pending != nil {
		if first := c.pending.commands[0]; len(first) == 5 && strings.HasPrefix(first[1], brief) {
			n, _ := strconv.ParseInt(first[4], 10, 64)
			last, c.pending = max(last, n), nil
		}
	}
	for {
		v, err := conn.Do("TIME")
		if err != nil {
			return err
		}
		if t := v.Array(); int64(t[0].Integer())*1000+int64(t[1].Integer())/1000 > last {
			return nil
		}
	}
}

func (c *client) verifyCounters(conn *respclient.Client) error {
	if _, err := conn.Do("SELECT", "0"); err != nil {
		return err
	}
	v, err := conn.Do("GET", counter(c.index))
	if err != nil {
		return err
	}
	if have := int64(v.Integer()); have != c.count && !(c.counted && have == c.count+1) {
		return fmt.Errorf("client %d: its counter is %d after %d increments were acknowledged", c.index, have, c.count)
	} else {
		c.count, c.counted = have, false
	}
	for key, n := range c.seen {
		v, err := conn.Do("GET", key)
		if err != nil {
			return err
		}
		if int64(v.Integer()) < n {
			return fmt.Errorf("client %d had been shown %d as %s, which is %d now", c.index, n, key, v.Integer())
		}
	}
	return nil
}

// read returns everything in one database.
func read(conn *respclient.Client, db int) (*model, error) {
	do := func(args ...string) resp.Value {
		v, err := conn.Do(args...)
		if err != nil {
			panic(fmt.Errorf("%v: %w", args, err))
		}
		return v
	}
	m := newModel()
	var err error
	func() {
		defer func() {
			if e, ok := recover().(error); ok {
				err = e
			}
		}()
		do("SELECT", strconv.Itoa(db))
		for _, k := range do("KEYS", "*").Array() {
			key := k.String()
			if at := do("PEXPIRETIME", key).String(); at != "-1" {
				m.expires[key] = at
			}
			switch t := do("TYPE", key).String(); t {
			case "string":
				m.strings[key] = do("GET", key).String()
			case "hash":
				pairs(do("HGETALL", key), func(f, v string) {
					m.hset(key, f, v)
					if at := do("HPEXPIRETIME", key, "FIELDS", "1", f).Array()[0].String(); key == "h" && at != "-1" {
						m.expires["h "+f] = at
					}
				})
			case "zset":
				pairs(do("ZRANGE", key, "0", "-1", "WITHSCORES"), func(f, v string) { m.zadd(key, f, v) })
			case "set":
				for _, v := range do("SMEMBERS", key).Array() {
					m.sadd(key, v.String())
				}
			case "stream":
				for _, v := range do("XRANGE", key, "-", "+").Array() {
					entry := v.Array()
					pairs(entry[1], func(f, v string) { m.lists[key] = append(m.lists[key], entry[0].String()+" "+f+" "+v) })
				}
				for _, g := range do("XINFO", "GROUPS", key).Array() {
					pairs(g, func(name, v string) {
						if name == "last-delivered-id" {
							m.hset(key+" group", "last", v)
						}
					})
					for _, p := range do("XPENDING", key, "g", "-", "+", "1000000").Array() {
						m.lists[key+" pending"] = append(m.lists[key+" pending"], p.Array()[0].String())
					}
				}
			case "list":
				for _, v := range do("LRANGE", key, "0", "-1").Array() {
					m.lists[key] = append(m.lists[key], v.String())
				}
			default:
				panic(errors.New(key + " is a " + t))
			}
		}
		name := fmt.Sprintf("crash%d", db-1)
		if len(do("FUNCTION", "LIST", "LIBRARYNAME", name).Array()) > 0 {
			m.function = do("FCALL", name, "0").String()
		}
	}()
	return m, err
}

func pairs(v resp.Value, f func(a, b string)) {
	for l := v.Array(); len(l) >= 2; l = l[2:] {
		f(l[0].String(), l[1].String())
	}
}
