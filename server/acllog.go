package server

import "github.com/evald/evald/engine/command"

// aclLog keeps the latest refusals, newest first.
type aclLog struct {
	entries []*aclEntry
	nextID  int64
}

// aclEntry is one kind of refusal; the same one again within a minute is counted.
type aclEntry struct {
	id, count        int64
	reason           denial
	context          string
	object, username string
	created, updated int64 // unix ms
	client           string
}

const aclLogMerge = 60_000 // ms within which equal refusals are one entry

// add notes that a client was refused something.
func (l *aclLog) add(s *Server, c *conn, reason denial, mode command.Mode, object, username string) {
	s.stats.aclDenied[reason-1]++
	context := "toplevel"
	switch {
	case mode&command.InScript != 0:
		context = "lua"
	case mode&command.InMulti != 0 || c.flags&inMulti != 0:
		context = "multi"
	}
	for i, e := range l.entries {
		if e.reason == reason && e.context == context && e.object == object && e.username == username && s.ms-e.updated < aclLogMerge {
			e.count++
			e.updated, e.client = s.ms, c.describe()
			copy(l.entries[1:i+1], l.entries[:i])
			l.entries[0] = e
			return
		}
	}
	e := &aclEntry{id: l.nextID, count: 1, reason: reason, context: context, object: object, username: username, created: s.ms, updated: s.ms, client: c.describe()}
	l.nextID++
	l.entries = append([]*aclEntry{e}, l.entries...)
	l.entries = l.entries[:min(len(l.entries), s.config.aclLogMaxLen)]
}
