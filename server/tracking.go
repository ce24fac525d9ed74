package server

import (
	"sort"
	"strings"

	"github.com/evald/evald/engine/command"
)

// Client-side caching. In the default mode the server remembers which keys a client has read, and tells it once when one of them
// changes; in broadcast mode it tells of every changed key with one of the client's prefixes and remembers nothing.

// tracking is the state of one tracking client.
type tracking struct {
	bcast, optIn, optOut, noLoop bool
	caching                      bool // CLIENT CACHING was called for the next command
	broken                       bool // the client it redirects to has gone
	redirect                     uint64
	prefixes                     []string
}

// trackTable remembers who reads what. Databases are not told apart, as in Redis.
type trackTable struct {
	keys    map[string]map[uint64]struct{} // key to ids of clients
	bcast   map[*conn]struct{}
	clients int
	refs    []command.KeyRef
}

func (s *Server) stopTracking(c *conn) {
	if c.tracking == nil {
		return
	}
	delete(s.tracked.bcast, c)
	c.tracking = nil
	s.tracked.clients--
	s.observers--
}

// clientTracking turns tracking on or off.
func (s *Server) clientTracking(x *command.Ctx) error {
	c := x.Client.(*conn)
	next, err := s.parseTracking(x)
	if err != nil {
		return err
	}
	switch {
	case x.Is(2, "on"):
		if err := s.checkTracking(c, &next); err != nil {
			return err
		}
		if c.tracking == nil {
			s.tracked.clients++
			s.observers++
		} else {
			next.prefixes = append(c.tracking.prefixes, next.prefixes...)
		}
		c.tracking = &next
		if next.bcast {
			if len(next.prefixes) == 0 {
				next.prefixes = []string{""}
			}
			s.tracked.bcast[c] = struct{}{}
		}
	case x.Is(2, "off"):
		s.stopTracking(c)
	default:
		return command.ErrSyntax
	}
	x.Reply.Status("OK")
	return nil
}

func (s *Server) parseTracking(x *command.Ctx) (t tracking, err error) {
	for i := 3; i < len(x.Args); i++ {
		more := i+1 < len(x.Args)
		switch {
		case x.Is(i, "redirect") && more:
			if t.redirect != 0 {
				return t, command.Error("ERR A client can only redirect to a single other client")
			}
			i++
			id, err := x.Int(i)
			if err != nil {
				return t, err
			}
			if s.byID[uint64(id)] == nil {
				return t, command.Error("ERR The client ID you want redirect to does not exist")
			}
			t.redirect = uint64(id)
		case x.Is(i, "bcast"):
			t.bcast = true
		case x.Is(i, "optin"):
			t.optIn = true
		case x.Is(i, "optout"):
			t.optOut = true
		case x.Is(i, "noloop"):
			t.noLoop = true
		case x.Is(i, "prefix") && more:
			i++
			t.prefixes = append(t.prefixes, string(x.Args[i]))
		default:
			return t, command.ErrSyntax
		}
	}
	return t, nil
}

// checkTracking refuses combinations of options that make no sense.
func (s *Server) checkTracking(c *conn, t *tracking) error {
	old := c.tracking
	switch {
	case !t.bcast && len(t.prefixes) > 0:
		return command.Error("ERR PREFIX option requires BCAST mode to be enabled")
	case old != nil && old.bcast != t.bcast:
		return command.Error("ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.")
	case t.bcast && (t.optIn || t.optOut):
		return command.Error("ERR OPTIN and OPTOUT are not compatible with BCAST")
	case t.optIn && t.optOut:
		return command.Error("ERR You can't specify both OPTIN mode and OPTOUT mode")
	case old != nil && (t.optIn && old.optOut || t.optOut && old.optIn):
		return command.Error("ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.")
	}
	overlap := func(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }
	for i, p := range t.prefixes {
		if old != nil {
			for _, q := range old.prefixes {
				if overlap(p, q) {
					return command.Error("ERR Prefix '" + p + "' overlaps with an existing prefix '" + q + "'. Prefixes for a single client must not overlap.")
				}
			}
		}
		for _, q := range t.prefixes[i+1:] {
			if overlap(p, q) {
				return command.Error("ERR Prefix '" + p + "' overlaps with another provided prefix '" + q + "'. Prefixes for a single client must not overlap.")
			}
		}
	}
	return nil
}

func (s *Server) clientCaching(x *command.Ctx) error {
	c := x.Client.(*conn)
	t := c.tracking
	if t == nil {
		return command.Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	}
	switch {
	case x.Is(2, "yes"):
		if !t.optIn {
			return command.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
		}
	case x.Is(2, "no"):
		if !t.optOut {
			return command.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
		}
	default:
		return command.ErrSyntax
	}
	t.caching = true
	x.Reply.Status("OK")
	return nil
}

func (s *Server) clientGetRedir(x *command.Ctx) error {
	if t := x.Client.(*conn).tracking; t != nil {
		x.Reply.Int(int64(t.redirect))
	} else {
		x.Reply.Int(-1)
	}
	return nil
}

func (s *Server) clientTrackingInfo(x *command.Ctx) error {
	t, r := x.Client.(*conn).tracking, x.Reply
	var flags []string
	redirect := int64(-1)
	if t == nil {
		flags, t = []string{"off"}, &tracking{}
	} else {
		flags = []string{"on"}
		redirect = int64(t.redirect)
		for _, f := range []struct {
			on   bool
			name string
		}{{t.bcast, "bcast"}, {t.optIn, "optin"}, {t.caching && t.optIn, "caching-yes"}, {t.optOut, "optout"}, {t.caching && t.optOut, "caching-no"},
			{t.noLoop, "noloop"}, {t.broken, "broken_redirect"}} {
			if f.on {
				flags = append(flags, f.name)
			}
		}
	}
	r.Map(3)
	r.BulkString("flags")
	r.Set(len(flags))
	for _, f := range flags {
		r.BulkString(f)
	}
	r.BulkString("redirect")
	r.Int(redirect)
	r.BulkString("prefixes")
	r.Array(len(t.prefixes))
	for _, p := range t.prefixes {
		r.BulkString(p)
	}
	return nil
}

// remember notes the keys that a tracking client's command reads. It runs when the command has ended. Of a script the commands that
// it calls count, not the keys that it was given.
func (s *Server) remember(c *conn, x *command.Ctx) {
	t := c.tracking
	if t == nil || t.bcast || x.Spec.Flags&command.ReadOnly == 0 || x.Spec.Group == command.GroupScripting || x.Spec.Flags&command.PubSub != 0 {
		return
	}
	if t.optIn && !t.caching || t.optOut && t.caching {
		return
	}
	s.invalidateTouched() // what the unit wrote before this read is no change to it
	refs, _ := x.Spec.KeyRefs(s.tracked.refs[:0], x.Args)
	s.tracked.refs = refs
	for _, ref := range refs {
		key := x.Args[ref.Arg]
		ids := s.tracked.keys[string(key)]
		if ids == nil {
			ids = map[uint64]struct{}{}
			s.tracked.keys[string(key)] = ids
		}
		ids[c.id] = struct{}{}
	}
	s.boundTracking()
}

// forgetCaching ends CLIENT CACHING, which holds for one command (or one transaction).
func (c *conn) forgetCaching(spec *command.Spec) {
	if t := c.tracking; t != nil && c.flags&inMulti == 0 && (spec.Parent() == nil || spec.Parent().Name != "client") {
		t.caching = false
	}
}

// invalidateTouched tells the clients that cache what the running unit has changed since the last call.
func (s *Server) invalidateTouched() {
	if s.tracked.clients == 0 && len(s.tracked.keys) == 0 {
		return
	}
	n := 0
	s.ks.Touched(func(_ int, key []byte) {
		if n++; n <= s.invalidated {
			return
		}
		if key == nil {
			s.invalidateAll()
		} else {
			s.invalidate(key)
		}
	})
	s.invalidated = n
}

// invalidate tells the clients that cache key, which the running unit has changed.
func (s *Server) invalidate(key []byte) {
	t := &s.tracked
	if ids := t.keys[string(key)]; ids != nil {
		delete(t.keys, string(key))
		for _, id := range sortedIDs(ids) {
			if c := s.byID[id]; c != nil && c.tracking != nil && !c.tracking.bcast && !(c.tracking.noLoop && c == s.running) {
				s.pushInvalidation(c, key, "")
			}
		}
	}
	if len(t.bcast) == 0 {
		return
	}
	for _, c := range s.clients {
		if _, ok := t.bcast[c]; !ok || c.tracking.noLoop && c == s.running {
			continue
		}
		for _, p := range c.tracking.prefixes {
			if strings.HasPrefix(string(key), p) {
				s.pushInvalidation(c, key, p)
			}
		}
	}
}

func sortedIDs(ids map[uint64]struct{}) []uint64 {
	list := make([]uint64, 0, len(ids))
	for id := range ids {
		list = append(list, id)
	}
	sort.Slice(list, func(i, j int) bool { return list[i] < list[j] })
	return list
}

// pushInvalidation collects a message for c. Keys for the same prefix of a broadcast client go in one message, each once.
func (s *Server) pushInvalidation(c *conn, key []byte, prefix string) {
	for i := len(s.pushes) - 1; i >= 0; i-- {
		p := &s.pushes[i]
		if p.c != c || p.kind != "invalidate" {
			continue
		}
		for _, k := range p.keys {
			if string(s.pushBuf[k.from:k.to]) == string(key) && p.prefix == prefix {
				return
			}
		}
		if c.tracking.bcast && p.prefix == prefix {
			p.keys = append(p.keys, s.savePush(key))
			return
		}
	}
	s.pushes = append(s.pushes, push{c: c, kind: "invalidate", keys: []span{s.savePush(key)}, prefix: prefix})
}

// invalidateAll tells every tracking client that a whole database has changed.
func (s *Server) invalidateAll() {
	clear(s.tracked.keys)
	for _, c := range s.clients {
		if c.tracking != nil {
			s.pushes = append(s.pushes, push{c: c, kind: "flush"})
		}
	}
}

// writeInvalidation writes one message, which waits for turn seq, to the client that c redirects to or to c itself. No keys means
// everything.
func (s *Server) writeInvalidation(c *conn, keys []span, seq uint64) {
	to := c
	if t := c.tracking; t != nil && t.redirect != 0 {
		if to = s.byID[t.redirect]; to == nil {
			if !t.broken && c.out.RESP3 {
				c.out.Push(2)
				c.out.BulkString("tracking-redir-broken")
				c.out.Int(int64(t.redirect))
			}
			t.broken = true
			return
		}
	}
	w, from := &to.out, len(to.out.Buf)
	switch {
	case w.RESP3:
		w.Push(2)
		w.BulkString("invalidate")
	case to != c && to.subs != nil && to.subscribed("__redis__:invalidate"):
		w.Push(3)
		w.BulkString("message")
		w.BulkString("__redis__:invalidate")
	default:
		return // RESP2 without redirection: there is no way to tell it
	}
	if keys == nil {
		w.NilArray()
	} else {
		w.Array(len(keys))
	}
	for _, k := range keys {
		w.Bulk(s.pushBuf[k.from:k.to])
	}
	s.hold(to, from, seq)
	s.wrote(to)
}

func (c *conn) subscribed(channel string) bool {
	_, ok := c.subs.channels[channel]
	return ok
}

// boundTracking forgets keys beyond tracking-table-max-keys, telling their clients that they changed.
func (s *Server) boundTracking() {
	limit := s.config.trackingMaxKeys
	if limit == 0 || len(s.tracked.keys) <= limit {
		return
	}
	for key, ids := range s.tracked.keys {
		if len(s.tracked.keys) <= limit {
			return
		}
		for id := range ids {
			if c := s.byID[id]; c != nil && c.tracking != nil && !c.tracking.bcast {
				s.pushInvalidation(c, []byte(key), "")
			}
		}
		delete(s.tracked.keys, key)
	}
}
