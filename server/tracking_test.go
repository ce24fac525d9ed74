package server

import "testing"

// TestTrackingRedirect: a RESP2 client gets its invalidations by way of another connection.
func TestTrackingRedirect(t *testing.T) {
	s := startServer(t, nil)
	a, b, c := newWire(t, s.Dial()), newWire(t, s.Dial()), newWire(t, s.Dial())
	id := b.do("CLIENT ID")
	b.do("SUBSCRIBE __redis__:invalidate")
	a.do("CLIENT TRACKING ON REDIRECT " + id)
	a.do("GET k")
	c.do("SET k 1")
	if got := b.read(); got != `["message" "__redis__:invalidate" ["k"]]` {
		t.Error(got)
	}
	a.do("GET k")
	c.do("FLUSHALL")
	if got := b.read(); got != `["message" "__redis__:invalidate" (nil array)]` {
		t.Error(got)
	}
	b.conn.Close()
	for c.do("CLIENT LIST ID "+id) != `""` {
	}
	a.do("HELLO 3")
	a.do("GET k")
	c.do("SET k 1")
	if got := a.read(); got != `>["tracking-redir-broken" `+id+`]` {
		t.Error(got)
	}
	if got := a.do("CLIENT TRACKINGINFO"); got != `{"flags" ~["on" "broken_redirect"] "redirect" `+id+` "prefixes" []}` {
		t.Error(got)
	}
}

// TestTrackingTableIsBounded: keys beyond tracking-table-max-keys are given up, and their clients told so.
func TestTrackingTableIsBounded(t *testing.T) {
	s := startServer(t, nil)
	a := newWire(t, s.Dial())
	a.do("CONFIG SET tracking-table-max-keys 1")
	a.do("HELLO 3")
	a.do("CLIENT TRACKING ON")
	a.do("GET one")
	a.send("GET two")
	first, second := a.read(), a.read()
	if first != "null" || second != `>["invalidate" ["one"]]` && second != `>["invalidate" ["two"]]` {
		t.Error(first, second)
	}
}
