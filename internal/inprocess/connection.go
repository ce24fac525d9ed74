// The commands of connections and configuration that tests of data commands use.
package inprocess

import (
	"strconv"
	"strings"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/engine/glob"
)

func (s *Server) connection() []command.Spec {
	spec := func(name string, arity int, do command.Handler) command.Spec {
		return command.Spec{Name: name, Arity: arity, Flags: command.NoScript, Group: command.GroupConnection, Since: "1.0.0", Summary: name, Do: do}
	}
	config := spec("config", -2, nil)
	config.Sub = []command.Spec{spec("set", -4, s.configSet), spec("get", -3, s.configGet), spec("resetstat", 2, ok)}
	return []command.Spec{spec("select", 2, selectDB), spec("hello", -1, hello), spec("ping", -1, ping), spec("psubscribe", -2, psubscribe), spec("debug", -2, command.Debug), config}
}

func ok(c *command.Ctx) error {
	c.Reply.Status("OK")
	return nil
}

func ping(c *command.Ctx) error {
	c.Reply.Status("PONG")
	return nil
}

func selectDB(c *command.Ctx) error {
	n, isInt := command.ParseInt(c.Args[1])
	if !isInt {
		return command.ErrNotInt
	}
	if n < 0 || n >= int64(c.KS.Databases()) {
		return command.ErrDBIndex
	}
	c.Client.Select(c, int(n))
	return ok(c)
}

func hello(c *command.Ctx) error {
	c.Client.(*Client).Out.RESP3 = c.Is(1, "3")
	c.Reply.Map(0)
	return nil
}

func psubscribe(c *command.Ctx) error {
	cl := c.Client.(*Client)
	for _, p := range c.Args[1:] {
		cl.patterns = append(cl.patterns, string(p))
		c.Reply.Push(3)
		c.Reply.BulkString("psubscribe")
		c.Reply.Bulk(p)
		c.Reply.Int(int64(len(cl.patterns)))
	}
	return nil
}

// publish sends a keyspace event to the clients whose patterns take it.
func (s *Server) publish(e engine.Event, key []byte) {
	selected, db := s.KS.Events().Selected, strconv.Itoa(e.DB)
	if selected&engine.EventKeyspace != 0 {
		s.message("__keyspace@"+db+"__:"+string(key), e.Name)
	}
	if selected&engine.EventKeyevent != 0 {
		s.message("__keyevent@"+db+"__:"+e.Name, string(key))
	}
}

func (s *Server) message(channel, text string) {
	for _, c := range s.clients {
		for _, p := range c.patterns {
			if glob.Match([]byte(p), []byte(channel)) {
				c.Out.Push(4)
				for _, part := range []string{"pmessage", p, channel, text} {
					c.Out.BulkString(part)
				}
			}
		}
	}
}

// limit returns the place of an encoding threshold, or nil.
func (s *Server) limit(name string) *int {
	l := &s.KS.Limits
	return map[string]*int{
		"hash-max-listpack-entries": &l.HashMaxListpackEntries, "hash-max-ziplist-entries": &l.HashMaxListpackEntries,
		"hash-max-listpack-value": &l.HashMaxListpackValue, "hash-max-ziplist-value": &l.HashMaxListpackValue,
		"set-max-intset-entries": &l.SetMaxIntsetEntries, "set-max-listpack-entries": &l.SetMaxListpackEntries,
		"set-max-listpack-value": &l.SetMaxListpackValue, "zset-max-listpack-entries": &l.ZSetMaxListpackEntries,
		"zset-max-ziplist-entries": &l.ZSetMaxListpackEntries, "zset-max-listpack-value": &l.ZSetMaxListpackValue,
		"zset-max-ziplist-value": &l.ZSetMaxListpackValue, "list-max-listpack-size": &l.ListMaxListpackSize,
		"list-max-ziplist-size": &l.ListMaxListpackSize, "stream-node-max-bytes": &l.StreamNodeMaxBytes,
		"stream-node-max-entries": &l.StreamNodeMaxEntries, "hll-sparse-max-bytes": &l.HLLSparseMaxBytes,
		"lfu-log-factor": &s.KS.Access().LogFactor, "lfu-decay-time": &s.KS.Access().DecayTime, "proto-max-bulk-len": &s.env.MaxBulk,
	}[name]
}

const eventLetters = "KEg$lshzxetmdn"

func (s *Server) configSet(c *command.Ctx) error {
	for i := 2; i+1 < len(c.Args); i += 2 {
		name, value := strings.ToLower(string(c.Args[i])), string(c.Args[i+1])
		switch p := s.limit(name); {
		case p != nil:
			n, err := strconv.Atoi(value)
			if err != nil {
				return command.Error("ERR CONFIG SET failed - " + err.Error())
			}
			*p = n
		case name == "maxmemory-policy":
			s.KS.Access().LFU = strings.HasSuffix(value, "-lfu")
		case name == "notify-keyspace-events":
			s.KS.Events().Selected = eventClasses(value)
		case name == "list-compress-depth": // nothing is compressed here
		default:
			return command.Error("ERR Unknown option or number of arguments for CONFIG SET - '" + name + "'")
		}
	}
	return ok(c)
}

func eventClasses(letters string) (set engine.EventClass) {
	for _, l := range strings.ReplaceAll(letters, "A", "g$lshzxetd") {
		if i := strings.IndexRune(eventLetters, l); i >= 0 {
			set |= engine.EventClass(1) << i
		}
	}
	return set
}

func (s *Server) configGet(c *command.Ctx) error {
	p := s.limit(strings.ToLower(string(c.Args[2])))
	if p == nil {
		c.Reply.Map(0)
		return nil
	}
	c.Reply.Map(1)
	c.Reply.Bulk(c.Args[2])
	c.Reply.BulkString(strconv.Itoa(*p))
	return nil
}
