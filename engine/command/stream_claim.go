package command

import (
	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/stream"
)

// claiming is what XCLAIM's options say.
type claiming struct {
	minIdle int64
	ids     []stream.ID
	time    int64 // of delivery, unix ms
	retries int64 // negative: count on
	force   bool
	justID  bool
	lastID  stream.ID
}

// xclaim makes pending entries another consumer's.
func xclaim(c *Ctx) error {
	s, g, err := groupOf(c)
	if err != nil {
		return err
	}
	o, err := parseClaim(c)
	if err != nil {
		return err
	}
	if g.LastID.Less(o.lastID) {
		s.SetGroup(g, o.lastID, g.EntriesRead)
	}
	consumer := findConsumer(c, &s, g, c.Args[1], c.Args[3])
	s.See(g, consumer, false)
	mark, n := c.Reply.DeferArray(), 0
	for _, id := range o.ids {
		if !s.Data().Has(id) {
			if s.Ack(g, id) { // a deleted entry stays pending only until someone asks for it
				c.KS.Stats().Dirty++
			}
			continue
		}
		p, ok := g.Pending(id)
		switch {
		case !ok && !o.force:
			continue
		case !ok:
			p = stream.Pending{ID: id, Count: 1}
		case o.minIdle > 0 && c.KS.Now()-p.Time < o.minIdle:
			continue
		}
		if p.Time = o.time; o.retries >= 0 {
			p.Count = o.retries
		} else if !o.justID {
			p.Count++
		}
		p.Consumer = consumer
		claimed(c, &s, g, p, o.justID)
		n++
	}
	c.Reply.EndArray(mark, n)
	return nil
}

// claimed makes p pending and replies the entry.
func claimed(c *Ctx, s *engine.Stream, g *stream.Group, p stream.Pending, justID bool) {
	s.SetPending(g, p)
	s.See(g, p.Consumer, true)
	c.KS.Stats().Dirty++
	if justID {
		replyID(c, p.ID)
		return
	}
	it := c.iterate(s.Data(), p.ID, p.ID, false)
	it.Next()
	replyEntry(c, it)
}

func parseClaim(c *Ctx) (o claiming, err error) {
	var ok bool
	if o.minIdle, ok = ParseInt(c.Args[4]); !ok {
		return o, Error("ERR Invalid min-idle-time argument for XCLAIM")
	}
	i := 5
	for ; i < len(c.Args); i++ {
		id, ok := stream.ParseStrictID(c.Args[i], 0)
		if !ok {
			break
		}
		o.ids = append(o.ids, id)
	}
	now := c.KS.Now()
	o.time, o.retries = -1, -1
	for ; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		ok := true
		switch name := ""; {
		case c.Is(i, "force"):
			o.force = true
		case c.Is(i, "justid"):
			o.justID = true
		case more && (c.Is(i, "idle") || c.Is(i, "time")):
			name = upper(string(c.Args[i]))
			if o.time, ok = ParseInt(c.Args[i+1]); ok && name == "IDLE" {
				o.time = now - o.time
			}
			fallthrough
		case more && c.Is(i, "retrycount"):
			if name == "" {
				name = "RETRYCOUNT"
				o.retries, ok = ParseInt(c.Args[i+1])
			}
			if !ok {
				return o, Error("ERR Invalid " + name + " option argument for XCLAIM")
			}
			i++
		case more && c.Is(i, "lastid"):
			i++
			if o.lastID, err = strictID(c, i); err != nil {
				return o, err
			}
		default:
			return o, Error("ERR Unrecognized XCLAIM option '" + text(c.Args[i]) + "'")
		}
	}
	// A time that cannot be is now: clients may compute it from a clock of their own.
	if o.time < 0 || o.time > now {
		o.time = now
	}
	return o, nil
}

// xautoclaim claims what has been pending for long, a part of the list at a time.
// XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]
func xautoclaim(c *Ctx) error {
	minIdle, ok := ParseInt(c.Args[4])
	if !ok {
		return Error("ERR Invalid min-idle-time argument for XAUTOCLAIM")
	}
	from, _, err := interval(c.Args[5], plus)
	if err != nil {
		return err
	}
	count, justID := int64(100), false
	for i := 6; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "count") && i+1 < len(c.Args):
			i++
			if count, ok = ParseInt(c.Args[i]); !ok || count < 1 || count > maxAutoclaim {
				return Error("ERR COUNT must be > 0")
			}
		case c.Is(i, "justid"):
			justID = true
		default:
			return ErrSyntax
		}
	}
	s, g, err := groupOf(c)
	if err != nil {
		return err
	}
	consumer := findConsumer(c, &s, g, c.Args[1], c.Args[3])
	s.See(g, consumer, false)

	// The cursor comes before the entries in the reply but after them in time: the IDs are found first.
	var claims []stream.Pending
	var deleted []stream.ID
	more := true
	for attempts := count * 10; attempts > 0 && count > 0 && more; attempts-- {
		p, ok := g.NextPending(from)
		if !ok {
			more = false
			break
		}
		from, more = p.ID.Next()
		switch {
		case !s.Data().Has(p.ID):
			s.Ack(g, p.ID)
			c.KS.Stats().Dirty++
			deleted = append(deleted, p.ID)
			count--
		case minIdle > 0 && c.KS.Now()-p.Time < minIdle:
		default:
			claims = append(claims, p)
			count--
		}
	}
	cursor := stream.ID{}
	if more {
		if p, ok := g.NextPending(from); ok {
			cursor = p.ID
		}
	}
	c.Reply.Array(3)
	replyID(c, cursor)
	c.Reply.Array(len(claims))
	for _, p := range claims {
		if p.Consumer, p.Time = consumer, c.KS.Now(); !justID {
			p.Count++
		}
		claimed(c, &s, g, p, justID)
	}
	c.Reply.Array(len(deleted))
	for _, id := range deleted {
		replyID(c, id)
	}
	return nil
}

var plus = []byte("+")
