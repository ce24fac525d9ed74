package command

import (
	"math"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/stream"
)

func streamGroups() []Spec {
	claim := streamSpec("xclaim", -6, Write|Fast, RW|Update, "5.0.0", "O(log N) with N being the number of messages in the PEL of the consumer group.",
		"Changes, or acquires, ownership of a message in a consumer group, as if the message was delivered a consumer group member.",
		"key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID lastid]", xclaim)
	auto := streamSpec("xautoclaim", -6, Write|Fast, RW|Delete, "6.2.0", "O(1) if COUNT is small.",
		"Changes, or acquires, ownership of messages in a consumer group, as if the messages were delivered to as consumer group member.",
		"key group consumer min-idle-time start [COUNT count] [JUSTID]", xautoclaim)
	pending := streamSpec("xpending", -3, ReadOnly, RO|Access, "5.0.0",
		"O(N) with N being the number of elements returned, so asking for a small fixed number of entries per call is O(1). O(M), where M is the total number of entries scanned when used with the IDLE filter. When the command returns just the summary and the list of consumers is small, it runs in O(1) time; otherwise, an additional O(N) time for iterating every consumer.",
		"Returns the information and entries from a stream consumer group's pending entries list.", "key group [[IDLE min-idle-time] start end count [consumer]]", xpending)
	for _, s := range []*Spec{&claim, &auto, &pending} {
		s.Tips = []string{"nondeterministic_output"}
	}
	return []Spec{
		streamSpec("xack", -4, Write|Fast, RW|Update, "5.0.0", "O(1) for each message ID processed.",
			"Returns the number of messages that were successfully acknowledged by the consumer group member of a stream.", "key group id [id ...]", xack),
		auto, claim,
		{Name: "xgroup", Arity: -2, Group: GroupStream, Since: "5.0.0", Complexity: "Depends on subcommand.", Summary: "A container for consumer groups commands.", Sub: xgroupSubcommands()},
		pending,
	}
}

func xgroupSubcommands() []Spec {
	sub := func(name string, arity int, flags Flags, use KeyUse, since, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: Write | flags, Keys: []KeySpec{keyAt(2, RW|use)}, Group: GroupStream, Since: since,
			Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	return []Spec{
		sub("create", -5, DenyOOM, Insert, "5.0.0", "O(1)", "Creates a consumer group.", "key group <id | $> [MKSTREAM] [ENTRIESREAD entries-read]", xgroupCreate),
		sub("createconsumer", 5, DenyOOM, Insert, "6.2.0", "O(1)", "Creates a consumer in a consumer group.", "key group consumer", xgroupCreateConsumer),
		sub("delconsumer", 5, 0, Delete, "5.0.0", "O(1)", "Deletes a consumer from a consumer group.", "key group consumer", xgroupDelConsumer),
		sub("destroy", 4, 0, Delete, "5.0.0", "O(N) where N is the number of entries in the group's pending entries list (PEL).", "Destroys a consumer group.", "key group", xgroupDestroy),
		{Name: "help", Arity: 2, Flags: Loading | Stale, Group: GroupStream, Since: "5.0.0", Complexity: "O(1)", Summary: "Returns helpful text about the different subcommands.", Do: xgroupHelp},
		sub("setid", -5, 0, Update, "5.0.0", "O(1)", "Sets the last-delivered ID of a consumer group.", "key group <id | $> [ENTRIESREAD entries-read]", xgroupSetID),
	}
}

func xgroupHelp(c *Ctx) error {
	Help(c, "XGROUP",
		"CREATE <key> <groupname> <id|$> [option]", "    Create a new consumer group. Options are:", "    * MKSTREAM", "      Create the empty stream if it does not exist.",
		"    * ENTRIESREAD entries_read", "      Set the group's entries_read counter (internal use).",
		"CREATECONSUMER <key> <groupname> <consumer>", "    Create a new consumer in the specified group.",
		"DELCONSUMER <key> <groupname> <consumer>", "    Remove the specified consumer.",
		"DESTROY <key> <groupname>", "    Remove the specified group.",
		"SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]", "    Set the current group ID and entries_read counter.")
	return nil
}

const errXgroupKey Error = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."

func noGroup(name, key []byte) Error {
	return Error("NOGROUP No such consumer group '" + text(name) + "' for key name '" + text(key) + "'")
}

// SubcommandSyntax is the error for a subcommand's call whose arguments do not fit.
func SubcommandSyntax(c *Ctx) Error {
	return Error("ERR unknown subcommand or wrong number of arguments for '" + clip(c.Args[1], 128) + "'. Try " + upper(string(c.Args[0])) + " HELP.")
}

// xgroupOptions reads MKSTREAM, for CREATE, and ENTRIESREAD.
func xgroupOptions(c *Ctx, create bool) (mkStream bool, read int64, err error) {
	read = stream.UnknownRead
	for i := 5; i < len(c.Args); i++ {
		switch {
		case create && c.Is(i, "mkstream"):
			mkStream = true
		case c.Is(i, "entriesread") && i+1 < len(c.Args):
			i++
			if read, err = c.Int(i); err != nil {
				return false, 0, err
			}
			if read < stream.UnknownRead {
				return false, 0, Error("ERR value for ENTRIESREAD must be positive or -1")
			}
		default:
			return false, 0, SubcommandSyntax(c)
		}
	}
	return mkStream, read, nil
}

func xgroupCreate(c *Ctx) error {
	mkStream, read, err := xgroupOptions(c, true)
	if err != nil {
		return err
	}
	s, err := c.DB.StreamForUpdate(c.Args[2])
	if err != nil {
		return err
	}
	if !s.Exists() && !mkStream {
		return errXgroupKey
	}
	if len(c.Args) > 8 {
		return SubcommandSyntax(c)
	}
	var id stream.ID
	if string(c.Args[4]) == "$" {
		if s.Exists() {
			id = s.Data().Meta().LastID
		}
	} else if id, err = strictID(c, 4); err != nil {
		return err
	}
	if !s.Exists() {
		s.Create()
	}
	if !s.CreateGroup(c.Args[3], id, read) {
		return Error("BUSYGROUP Consumer Group name already exists")
	}
	s.Finish(engine.EventStream, "xgroup-create", 1)
	c.Reply.Status("OK")
	return nil
}

// strictID reads argument i as an ID that is neither "-" nor "+".
func strictID(c *Ctx, i int) (stream.ID, error) {
	id, ok := stream.ParseStrictID(c.Args[i], 0)
	if !ok {
		return id, errStreamID
	}
	return id, nil
}

// openGroup opens the stream and group of XGROUP's arguments 2 and 3.
func openGroup(c *Ctx) (s engine.Stream, g *stream.Group, err error) {
	if s, err = c.DB.StreamForUpdate(c.Args[2]); err != nil {
		return s, nil, err
	}
	if !s.Exists() {
		return s, nil, errXgroupKey
	}
	if g = s.Data().Group(c.Args[3]); g == nil {
		return s, nil, noGroup(c.Args[3], c.Args[2])
	}
	return s, g, nil
}

func xgroupSetID(c *Ctx) error {
	_, read, err := xgroupOptions(c, false)
	if err != nil {
		return err
	}
	s, g, err := openGroup(c)
	if err != nil {
		return err
	}
	if len(c.Args) > 7 {
		return SubcommandSyntax(c)
	}
	id := s.Data().Meta().LastID
	if string(c.Args[4]) != "$" {
		var ok bool
		if id, ok = stream.ParseID(c.Args[4], 0); !ok {
			return errStreamID
		}
	}
	s.SetGroup(g, id, read)
	s.Finish(engine.EventStream, "xgroup-setid", 1)
	c.Reply.Status("OK")
	return nil
}

func xgroupDestroy(c *Ctx) error {
	s, err := c.DB.StreamForUpdate(c.Args[2])
	if err != nil {
		return err
	}
	if !s.Exists() {
		return errXgroupKey
	}
	g := s.Data().Group(c.Args[3])
	if g != nil {
		s.DestroyGroup(g)
		s.Finish(engine.EventStream, "xgroup-destroy", 1)
	}
	replyFlag(c, g != nil)
	return nil
}

func xgroupCreateConsumer(c *Ctx) error {
	s, g, err := openGroup(c)
	if err != nil {
		return err
	}
	_, created := s.Consumer(g, c.Args[4])
	if created {
		s.Finish(engine.EventStream, "xgroup-createconsumer", 1)
	}
	replyFlag(c, created)
	return nil
}

func xgroupDelConsumer(c *Ctx) error {
	s, g, err := openGroup(c)
	if err != nil {
		return err
	}
	n := 0
	if consumer := g.Consumer(c.Args[4]); consumer != nil {
		n = s.DeleteConsumer(g, consumer)
		s.Finish(engine.EventStream, "xgroup-delconsumer", 1)
	}
	c.Reply.Int(int64(n))
	return nil
}

func xack(c *Ctx) error {
	c.DB.Touch(c.Args[1]) // Redis looks the key up as readers do
	s, err := c.DB.StreamForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	var g *stream.Group
	if s.Exists() {
		g = s.Data().Group(c.Args[2])
	}
	if g == nil {
		c.Reply.Int(0)
		return nil
	}
	ids, err := streamIDs(c, 3)
	if err != nil {
		return err
	}
	n := 0
	for _, id := range ids {
		if s.Ack(g, id) {
			n++
		}
	}
	c.KS.Stats().Dirty += uint64(n)
	c.Reply.Int(int64(n))
	return nil
}

// groupOf opens the stream at argument 1 and its group, argument 2.
func groupOf(c *Ctx) (s engine.Stream, g *stream.Group, err error) {
	if s, err = c.DB.Stream(c.Args[1]); err != nil {
		return s, nil, err
	}
	if s.Exists() {
		g = s.Data().Group(c.Args[2])
	}
	if g == nil {
		return s, nil, Error("NOGROUP No such key '" + text(c.Args[1]) + "' or consumer group '" + text(c.Args[2]) + "'")
	}
	return s, g, nil
}

// xpending replies a summary of a group's pending entries, or these entries in a range.
// XPENDING key group [[IDLE min-idle-time] start end count [consumer]]
func xpending(c *Ctx) error {
	if len(c.Args) == 3 {
		_, g, err := groupOf(c)
		if err == nil {
			pendingSummary(c, g)
		}
		return err
	}
	if len(c.Args) < 6 || len(c.Args) > 9 {
		return ErrSyntax
	}
	i, minIdle := 3, int64(0)
	var err error
	if c.Is(3, "idle") {
		if minIdle, err = c.Int(4); err != nil {
			return err
		}
		if len(c.Args) < 8 {
			return ErrSyntax
		}
		i = 5
	}
	count, err := c.Int(i + 2)
	if err != nil {
		return err
	}
	start, end, err := interval(c.Args[i], c.Args[i+1])
	if err != nil {
		return err
	}
	_, g, err := groupOf(c)
	if err != nil {
		return err
	}
	next := g.NextPending
	if i+3 < len(c.Args) {
		consumer := g.Consumer(c.Args[i+3])
		if consumer == nil {
			c.Reply.Array(0)
			return nil
		}
		next = func(from stream.ID) (stream.Pending, bool) { return g.NextPendingOf(consumer, from) }
	}
	pendingRange(c, next, start, end, count, minIdle)
	return nil
}

func pendingSummary(c *Ctx, g *stream.Group) {
	c.Reply.Array(4)
	c.Reply.Int(int64(g.PendingCount()))
	first, ok := g.NextPending(stream.ID{})
	if !ok {
		c.Reply.Nil()
		c.Reply.Nil()
		c.Reply.NilArray()
		return
	}
	last, _ := g.LastPending()
	replyID(c, first.ID)
	replyID(c, last.ID)
	mark, n := c.Reply.DeferArray(), 0
	for _, consumer := range g.Consumers() {
		if consumer.PendingCount() > 0 {
			c.Reply.Array(2)
			c.Reply.BulkString(consumer.Name)
			c.Reply.Bulk(appendInt(c.scratch[:0], int64(consumer.PendingCount())))
			n++
		}
	}
	c.Reply.EndArray(mark, n)
}

func pendingRange(c *Ctx, next func(stream.ID) (stream.Pending, bool), start, end stream.ID, count, minIdle int64) {
	mark, n := c.Reply.DeferArray(), 0
	for more := true; more && int64(n) < count; {
		p, ok := next(start)
		if !ok || end.Less(p.ID) {
			break
		}
		start, more = p.ID.Next()
		idle := c.KS.Now() - p.Time
		if minIdle != 0 && idle < minIdle {
			continue
		}
		c.Reply.Array(4)
		replyID(c, p.ID)
		c.Reply.BulkString(p.Consumer.Name)
		c.Reply.Int(max(idle, 0))
		c.Reply.Int(p.Count)
		n++
	}
	c.Reply.EndArray(mark, n)
}

// maxAutoclaim bounds COUNT of XAUTOCLAIM.
const maxAutoclaim = math.MaxInt64 / 16
