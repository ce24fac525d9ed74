package command

import (
	"math"

	"github.com/evald/evald/engine/stream"
)

func streamInfo() []Spec {
	sub := func(name string, arity int, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: ReadOnly, Keys: []KeySpec{keyAt(2, RO|Access)}, Group: GroupStream, Since: "5.0.0",
			Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	consumers := sub("consumers", 4, "O(1)", "Returns a list of the consumers in a consumer group.", "key group", xinfoConsumers)
	consumers.Tips = []string{"nondeterministic_output"}
	return []Spec{{Name: "xinfo", Arity: -2, Group: GroupStream, Since: "5.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for stream introspection commands.", Sub: []Spec{
			consumers,
			sub("groups", 3, "O(1)", "Returns a list of the consumer groups of a stream.", "key", xinfoGroups),
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: GroupStream, Since: "5.0.0", Complexity: "O(1)", Summary: "Returns helpful text about the different subcommands.", Do: xinfoHelp},
			sub("stream", -3, "O(1)", "Returns information about a stream.", "key [FULL [COUNT count]]", xinfoStream),
		}}}
}

func xinfoHelp(c *Ctx) error {
	Help(c, "XINFO",
		"CONSUMERS <key> <groupname>", "    Show consumers of <groupname>.",
		"GROUPS <key>", "    Show the stream consumer groups.",
		"STREAM <key> [FULL [COUNT <count>]", "    Show information about the stream.")
	return nil
}

// xinfoOpen returns the stream at argument 2, which must exist.
func xinfoOpen(c *Ctx) (*stream.Stream, error) {
	s, err := c.DB.Stream(c.Args[2])
	if err != nil {
		return nil, err
	}
	if !s.Exists() {
		return nil, ErrNoSuchKey
	}
	return s.Data(), nil
}

// field writes the name of a map's next value.
func field(c *Ctx, name string) Reply {
	c.Reply.BulkString(name)
	return c.Reply
}

func xinfoConsumers(c *Ctx) error {
	s, err := xinfoOpen(c)
	if err != nil {
		return err
	}
	g := s.Group(c.Args[3])
	if g == nil {
		return noGroup(c.Args[3], c.Args[2])
	}
	c.Reply.Array(len(g.Consumers()))
	for _, consumer := range g.Consumers() {
		c.Reply.Map(4)
		field(c, "name").BulkString(consumer.Name)
		field(c, "pending").Int(int64(consumer.PendingCount()))
		field(c, "idle").Int(max(0, c.KS.Now()-consumer.SeenTime))
		inactive := int64(-1)
		if consumer.ActiveTime >= 0 {
			inactive = max(0, c.KS.Now()-consumer.ActiveTime)
		}
		field(c, "inactive").Int(inactive)
	}
	return nil
}

func xinfoGroups(c *Ctx) error {
	s, err := xinfoOpen(c)
	if err != nil {
		return err
	}
	c.Reply.Array(len(s.Groups()))
	for _, g := range s.Groups() {
		c.Reply.Map(6)
		field(c, "name").BulkString(g.Name)
		field(c, "consumers").Int(int64(len(g.Consumers())))
		field(c, "pending").Int(int64(g.PendingCount()))
		field(c, "last-delivered-id")
		replyID(c, g.LastID)
		replyProgress(c, s, g)
	}
	return nil
}

// replyProgress replies how much a group has read and how far it lags behind, nil where that is not known.
func replyProgress(c *Ctx, s *stream.Stream, g *stream.Group) {
	field(c, "entries-read")
	if g.EntriesRead == stream.UnknownRead {
		c.Reply.Nil()
	} else {
		c.Reply.Int(g.EntriesRead)
	}
	field(c, "lag")
	if lag, ok := s.Lag(g); ok {
		c.Reply.Int(lag)
	} else {
		c.Reply.Nil()
	}
}

// xinfoStream is XINFO STREAM key [FULL [COUNT count]].
func xinfoStream(c *Ctx) error {
	full, count := len(c.Args) > 3, int64(10)
	if n := len(c.Args); full && (!c.Is(3, "full") || n != 4 && n != 6 || n == 6 && !c.Is(4, "count")) {
		return SubcommandSyntax(c)
	}
	if len(c.Args) == 6 {
		var err error
		if count, err = c.Int(5); err != nil {
			return err
		}
		switch {
		case count < 0:
			count = 10
		case count == 0:
			count = math.MaxInt64
		}
	}
	s, err := xinfoOpen(c)
	if err != nil {
		return err
	}
	if full {
		c.Reply.Map(9)
	} else {
		c.Reply.Map(10)
	}
	m := s.Meta()
	field(c, "length").Int(int64(s.Len()))
	field(c, "radix-tree-keys").Int(int64(s.Nodes()))
	field(c, "radix-tree-nodes").Int(int64(s.RadixNodes()))
	for _, f := range []struct {
		name string
		id   stream.ID
	}{{"last-generated-id", m.LastID}, {"max-deleted-entry-id", m.MaxDeletedID}} {
		field(c, f.name)
		replyID(c, f.id)
	}
	field(c, "entries-added").Int(int64(m.EntriesAdded))
	field(c, "recorded-first-entry-id")
	replyID(c, s.FirstID())
	if full {
		xinfoFull(c, s, count)
		return nil
	}
	field(c, "groups").Int(int64(len(s.Groups())))
	for _, end := range []struct {
		name string
		last bool
	}{{"first-entry", false}, {"last-entry", true}} {
		field(c, end.name)
		if it := c.iterate(s, stream.ID{}, stream.MaxID, end.last); it.Next() {
			replyEntry(c, it)
		} else {
			c.Reply.Nil()
		}
	}
	return nil
}

// xinfoFull replies the entries and groups of XINFO STREAM FULL, up to count of each list.
func xinfoFull(c *Ctx, s *stream.Stream, count int64) {
	field(c, "entries")
	replyRange(c, s, stream.ID{}, stream.MaxID, false, count)
	field(c, "groups").Array(len(s.Groups()))
	for _, g := range s.Groups() {
		c.Reply.Map(7)
		field(c, "name").BulkString(g.Name)
		field(c, "last-delivered-id")
		replyID(c, g.LastID)
		replyProgress(c, s, g)
		field(c, "pel-count").Int(int64(g.PendingCount()))
		field(c, "pending")
		xinfoPending(c, g.NextPending, count, true)
		field(c, "consumers").Array(len(g.Consumers()))
		for _, consumer := range g.Consumers() {
			c.Reply.Map(5)
			field(c, "name").BulkString(consumer.Name)
			field(c, "seen-time").Int(consumer.SeenTime)
			field(c, "active-time").Int(consumer.ActiveTime)
			field(c, "pel-count").Int(int64(consumer.PendingCount()))
			field(c, "pending")
			xinfoPending(c, func(from stream.ID) (stream.Pending, bool) { return g.NextPendingOf(consumer, from) }, count, false)
		}
	}
}

func xinfoPending(c *Ctx, next func(stream.ID) (stream.Pending, bool), count int64, withConsumer bool) {
	mark, n := c.Reply.DeferArray(), 0
	from := stream.ID{}
	for more := true; more && int64(n) < count; n++ {
		p, ok := next(from)
		if !ok {
			break
		}
		from, more = p.ID.Next()
		if withConsumer {
			c.Reply.Array(4)
			replyID(c, p.ID)
			c.Reply.BulkString(p.Consumer.Name)
		} else {
			c.Reply.Array(3)
			replyID(c, p.ID)
		}
		c.Reply.Int(p.Time)
		c.Reply.Int(p.Count)
	}
	c.Reply.EndArray(mark, n)
}
