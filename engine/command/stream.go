package command

import (
	"math"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/stream"
)

const (
	errStreamID    Error = "ERR Invalid stream ID specified as stream command argument"
	errStreamStart Error = "ERR invalid start ID for the interval"
	errStreamEnd   Error = "ERR invalid end ID for the interval"
	errXaddZero    Error = "ERR The ID specified in XADD must be greater than 0-0"
	errXaddSmall   Error = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
	errXaddFull    Error = "ERR The stream has exhausted the last possible ID, unable to add more items"
	errXaddSize    Error = "ERR Elements are too large to be stored"
)

// Streams declares the stream commands.
func Streams() []Spec {
	return append(append(append(streamLog(), streamReads()...), streamGroups()...), streamInfo()...)
}

// streamSpec declares a command on the stream at its first argument.
func streamSpec(name string, arity int, flags Flags, use KeyUse, since, complexity, summary, syntax string, do Handler) Spec {
	return Spec{Name: name, Arity: arity, Flags: flags, Keys: []KeySpec{keyAt(1, use)}, Group: GroupStream, Since: since,
		Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
}

func streamLog() []Spec {
	add := streamSpec("xadd", -5, Write|DenyOOM|Fast, RW|Update, "5.0.0", "O(1) when adding a new entry, O(N) when trimming where N being the number of entries evicted.",
		"Appends a new message to a stream. Creates the key if it doesn't exist.",
		"key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]", xadd)
	add.Keys[0].Notes = "UPDATE instead of INSERT because of the optional trimming feature"
	trim := streamSpec("xtrim", -4, Write, RW|Delete, "5.0.0", "O(N), with N being the number of evicted entries. Constant times are very small however, since entries are organized in macro nodes containing multiple entries that can be released with a single deallocation.",
		"Deletes messages from the beginning of a stream.", "key <MAXLEN | MINID> [= | ~] threshold [LIMIT count]", xtrim)
	add.Tips, trim.Tips = []string{"nondeterministic_output"}, []string{"nondeterministic_output"}
	ranges := "O(N) with N being the number of elements being returned. If N is constant (e.g. always asking for the first 10 elements with COUNT), you can consider it O(1)."
	return []Spec{
		add,
		streamSpec("xdel", -3, Write|Fast, RW|Delete, "5.0.0", "O(1) for each single item to delete in the stream, regardless of the stream size.",
			"Returns the number of messages after removing them from a stream.", "key id [id ...]", xdel),
		streamSpec("xlen", 2, ReadOnly|Fast, RO, "5.0.0", "O(1)", "Return the number of messages in a stream.", "key", xlen),
		streamSpec("xrange", -4, ReadOnly, RO|Access, "5.0.0", ranges, "Returns the messages from a stream within a range of IDs.", "key start end [COUNT count]",
			func(c *Ctx) error { return xrange(c, false) }),
		streamSpec("xrevrange", -4, ReadOnly, RO|Access, "5.0.0", ranges, "Returns the messages from a stream within a range of IDs in reverse order.", "key end start [COUNT count]",
			func(c *Ctx) error { return xrange(c, true) }),
		streamSpec("xsetid", -3, Write|DenyOOM|Fast, RW|Update, "5.0.0", "O(1)", "An internal command for replicating stream values.",
			"key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]", xsetid),
		trim,
	}
}

// trimming is what MAXLEN or MINID say.
type trimming struct {
	given bool
	spec  stream.TrimSpec
}

// trimParser reads the options that XADD and XTRIM share.
type trimParser struct {
	trimming
	limited bool
}

// option reads the option at argument i and returns where the next one stands; i itself if it is none of these.
func (t *trimParser) option(c *Ctx, i int) (next int, err error) {
	if i+1 >= len(c.Args) {
		return i, nil
	}
	switch {
	case c.Is(i, "maxlen"), c.Is(i, "minid"):
		if t.given {
			return i, Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible")
		}
		t.given, t.spec.ByID = true, c.Is(i, "minid")
		i++
		if i+1 < len(c.Args) && (c.Is(i, "~") || c.Is(i, "=")) {
			t.spec.Approximate = c.Is(i, "~")
			i++
		}
		return i + 1, t.threshold(c, i)
	case c.Is(i, "limit"):
		if t.spec.Limit, err = c.Int(i + 1); err != nil {
			return i, err
		}
		if t.spec.Limit < 0 {
			return i, Error("ERR The LIMIT argument must be >= 0.")
		}
		t.limited = true
		return i + 2, nil
	}
	return i, nil
}

func (t *trimParser) threshold(c *Ctx, i int) error {
	if t.spec.ByID {
		id, ok := stream.ParseStrictID(c.Args[i], 0)
		if !ok {
			return errStreamID
		}
		t.spec.MinID = id
		return nil
	}
	n, err := c.Int(i)
	if err != nil {
		return err
	}
	if n < 0 {
		return Error("ERR The MAXLEN argument must be >= 0.")
	}
	t.spec.MaxLen = uint64(n)
	return nil
}

// finish checks the options against each other. Approximate trimming without LIMIT gets one, so that no call takes long.
func (t *trimParser) finish(c *Ctx, required bool) error {
	switch {
	case t.spec.Limit != 0 && !t.given:
		return Error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy")
	case required && !t.given:
		return Error("ERR syntax error, XTRIM must be called with a trimming strategy")
	case t.limited && !t.spec.Approximate:
		return Error("ERR syntax error, LIMIT cannot be used without the special ~ option")
	case !t.limited && t.spec.Approximate:
		t.spec.Limit = stream.Limits{NodeEntries: c.KS.Limits.StreamNodeMaxEntries}.TrimLimit()
	}
	return nil
}

// newID is the ID argument of XADD.
type newID struct {
	auto     bool // "*"
	id       stream.ID
	seqGiven bool
}

// next returns the ID for the entry to add to s, which is nil if the key is absent.
func (n *newID) next(c *Ctx, s *stream.Stream) (stream.ID, error) {
	empty := stream.Stream{}
	if s == nil {
		s = &empty
	}
	last := s.Meta().LastID
	if last == stream.MaxID {
		return last, errXaddFull
	}
	id, ok := n.id, true
	switch {
	case n.auto:
		id, ok = s.NextID(c.KS.Now())
	case !n.seqGiven:
		id, ok = s.NextSeq(n.id.Ms)
	}
	if !ok || !last.Less(id) {
		return id, errXaddSmall
	}
	return id, nil
}

// xadd appends an entry and trims.
func xadd(c *Ctx) error {
	var t trimParser
	var n newID
	noCreate, i := false, 2
	for ; i < len(c.Args); i++ {
		if string(c.Args[i]) == "*" {
			n.auto = true
			break
		}
		next, err := t.option(c, i)
		if err != nil {
			return err
		}
		if next > i {
			i = next - 1
			continue
		}
		if c.Is(i, "nomkstream") {
			noCreate = true
			continue
		}
		var ok bool
		if n.id, n.seqGiven, ok = stream.ParseNewID(c.Args[i]); !ok {
			return errStreamID
		}
		break
	}
	if err := t.finish(c, false); err != nil {
		return err
	}
	pairs := c.Args[min(i+1, len(c.Args)):]
	if len(pairs) < 2 || len(pairs)%2 != 0 {
		return WrongArity(c.Spec.Name)
	}
	if !n.auto && n.seqGiven && n.id.IsZero() {
		return errXaddZero
	}
	return addEntry(c, &n, pairs, noCreate, &t.trimming)
}

func addEntry(c *Ctx, n *newID, pairs [][]byte, noCreate bool, t *trimming) error {
	s, err := c.DB.StreamForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	if !s.Exists() && noCreate {
		c.Reply.Nil()
		return nil
	}
	id, err := n.next(c, s.Data())
	if err != nil {
		return err
	}
	if stream.CheckSize(pairs) != nil {
		return errXaddSize
	}
	if !s.Exists() {
		s.Create()
	}
	s.Add(id, pairs)
	s.Finish(engine.EventStream, "xadd", 1)
	if t.given && s.Trim(t.spec) > 0 {
		c.Notify(engine.EventStream, "xtrim", c.Args[1])
	}
	replyID(c, id)
	return nil
}

func replyID(c *Ctx, id stream.ID) { c.Reply.Bulk(id.AppendText(c.scratch[:0])) }

func xtrim(c *Ctx) error {
	var t trimParser
	for i := 2; i < len(c.Args); {
		next, err := t.option(c, i)
		if err != nil {
			return err
		}
		if next == i {
			return ErrSyntax
		}
		i = next
	}
	if err := t.finish(c, true); err != nil {
		return err
	}
	s, err := c.DB.StreamForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	n := 0
	if s.Exists() {
		if n = s.Trim(t.spec); n > 0 {
			s.Finish(engine.EventStream, "xtrim", n)
		}
	}
	c.Reply.Int(int64(n))
	return nil
}

// streamIDs reads the arguments from i on as IDs.
func streamIDs(c *Ctx, i int) ([]stream.ID, error) {
	ids := make([]stream.ID, 0, len(c.Args)-i)
	for _, a := range c.Args[i:] {
		id, ok := stream.ParseStrictID(a, 0)
		if !ok {
			return nil, errStreamID
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func xdel(c *Ctx) error {
	s, err := c.DB.StreamForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	if !s.Exists() {
		c.Reply.Int(0)
		return nil
	}
	ids, err := streamIDs(c, 2)
	if err != nil {
		return err
	}
	n := 0
	for _, id := range ids {
		if s.Delete(id) {
			n++
		}
	}
	if n > 0 {
		s.Finish(engine.EventStream, "xdel", n)
	}
	c.Reply.Int(int64(n))
	return nil
}

func xlen(c *Ctx) error {
	s, err := c.DB.Stream(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Int(int64(s.Len()))
	return nil
}

// interval reads the start and end of a range of IDs.
func interval(startArg, endArg []byte) (start, end stream.ID, err error) {
	var exclusive, ok bool
	if start, exclusive, ok = stream.ParseBound(startArg, 0); !ok {
		return start, end, errStreamID
	}
	if exclusive {
		if start, ok = start.Next(); !ok {
			return start, end, errStreamStart
		}
	}
	if end, exclusive, ok = stream.ParseBound(endArg, math.MaxUint64); !ok {
		return start, end, errStreamID
	}
	if exclusive {
		if end, ok = end.Prev(); !ok {
			return start, end, errStreamEnd
		}
	}
	return start, end, nil
}

// xrange is XRANGE key start end and XREVRANGE key end start.
func xrange(c *Ctx, rev bool) error {
	from, to := c.Args[2], c.Args[3]
	if rev {
		from, to = to, from
	}
	start, end, err := interval(from, to)
	if err != nil {
		return err
	}
	count := int64(math.MaxInt64)
	for i := 4; i < len(c.Args); i += 2 {
		if !c.Is(i, "count") || i+1 >= len(c.Args) {
			return ErrSyntax
		}
		if count, err = c.Int(i + 1); err != nil {
			return err
		}
	}
	s, err := c.DB.Stream(c.Args[1])
	switch {
	case err != nil:
		return err
	case !s.Exists():
		c.Reply.Array(0)
	case count <= 0:
		c.Reply.NilArray()
	default:
		replyRange(c, s.Data(), start, end, rev, count)
	}
	return nil
}

// replyRange replies up to count entries.
func replyRange(c *Ctx, s *stream.Stream, start, end stream.ID, rev bool, count int64) {
	mark, n := c.Reply.DeferArray(), 0
	for it := c.iterate(s, start, end, rev); int64(n) < count && it.Next(); n++ {
		replyEntry(c, it)
	}
	c.Reply.EndArray(mark, n)
}

// iterate returns the call's one iterator, set to a range.
func (c *Ctx) iterate(s *stream.Stream, start, end stream.ID, rev bool) *stream.Iterator {
	c.entries = s.Range(start, end, rev)
	return &c.entries
}

// replyEntry replies the entry at which it stands: its ID and its fields with their values.
func replyEntry(c *Ctx, it *stream.Iterator) {
	c.Reply.Array(2)
	replyID(c, it.ID())
	c.Reply.Array(2 * it.Fields())
	for it.NextPair() {
		c.Reply.Bulk(it.Name())
		c.Reply.Bulk(it.Value())
	}
}

// xsetid sets a stream's meta data.
// XSETID key last-id [ENTRIESADDED entries-added] [MAXDELETEDID max-deleted-id]
func xsetid(c *Ctx) error {
	id, ok := stream.ParseStrictID(c.Args[2], 0)
	if !ok {
		return errStreamID
	}
	added, deleted := int64(-1), stream.ID{}
	for i := 3; i < len(c.Args); i += 2 {
		var err error
		switch more := i+1 < len(c.Args); {
		case more && c.Is(i, "entriesadded"):
			if added, err = c.Int(i + 1); err != nil {
				return err
			}
			if added < 0 {
				return Error("ERR entries_added must be positive")
			}
		case more && c.Is(i, "maxdeletedid"):
			if deleted, ok = stream.ParseStrictID(c.Args[i+1], 0); !ok {
				return errStreamID
			}
			if id.Less(deleted) {
				return Error("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id")
			}
		default:
			return ErrSyntax
		}
	}
	s, err := c.DB.StreamForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	if !s.Exists() {
		return ErrNoSuchKey
	}
	m := s.Data().Meta()
	if id.Less(m.MaxDeletedID) {
		return Error("ERR The ID specified in XSETID is smaller than current max_deleted_entry_id")
	}
	if last, ok := s.Data().LastEntryID(); ok {
		if id.Less(last) {
			return Error("ERR The ID specified in XSETID is smaller than the target stream top item")
		}
		if added >= 0 && added < int64(s.Len()) {
			return Error("ERR The entries_added specified in XSETID is smaller than the target stream length")
		}
	}
	if m.LastID = id; added >= 0 {
		m.EntriesAdded = uint64(added)
	}
	if !deleted.IsZero() {
		m.MaxDeletedID = deleted
	}
	s.SetMeta(m)
	s.Finish(engine.EventStream, "xsetid", 1)
	c.Reply.Status("OK")
	return nil
}
