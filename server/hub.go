package server

import (
	"slices"
	"sort"
	"strconv"

	"github.com/evald/evald/engine/glob"
)

// hub knows who subscribed to what. Messages are collected while a unit runs and delivered when it ends, behind the publisher's own
// reply, and they wait for the same commit.
type hub struct {
	channels map[string][]*conn
	patterns map[string][]*conn
	shards   map[string][]*conn
}

// subscriptions are the channels of one connection.
type subscriptions struct {
	channels, patterns, shards map[string]struct{}
}

func (u *subscriptions) count() int {
	if u == nil {
		return 0
	}
	return len(u.channels) + len(u.patterns) + len(u.shards)
}

// space is one of the three name spaces.
type space struct {
	all                    map[string][]*conn
	subscribe, unsubscribe string // the kinds of their confirmations
	message                string
}

const (
	channelSpace = iota
	patternSpace
	shardSpace
)

func (h *hub) space(i int) space {
	switch i {
	case channelSpace:
		return space{h.channels, "subscribe", "unsubscribe", "message"}
	case patternSpace:
		return space{h.patterns, "psubscribe", "punsubscribe", "pmessage"}
	}
	return space{h.shards, "ssubscribe", "sunsubscribe", "smessage"}
}

// own returns the connection's names in space i.
func (c *conn) own(i int) map[string]struct{} {
	if c.subs == nil {
		c.subs = &subscriptions{map[string]struct{}{}, map[string]struct{}{}, map[string]struct{}{}}
	}
	return [...]map[string]struct{}{c.subs.channels, c.subs.patterns, c.subs.shards}[i]
}

// counted is the number that a confirmation replies: shard channels are counted apart.
func (c *conn) counted(i int) int {
	if c.subs == nil {
		return 0
	}
	if i == shardSpace {
		return len(c.subs.shards)
	}
	return len(c.subs.channels) + len(c.subs.patterns)
}

func (h *hub) add(c *conn, i int, name []byte) {
	own, sp := c.own(i), h.space(i)
	if _, ok := own[string(name)]; ok {
		return
	}
	own[string(name)] = struct{}{}
	sp.all[string(name)] = append(sp.all[string(name)], c)
}

func (h *hub) remove(c *conn, i int, name string) {
	own, sp := c.own(i), h.space(i)
	if _, ok := own[name]; !ok {
		return
	}
	delete(own, name)
	list := sp.all[name]
	k := slices.Index(list, c)
	if list = slices.Delete(list, k, k+1); len(list) == 0 {
		delete(sp.all, name)
	} else {
		sp.all[name] = list
	}
}

func (h *hub) unsubscribeAll(c *conn) {
	for i := range 3 {
		if c.subs != nil {
			for _, name := range sortedNames(c.own(i)) {
				h.remove(c, i, name)
			}
		}
	}
	c.subs = nil
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// push is one message for one client. The bytes lie in the server's pushBuf.
type push struct {
	c                         *conn
	kind                      string // of a message; or invalidate, flush
	pattern, channel, payload span
	keys                      []span // of an invalidation
	prefix                    string // for which a broadcast client gets it
}

type span struct{ from, to int }

func (s *Server) savePush(b []byte) span {
	from := len(s.pushBuf)
	s.pushBuf = append(s.pushBuf, b...)
	return span{from, len(s.pushBuf)}
}

// publish collects a message for every subscriber of channel and returns how many they are.
func (h *hub) publish(s *Server, channel, payload []byte) int {
	if len(h.channels) == 0 && len(h.patterns) == 0 {
		return 0
	}
	n, ch, pl := 0, span{-1, 0}, span{}
	save := func() {
		if ch.from < 0 {
			ch, pl = s.savePush(channel), s.savePush(payload)
		}
	}
	for _, c := range h.channels[string(channel)] {
		save()
		s.pushes = append(s.pushes, push{c: c, kind: "message", channel: ch, payload: pl})
		n++
	}
	if len(h.patterns) == 0 {
		return n
	}
	for _, pattern := range sortedNames(h.patterns) {
		if !glob.Match([]byte(pattern), channel) {
			continue
		}
		save()
		pt := s.savePush([]byte(pattern))
		for _, c := range h.patterns[pattern] {
			s.pushes = append(s.pushes, push{c: c, kind: "pmessage", pattern: pt, channel: ch, payload: pl})
			n++
		}
	}
	return n
}

// publishShard is publish for shard channels.
func (h *hub) publishShard(s *Server, channel, payload []byte) int {
	list := h.shards[string(channel)]
	if len(list) == 0 {
		return 0
	}
	ch, pl := s.savePush(channel), s.savePush(payload)
	for _, c := range list {
		s.pushes = append(s.pushes, push{c: c, kind: "smessage", channel: ch, payload: pl})
	}
	return len(list)
}

// deliver writes the collected messages; they wait for turn seq.
func (s *Server) deliver(seq uint64) {
	text := func(p span) []byte { return s.pushBuf[p.from:p.to] }
	for i := range s.pushes {
		p := &s.pushes[i]
		if p.c.flags&closed != 0 {
			continue
		}
		from := len(p.c.out.Buf)
		switch w := &p.c.out; p.kind {
		case "pmessage":
			w.Push(4)
			w.BulkString(p.kind)
			w.Bulk(text(p.pattern))
			w.Bulk(text(p.channel))
			w.Bulk(text(p.payload))
		case "invalidate":
			s.writeInvalidation(p.c, p.keys, seq)
		case "flush":
			s.writeInvalidation(p.c, nil, seq)
		default:
			w.Push(3)
			w.BulkString(p.kind)
			w.Bulk(text(p.channel))
			w.Bulk(text(p.payload))
		}
		s.hold(p.c, from, seq)
		s.wrote(p.c)
		s.limitOutput(p.c)
	}
	clear(s.pushes)
	s.pushes, s.pushBuf = s.pushes[:0], s.pushBuf[:0]
}

func appendEventChannel(dst []byte, prefix string, db int) []byte {
	dst = append(dst, prefix...)
	dst = strconv.AppendInt(dst, int64(db), 10)
	return append(dst, "__:"...)
}
