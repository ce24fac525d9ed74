// Tests that replay transcripts recorded from redis-server 7.0.15: go test -record writes them anew.

package stream

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/evald/evald/internal/liveredis"
)

var record = flag.Bool("record", false, "record goldens from a redis-server in PATH")

const transcriptLimits = 10 // stream-node-max-entries of the recording

// command makes a random command line over one stream.
func command(r *rand.Rand, now *int) string {
	id := func() string { return fmt.Sprintf("%d-%d", r.IntN(*now+3), r.IntN(3)) }
	approx := []string{"=", "~"}[r.IntN(2)]
	switch r.IntN(22) {
	default:
		*now += r.IntN(3)
		trim := ""
		if r.IntN(10) == 0 {
			trim = fmt.Sprintf("MAXLEN %s %d ", approx, 20+r.IntN(60))
		}
		if r.IntN(2) == 0 {
			return fmt.Sprintf("XADD %s%d-* name v%d place %d", trim, *now, r.IntN(99), r.IntN(999))
		}
		return fmt.Sprintf("XADD %s%d-%d f %d", trim, *now, r.IntN(5), r.IntN(9))
	case 9, 10, 11:
		return "XDEL " + id() + " " + id()
	case 12:
		if approx == "~" && r.IntN(2) == 0 {
			return fmt.Sprintf("XTRIM MAXLEN ~ %d LIMIT %d", r.IntN(80), r.IntN(40))
		}
		return fmt.Sprintf("XTRIM MAXLEN %s %d", approx, 30+r.IntN(60))
	case 13:
		if approx == "~" {
			return fmt.Sprintf("XTRIM MINID ~ %s LIMIT %d", id(), r.IntN(40))
		}
		return fmt.Sprintf("XTRIM MINID = %d", max(*now-60+r.IntN(40), 0))
	case 14, 15, 16:
		return fmt.Sprintf("XREADGROUP g%d c%d %d", r.IntN(3), r.IntN(3), 1+r.IntN(12))
	case 17, 18:
		return fmt.Sprintf("XACK g%d %s %s", r.IntN(3), id(), id())
	case 19:
		switch r.IntN(6) {
		case 0:
			return fmt.Sprintf("XGROUP SETID g%d %s", r.IntN(3), id())
		case 1:
			return fmt.Sprintf("XGROUP SETID g%d %s ENTRIESREAD %d", r.IntN(3), id(), r.IntN(30))
		case 2:
			return fmt.Sprintf("XGROUP DELCONSUMER g%d c%d", r.IntN(3), r.IntN(3))
		case 3:
			return fmt.Sprintf("XGROUP DESTROY g%d", r.IntN(3))
		}
		return fmt.Sprintf("XGROUP CREATE g%d %s", r.IntN(3), id())
	case 20:
		return fmt.Sprintf("XSETID %d-%d", *now+r.IntN(3), r.IntN(4))
	case 21:
		return fmt.Sprintf("XPENDING g%d", r.IntN(3))
	}
}

// onServer runs a transcript line on the key s and summarises the reply.
func onServer(c *liveredis.Client, line string) string {
	w := strings.Fields(line)
	args := []any{w[0]}
	rest := w[1:]
	switch w[0] {
	case "XGROUP":
		args = append(args, w[1], "s")
		rest = w[2:]
	case "XREADGROUP":
		args = append(args, "GROUP", w[1], w[2], "COUNT", w[3], "STREAMS", "s", ">")
		rest = nil
	default:
		args = append(args, "s")
	}
	for _, a := range rest {
		args = append(args, a)
	}
	if strings.HasPrefix(line, "XGROUP CREATE") {
		args = append(args, "MKSTREAM")
	}
	switch v := c.Do(args...).(type) {
	case nil:
		return "nil"
	case liveredis.Error:
		return "error"
	case []any:
		if w[0] == "XPENDING" {
			return fmt.Sprint(v[0], v[1], v[2])
		}
		var ids []string
		for _, e := range v[0].([]any)[1].([]any) {
			ids = append(ids, e.([]any)[0].(string))
		}
		return strings.Join(ids, " ")
	default:
		return fmt.Sprint(v)
	}
}

// serverState summarises the stream s.
func serverState(c *liveredis.Client) string {
	info, ok := c.Do("XINFO", "STREAM", "s").([]any)
	if !ok {
		return "none"
	}
	f := fields(info)
	first := "0-0"
	if s, ok := c.Do("XINFO", "STREAM", "s").([]any); ok {
		first = fmt.Sprint(fields(s)["recorded-first-entry-id"])
	}
	out := fmt.Sprintf("len=%v nodes=%v/%v first=%v last=%v maxdel=%v added=%v", f["length"], f["radix-tree-keys"], f["radix-tree-nodes"], first,
		f["last-generated-id"], f["max-deleted-entry-id"], f["entries-added"])
	for _, g := range c.Do("XINFO", "GROUPS", "s").([]any) {
		f := fields(g.([]any))
		out += fmt.Sprintf("; %v last=%v read=%v lag=%v pending=%v", f["name"], f["last-delivered-id"], f["entries-read"], f["lag"], f["pending"])
		for _, x := range c.Do("XINFO", "CONSUMERS", "s", f["name"]).([]any) {
			f := fields(x.([]any))
			out += fmt.Sprintf(" %v:%v", f["name"], f["pending"])
		}
	}
	return out
}

func fields(list []any) map[string]any {
	m := make(map[string]any)
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i].(string)] = list[i+1]
	}
	return m
}

func recordTranscript(t *testing.T, path string, seed uint64) {
	c := liveredis.Start(t, "--stream-node-max-entries", strconv.Itoa(transcriptLimits))
	r := rand.New(rand.NewPCG(seed, 0))
	now := 1
	var b bytes.Buffer
	for range 700 {
		line := command(r, &now)
		fmt.Fprintf(&b, "%s => %s | %s\n", line, onServer(c, line), serverState(c))
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// player runs transcript lines on a Stream, as command handlers would.
type player struct {
	s      *Stream
	limits Limits
}

func atoi(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func mustID(s string) ID {
	id, ok := ParseID([]byte(s), 0)
	if !ok {
		panic("bad ID in transcript: " + s)
	}
	return id
}

func (p *player) trim(w []string) int {
	spec := TrimSpec{Approximate: w[1] == "~"}
	if spec.Approximate {
		spec.Limit = p.limits.TrimLimit()
	}
	if w[0] == "MINID" {
		spec.ByID, spec.MinID = true, mustID(w[2])
	} else {
		spec.MaxLen = uint64(atoi(w[2]))
	}
	if len(w) > 4 && w[3] == "LIMIT" {
		spec.Limit = atoi(w[4])
	}
	return p.s.Trim(spec, nil)
}

func (p *player) run(line string) string {
	w := strings.Fields(line)
	if p.s == nil && w[0] != "XADD" && !strings.HasPrefix(line, "XGROUP CREATE") {
		switch w[0] {
		case "XDEL", "XTRIM", "XACK":
			return "0"
		}
		return "error"
	}
	if p.s == nil {
		p.s = New()
	}
	s := p.s
	switch w[0] {
	case "XADD":
		return p.add(w[1:])
	case "XDEL":
		n := 0
		for _, id := range w[1:] {
			if s.Delete(mustID(id)) {
				n++
			}
		}
		return fmt.Sprint(n)
	case "XTRIM":
		return fmt.Sprint(p.trim(w[1:]))
	case "XSETID":
		id := mustID(w[1])
		if last, ok := s.LastEntryID(); ok && id.Less(last) {
			return "error"
		}
		m := s.Meta()
		m.LastID = id
		s.SetMeta(m)
		return "OK"
	case "XGROUP":
		return p.group(w[1:])
	}
	g := s.Group([]byte(w[1]))
	switch {
	case g == nil && w[0] == "XACK":
		return "0"
	case g == nil:
		return "error"
	case w[0] == "XREADGROUP":
		return p.read(g, w[2], int(atoi(w[3])))
	case w[0] == "XACK":
		n := 0
		for _, id := range w[2:] {
			if _, ok := g.Ack(mustID(id)); ok {
				n++
			}
		}
		return fmt.Sprint(n)
	}
	first, ok := g.NextPending(ID{})
	if !ok {
		return "0 <nil> <nil>"
	}
	last, _ := g.LastPending()
	return fmt.Sprintf("%d%v%v", g.PendingCount(), first.ID, last.ID)
}

func (p *player) add(w []string) string {
	trim := w[:0]
	if w[0] == "MAXLEN" {
		trim, w = w[:3], w[3:]
	}
	id, seqGiven, ok := ParseNewID([]byte(w[0]))
	if ok && !seqGiven {
		id, ok = p.s.NextSeq(id.Ms)
	}
	if !ok || !p.s.Meta().LastID.Less(id) {
		return "error"
	}
	p.s.Append(id, pairs(w[1:]...), p.limits)
	if len(trim) > 0 {
		p.trim(trim)
	}
	return id.String()
}

func (p *player) group(w []string) string {
	switch w[0] {
	case "CREATE":
		if _, ok := p.s.CreateGroup([]byte(w[1]), mustID(w[2]), UnknownRead); !ok {
			return "error"
		}
		return "OK"
	case "DESTROY":
		if p.s.DestroyGroup([]byte(w[1])) == nil {
			return "0"
		}
		return "1"
	}
	g := p.s.Group([]byte(w[1]))
	if g == nil {
		return "error"
	}
	if w[0] == "SETID" {
		g.LastID, g.EntriesRead = mustID(w[2]), UnknownRead
		if len(w) > 3 {
			g.EntriesRead = atoi(w[4])
		}
		return "OK"
	}
	c := g.Consumer([]byte(w[2]))
	if c == nil {
		return "0"
	}
	n := c.PendingCount()
	g.DeleteConsumer(c, nil)
	return fmt.Sprint(n)
}

func (p *player) read(g *Group, consumer string, count int) string {
	last, ok := p.s.LastEntryID()
	if !ok || !g.LastID.Less(last) {
		return "nil"
	}
	c, _ := g.CreateConsumer([]byte(consumer), 0)
	var ids []string
	for it := p.s.Range(next(g.LastID), MaxID, false); len(ids) < count && it.Next(); {
		p.s.Advance(g, it.ID())
		g.SetPending(Pending{ID: it.ID(), Consumer: c, Count: 1})
		ids = append(ids, it.ID().String())
	}
	return strings.Join(ids, " ")
}

func (p *player) state() string {
	s := p.s
	if s == nil {
		return "none"
	}
	m := s.Meta()
	out := fmt.Sprintf("len=%d nodes=%d/%d first=%v last=%v maxdel=%v added=%d", s.Len(), s.Nodes(), s.RadixNodes(), s.FirstID(), m.LastID, m.MaxDeletedID, m.EntriesAdded)
	for _, g := range s.Groups() {
		var read, lag any
		if g.EntriesRead != UnknownRead {
			read = g.EntriesRead
		}
		if n, ok := s.Lag(g); ok {
			lag = n
		}
		out += fmt.Sprintf("; %v last=%v read=%v lag=%v pending=%v", g.Name, g.LastID, read, lag, g.PendingCount())
		for _, c := range g.Consumers() {
			out += fmt.Sprintf(" %v:%v", c.Name, c.PendingCount())
		}
	}
	return out
}

func TestTranscripts(t *testing.T) {
	for seed := range uint64(3) {
		path := fmt.Sprintf("testdata/transcript%d.txt", seed+1)
		if *record {
			recordTranscript(t, path, seed+1)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		p := &player{limits: Limits{NodeBytes: 4096, NodeEntries: transcriptLimits}}
		lines := bufio.NewScanner(f)
		for n := 1; lines.Scan(); n++ {
			line, want, _ := strings.Cut(lines.Text(), " => ")
			got := p.run(line) + " | " + p.state()
			if got != want {
				t.Fatalf("%s:%d: %s\ngot  %s\nwant %s", path, n, line, got, want)
			}
			if p.s != nil {
				mustCheck(t, p.s)
			}
		}
	}
}

var idTexts = []string{
	"1-1", "5", "0-0", "0", "-", "+", "1-", "-1", "1-*", "*", "1-2-3", "007-01", " 7-1", "7 -1", "+7-1", "7-+1", "7- 1", "7--1", "7--01", "7-01",
	"18446744073709551615-18446744073709551615", "18446744073709551616-1", "9223372036854775808-1", "9223372036854775807-9223372036854775808",
	"1-18446744073709551616", "1-0*", "01-*", "--*", "a-1", "1-a", "", "1-1\x00x", "-\x00", "+\x001", "\t3-1", "3-1 ", "00000000000000000000009-1",
	"(1-1", "((1", "(-", "(+", "(", strings.Repeat("0", 125) + "-1", strings.Repeat("0", 126) + "-1", "-0-1", "1--0", "1-1-*",
}

// recordIDs asks what the server makes of each text, as a new ID (XADD) and as a position (XGROUP SETID).
func recordIDs(t *testing.T, path string) {
	c := liveredis.Start(t)
	var b bytes.Buffer
	for _, text := range idTexts {
		c.Do("FLUSHALL")
		added, _ := c.Do("XADD", "a", text, "f", "v").(string)
		if text == "*" {
			added = ""
		}
		c.Do("XGROUP", "CREATE", "s", "g", "1-1", "MKSTREAM")
		set := ""
		if _, failed := c.Do("XGROUP", "SETID", "s", "g", text).(liveredis.Error); !failed {
			set = fields(c.Do("XINFO", "GROUPS", "s").([]any)[0].([]any))["last-delivered-id"].(string)
		}
		_, failed := c.Do("XRANGE", "s", text, "+").(liveredis.Error)
		fmt.Fprintf(&b, "%q\t%s\t%s\t%v\n", text, added, set, !failed)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestParseID(t *testing.T) {
	const path = "testdata/ids.txt"
	if *record {
		recordIDs(t, path)
	}
	golden, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(golden)) {
		w := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		text, err := strconv.Unquote(w[0])
		if err != nil || len(w) != 4 {
			t.Fatalf("bad line %q", line)
		}
		added := ""
		if id, seqGiven, ok := ParseNewID([]byte(text)); ok {
			if !seqGiven {
				id, _ = New().NextSeq(id.Ms)
			}
			if !id.IsZero() {
				added = id.String()
			}
		}
		set := ""
		if id, ok := ParseID([]byte(text), 0); ok {
			set = id.String()
		}
		_, _, bound := ParseBound([]byte(text), 0)
		if added != w[1] || set != w[2] || fmt.Sprint(bound) != w[3] {
			t.Errorf("%q: new %q, position %q, bound %v; want %q", text, added, set, bound, w[1:])
		}
	}
	if id, ok := ParseID([]byte("5"), 7); !ok || id != (ID{5, 7}) {
		t.Errorf("missing sequence number: %v", id)
	}
	if id, exclusive, ok := ParseBound([]byte("(5"), 7); !ok || !exclusive || id != (ID{5, 7}) {
		t.Errorf("exclusive bound: %v, %v", id, exclusive)
	}
	if id, ok := MaxID.Next(); ok {
		t.Errorf("%v after the largest ID", id)
	}
	if id, ok := (ID{1, 0}).Prev(); !ok || id != (ID{0, MaxID.Seq}) {
		t.Errorf("%v before 1-0", id)
	}
}
