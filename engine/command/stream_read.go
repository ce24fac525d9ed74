package command

import (
	"math"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/stream"
)

func streamReads() []Spec {
	keys := func(from int) []KeySpec {
		return []KeySpec{{Use: RO | Access, Keyword: "STREAMS", From: from, Last: -1, Step: 1, Limit: 2}}
	}
	return []Spec{
		{Name: "xread", Arity: -4, Flags: ReadOnly | Blocking, Keys: keys(1), Group: GroupStream, Since: "5.0.0", Do: func(c *Ctx) error { return xread(c, false) },
			Complexity: "For each stream mentioned: O(N) with N being the number of elements being returned, it means that XREAD-ing with a fixed COUNT is O(1). Note that when the BLOCK option is used, XADD will pay O(M) time in order to serve the M clients blocked on the stream getting new data.",
			Summary:    "Returns messages from multiple streams with IDs greater than the ones requested. Blocks until a message is available otherwise.",
			Syntax:     "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]"},
		{Name: "xreadgroup", Arity: -7, Flags: Write | Blocking, Keys: keys(4), Group: GroupStream, Since: "5.0.0", Do: func(c *Ctx) error { return xread(c, true) },
			Complexity: "For each stream mentioned: O(M) with M being the number of elements returned. If M is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1). On the other side when XREADGROUP blocks, XADD will pay the O(N) time in order to serve the N clients blocked on the stream getting new data.",
			Summary:    "Returns new or historical messages from a stream for a consumer in a group. Blocks until a message is available otherwise.",
			Syntax:     "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]"},
	}
}

// reading is one call of XREAD or XREADGROUP.
type reading struct {
	group, consumer []byte // nil for XREAD
	count           int64
	blocks          bool
	deadline        int64
	noAck           bool
	keys            [][]byte
	first           int         // argument index of the first ID
	after           []stream.ID // per key: entries above it are wanted
	serve           []bool      // per key
}

// isNew tells whether new entries for the group are wanted of key i: the ID ">", for which the largest ID stands, as in Redis.
func (r *reading) isNew(i int) bool { return r.after[i] == stream.MaxID }

func xread(c *Ctx, grouped bool) error {
	r, err := parseReading(c, grouped)
	if err != nil {
		return err
	}
	for i, key := range r.keys {
		if err := r.resolve(c, i, key); err != nil {
			return err
		}
	}
	n := 0
	for i, key := range r.keys {
		if r.ready(c, i, key) {
			r.serve[i] = true
			n++
		}
	}
	if n > 0 {
		r.reply(c, n)
		return nil
	}
	if !r.blocks {
		c.Reply.NilArray()
		return nil
	}
	// What "$" meant must not change when the command runs again. ">" and "+" keep their meaning.
	for i := range r.keys {
		if string(c.Args[r.first+i]) == "$" {
			c.Args[r.first+i] = r.after[i].AppendText(nil)
		}
	}
	if !c.Block(Block{Keys: r.keys, Type: engine.TypeStream, Deadline: r.deadline, OnGone: grouped, Timeout: Reply.NilArray}) {
		c.Reply.NilArray()
	}
	return nil
}

func parseReading(c *Ctx, grouped bool) (r reading, err error) {
	r.count = math.MaxInt64
	for i := 1; i < len(c.Args) && r.first == 0; i++ {
		more := len(c.Args) - 1 - i
		switch {
		case more > 0 && c.Is(i, "block"):
			i++
			if r.deadline, err = deadlineMillis(c, i); err != nil {
				return r, err
			}
			r.blocks = true
		case more > 0 && c.Is(i, "count"):
			i++
			if r.count, err = c.Int(i); err != nil {
				return r, err
			}
			if r.count <= 0 {
				r.count = math.MaxInt64
			}
		case more > 0 && c.Is(i, "streams"):
			if more%2 != 0 {
				if grouped {
					return r, Error("ERR Unbalanced 'xreadgroup' list of streams: for each stream key an ID or '>' must be specified.")
				}
				return r, Error("ERR Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified.")
			}
			r.keys, r.first = c.Args[i+1:i+1+more/2], i+1+more/2
		case more > 1 && c.Is(i, "group"):
			if !grouped {
				return r, Error("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.")
			}
			r.group, r.consumer = c.Args[i+1], c.Args[i+2]
			i += 2
		case c.Is(i, "noack"):
			if !grouped {
				return r, Error("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.")
			}
			r.noAck = true
		default:
			return r, ErrSyntax
		}
	}
	if r.first == 0 {
		return r, ErrSyntax
	}
	if grouped && r.group == nil {
		return r, Error("ERR Missing GROUP option for XREADGROUP")
	}
	r.after, r.serve = make([]stream.ID, len(r.keys)), make([]bool, len(r.keys))
	return r, nil
}

// deadlineMillis turns a timeout in ms at argument i into unix ms, 0 for no end.
func deadlineMillis(c *Ctx, i int) (int64, error) {
	ms, ok := ParseInt(c.Args[i])
	switch {
	case !ok:
		return 0, Error("ERR timeout is not an integer or out of range")
	case ms < 0:
		return 0, errTimeoutNegative
	case ms > math.MaxInt64-c.KS.Now():
		return 0, errTimeoutRange
	case ms == 0:
		return 0, nil
	}
	return c.KS.Now() + ms, nil
}

// resolve finds out after which ID entries of key i are wanted, and that its group exists.
func (r *reading) resolve(c *Ctx, i int, key []byte) error {
	s, err := c.DB.Stream(key)
	if err != nil {
		return err
	}
	if r.group != nil && (!s.Exists() || s.Data().Group(r.group) == nil) {
		return Error("NOGROUP No such key '" + text(key) + "' or consumer group '" + text(r.group) + "' in XREADGROUP with GROUP option")
	}
	switch arg := c.Args[r.first+i]; string(arg) {
	case "$":
		if r.group != nil {
			return Error("ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.")
		}
		if s.Exists() {
			r.after[i] = s.Data().Meta().LastID
		}
	case "+":
		if r.group != nil {
			return Error("ERR The + ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The + ID would just return an empty result set.")
		}
		if s.Len() > 0 {
			last, _ := s.Data().LastEntryID()
			r.after[i], _ = last.Prev()
		}
	case ">":
		if r.group == nil {
			return Error("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.")
		}
		r.after[i] = stream.MaxID
	default:
		var ok bool
		if r.after[i], ok = stream.ParseStrictID(arg, 0); !ok {
			return errStreamID
		}
	}
	return nil
}

// ready tells whether there is something to reply for key i. For a group it makes the consumer, if that is new.
func (r *reading) ready(c *Ctx, i int, key []byte) bool {
	if c.Mode&Rerun == 0 {
		c.DB.Touch(key) // the second lookup counts too, as in Redis
	}
	s := openStream(c, key)
	if s.Data() == nil {
		return false
	}
	last, any := s.Data().LastEntryID()
	if r.group == nil {
		return any && r.after[i].Less(last)
	}
	g := s.Data().Group(r.group)
	ok := !r.isNew(i) || any && g.LastID.Less(last)
	if consumer := findConsumer(c, &s, g, key, r.consumer); ok || c.Mode&Rerun == 0 {
		s.See(g, consumer, false) // a re-run that finds nothing is no new attempt to read
	}
	return ok
}

// openStream opens a key that is known to be a stream or absent.
func openStream(c *Ctx, key []byte) engine.Stream {
	s, err := c.DB.StreamForUpdate(key)
	if err != nil {
		panic("command: a stream changed its type")
	}
	return s
}

// findConsumer returns a group's consumer, made if it is new.
func findConsumer(c *Ctx, s *engine.Stream, g *stream.Group, key, name []byte) *stream.Consumer {
	consumer, created := s.Consumer(g, name)
	if created {
		c.KS.Stats().Dirty++
		c.Notify(engine.EventStream, "xgroup-createconsumer", key)
	}
	return consumer
}

// reply replies the n keys that are ready. Where a group reads a key twice, the first time may leave nothing for the second.
func (r *reading) reply(c *Ctx, n int) {
	resp3 := c.Reply.Proto() >= 3
	if r.group == nil || n == 1 {
		if resp3 {
			c.Reply.Map(n)
		} else {
			c.Reply.Array(n)
		}
		r.replyKeys(c, false)
		return
	}
	if resp3 {
		mark := c.Reply.DeferMap()
		c.Reply.EndMap(mark, r.replyKeys(c, true))
	} else {
		mark := c.Reply.DeferArray()
		c.Reply.EndArray(mark, r.replyKeys(c, true))
	}
}

// replyKeys replies the keys that are ready, and with again, that still are. It returns how many.
func (r *reading) replyKeys(c *Ctx, again bool) (n int) {
	for i, key := range r.keys {
		if !r.serve[i] {
			continue
		}
		s := openStream(c, key)
		if again && r.isNew(i) {
			if last, _ := s.Data().LastEntryID(); !s.Data().Group(r.group).LastID.Less(last) {
				continue
			}
		}
		n++
		if c.Reply.Proto() < 3 {
			c.Reply.Array(2)
		}
		c.Reply.Bulk(key)
		switch {
		case r.group == nil:
			from, _ := r.after[i].Next()
			replyRange(c, s.Data(), from, stream.MaxID, false, r.count)
		case r.isNew(i):
			r.deliver(c, &s)
		default:
			r.history(c, &s, r.after[i])
		}
	}
	return n
}

// deliver replies the group's next entries and makes them pending.
func (r *reading) deliver(c *Ctx, s *engine.Stream) {
	data := s.Data()
	g := data.Group(r.group)
	consumer := g.Consumer(r.consumer)
	mark, n := c.Reply.DeferArray(), 0
	if from, ok := g.LastID.Next(); ok {
		for it := c.iterate(data, from, stream.MaxID, false); int64(n) < r.count && it.Next(); n++ {
			replyEntry(c, it)
			s.Advance(g, it.ID())
			if !r.noAck {
				s.SetPending(g, stream.Pending{ID: it.ID(), Consumer: consumer, Time: c.KS.Now(), Count: 1})
			}
		}
	}
	c.Reply.EndArray(mark, n)
	if n > 0 {
		c.KS.Stats().Dirty++
		if !r.noAck {
			s.See(g, consumer, true)
		}
	}
}

// history replies the consumer's pending entries above an ID; of those that are deleted only the ID.
func (r *reading) history(c *Ctx, s *engine.Stream, after stream.ID) {
	data := s.Data()
	g := data.Group(r.group)
	consumer := g.Consumer(r.consumer)
	mark, n := c.Reply.DeferArray(), 0
	for from, more := after.Next(); more && int64(n) < r.count; n++ {
		p, ok := g.NextPendingOf(consumer, from)
		if !ok {
			break
		}
		if it := c.iterate(data, p.ID, p.ID, false); it.Next() {
			replyEntry(c, it)
			p.Time, p.Count = c.KS.Now(), p.Count+1
			s.SetPending(g, p)
		} else {
			c.Reply.Array(2)
			replyID(c, p.ID)
			c.Reply.NilArray()
		}
		from, more = p.ID.Next()
	}
	c.Reply.EndArray(mark, n)
	c.KS.Stats().Dirty++
}
