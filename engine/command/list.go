package command

import (
	"bytes"
	"math"

	"github.com/evald/evald/engine"
)

// Lists declares the list commands.
func Lists() []Spec {
	read := func(name string, arity int, flags Flags, since, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: ReadOnly | flags, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupList, Since: since,
			Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	write := func(name string, arity int, flags Flags, use KeyUse, since, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: Write | flags, Keys: []KeySpec{keyAt(1, RW|use)}, Group: GroupList, Since: since,
			Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	push := "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments."
	pops := "O(N) where N is the number of elements returned"
	return append([]Spec{
		read("lindex", 3, 0, "1.0.0", "O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1).", "Returns an element from a list by its index.", "key index", lindex),
		write("linsert", 5, DenyOOM, Insert, "2.2.0", "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N).",
			"Inserts an element before or after another element in a list.", "key <BEFORE | AFTER> pivot element", linsert),
		aboutKey(read("llen", 2, Fast, "1.0.0", "O(1)", "Returns the length of a list.", "key", llen)),
		write("lpop", -2, Fast, Access|Delete, "1.0.0", pops, "Returns the first elements in a list after removing it. Deletes the list if the last element was popped.", "key [count]", func(c *Ctx) error { return pop(c, true) }),
		read("lpos", -3, 0, "6.0.6", "O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.",
			"Returns the index of matching elements in a list.", "key element [RANK rank] [COUNT num-matches] [MAXLEN len]", lpos),
		write("lpush", -3, DenyOOM|Fast, Insert, "1.0.0", push, "Prepends one or more elements to a list. Creates the key if it doesn't exist.", "key element [element ...]", func(c *Ctx) error { return pushAll(c, true, false) }),
		write("lpushx", -3, DenyOOM|Fast, Insert, "2.2.0", push, "Prepends one or more elements to a list only when the list exists.", "key element [element ...]", func(c *Ctx) error { return pushAll(c, true, true) }),
		read("lrange", 4, 0, "1.0.0", "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range.", "Returns a range of elements from a list.", "key start stop", lrange),
		write("lrem", 4, 0, Delete, "1.0.0", "O(N+M) where N is the length of the list and M is the number of elements removed.", "Removes elements from a list. Deletes the list if the last element was removed.", "key count element", lrem),
		write("lset", 4, DenyOOM, Update, "1.0.0", "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).", "Sets the value of an element in a list by its index.", "key index element", lset),
		write("ltrim", 4, 0, Delete, "1.0.0", "O(N) where N is the number of elements to be removed by the operation.", "Removes elements from both ends a list. Deletes the list if all elements were trimmed.", "key start stop", ltrim),
		write("rpop", -2, Fast, Access|Delete, "1.0.0", pops, "Returns and removes the last elements of a list. Deletes the list if the last element was popped.", "key [count]", func(c *Ctx) error { return pop(c, false) }),
		write("rpush", -3, DenyOOM|Fast, Insert, "1.0.0", push, "Appends one or more elements to a list. Creates the key if it doesn't exist.", "key element [element ...]", func(c *Ctx) error { return pushAll(c, false, false) }),
		write("rpushx", -3, DenyOOM|Fast, Insert, "2.2.0", push, "Appends an element to a list only when the list exists.", "key element [element ...]", func(c *Ctx) error { return pushAll(c, false, true) }),
	}, listMoves()...)
}

// pushAll is LPUSH, RPUSH, LPUSHX and RPUSHX.
func pushAll(c *Ctx, head, mustExist bool) error {
	l, err := c.DB.ListForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	if mustExist && !l.Exists() {
		c.Reply.Int(0)
		return nil
	}
	for _, e := range c.Args[2:] {
		pushOne(&l, head, e)
	}
	n := l.Len()
	l.Finish(engine.EventList, pushEvent(head), len(c.Args)-2)
	c.Reply.Int(int64(n))
	return nil
}

func pushOne(l *engine.List, head bool, e []byte) {
	if head {
		l.PushHead(e)
	} else {
		l.PushTail(e)
	}
}

func pushEvent(head bool) string {
	if head {
		return "lpush"
	}
	return "rpush"
}

func popEvent(head bool) string {
	if head {
		return "lpop"
	}
	return "rpop"
}

// pop is LPOP and RPOP key [count].
func pop(c *Ctx, head bool) error {
	if len(c.Args) > 3 {
		return WrongArity(c.Spec.Name)
	}
	count := int64(1)
	if len(c.Args) == 3 {
		var ok bool
		if count, ok = ParseInt(c.Args[2]); !ok || count < 0 {
			return ErrPositive
		}
	}
	l, err := c.DB.ListForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	switch {
	case !l.Exists() && len(c.Args) == 3:
		c.Reply.NilArray()
		return nil
	case !l.Exists():
		c.Reply.Nil()
		return nil
	case count == 0:
		c.Reply.Array(0)
		return nil
	}
	if len(c.Args) == 3 {
		popMany(c, &l, head, count)
		return nil
	}
	b, _ := l.Pop(head, c.scratch[:0])
	c.Reply.Bulk(b)
	l.Finish(engine.EventList, popEvent(head), 1)
	return nil
}

// popMany pops and replies an array of up to count elements; the list is not empty.
func popMany(c *Ctx, l *engine.List, head bool, count int64) {
	n := int(min(count, int64(l.Len())))
	c.Reply.Array(n)
	buf := c.scratch[:0]
	for range n {
		buf, _ = l.Pop(head, buf[:0])
		c.Reply.Bulk(buf)
	}
	l.Finish(engine.EventList, popEvent(head), n)
}

func llen(c *Ctx) error {
	l, err := c.DB.List(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Int(int64(l.Len()))
	return nil
}

// listIndex turns an index, negative from the end, into one within n elements; false if it is outside.
func listIndex(i int64, n int) (int, bool) {
	if i < 0 {
		i += int64(n)
	}
	return int(i), i >= 0 && i < int64(n)
}

func lindex(c *Ctx) error {
	l, err := c.DB.List(c.Args[1])
	if err != nil {
		return err
	}
	if !l.Exists() {
		c.Reply.Nil()
		return nil
	}
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	i, ok := listIndex(n, l.Len())
	if !ok {
		c.Reply.Nil()
		return nil
	}
	c.Reply.Bulk(l.At(i, c.scratch[:]))
	return nil
}

func lset(c *Ctx) error {
	l, err := c.DB.ListForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	if !l.Exists() {
		return ErrNoSuchKey
	}
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	i, ok := listIndex(n, l.Len())
	if !ok {
		return ErrIndexRange
	}
	l.Set(i, c.Args[3])
	l.Finish(engine.EventList, "lset", 1)
	c.Reply.Status("OK")
	return nil
}

func lrange(c *Ctx) error {
	from, to, l, err := openListRange(c, false)
	if err != nil {
		return err
	}
	c.Reply.Array(to - from)
	l.Walk(from, to-from, false, func(e []byte) bool { c.Reply.Bulk(e); return true })
	return nil
}

func ltrim(c *Ctx) error {
	from, to, l, err := openListRange(c, true)
	if err != nil {
		return err
	}
	if l.Exists() {
		n := l.Len()
		l.Trim(from, to)
		l.Finish(engine.EventList, "ltrim", n-l.Len())
	}
	c.Reply.Status("OK")
	return nil
}

// openListRange reads start and stop at arguments 2 and 3 and returns them as indexes from <= i < to.
func openListRange(c *Ctx, update bool) (from, to int, l engine.List, err error) {
	start, err := c.Int(2)
	if err != nil {
		return 0, 0, l, err
	}
	end, err := c.Int(3)
	if err != nil {
		return 0, 0, l, err
	}
	if update {
		l, err = c.DB.ListForUpdate(c.Args[1])
	} else {
		l, err = c.DB.List(c.Args[1])
	}
	if err != nil {
		return 0, 0, l, err
	}
	n := int64(l.Len())
	if start < 0 {
		start = max(0, start+n)
	}
	if end < 0 {
		end += n
	}
	if end = min(end, n-1); start > end {
		return 0, 0, l, nil
	}
	return int(start), int(end) + 1, l, nil
}

func lrem(c *Ctx) error {
	count, err := c.Int(2)
	if err != nil {
		return err
	}
	l, err := c.DB.ListForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	n := l.Remove(c.Args[3], int(max(count, -math.MaxInt64)))
	if n > 0 {
		l.Finish(engine.EventList, "lrem", n)
	}
	c.Reply.Int(int64(n))
	return nil
}

// linsert puts an element next to the first one equal to the pivot. LINSERT key <BEFORE | AFTER> pivot element
func linsert(c *Ctx) error {
	after := c.Is(2, "after")
	if !after && !c.Is(2, "before") {
		return ErrSyntax
	}
	l, err := c.DB.ListForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	if !l.Exists() {
		c.Reply.Int(0)
		return nil
	}
	at, i := -1, 0
	l.Walk(0, l.Len(), false, func(e []byte) bool {
		if bytes.Equal(e, c.Args[3]) {
			at = i
			return false
		}
		i++
		return true
	})
	if at < 0 {
		c.Reply.Int(-1)
		return nil
	}
	if after {
		at++
	}
	l.Insert(at, c.Args[4])
	n := l.Len()
	l.Finish(engine.EventList, "linsert", 1)
	c.Reply.Int(int64(n))
	return nil
}

// lpos finds elements. LPOS key element [RANK rank] [COUNT num-matches] [MAXLEN len]
func lpos(c *Ctx) error {
	rank, count, maxlen := int64(1), int64(-1), int64(0)
	for i := 3; i < len(c.Args); i += 2 {
		var ok bool
		more := i+1 < len(c.Args)
		switch {
		case more && c.Is(i, "rank"):
			if rank, ok = ParseInt(c.Args[i+1]); !ok {
				return ErrNotInt
			}
			if rank == math.MinInt64 {
				return errRandomRange
			}
			if rank == 0 {
				return Error("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list")
			}
		case more && c.Is(i, "count"):
			if count, ok = ParseInt(c.Args[i+1]); !ok || count < 0 {
				return Error("ERR COUNT can't be negative")
			}
		case more && c.Is(i, "maxlen"):
			if maxlen, ok = ParseInt(c.Args[i+1]); !ok || maxlen < 0 {
				return Error("ERR MAXLEN can't be negative")
			}
		default:
			return ErrSyntax
		}
	}
	l, err := c.DB.List(c.Args[1])
	if err != nil {
		return err
	}
	mark := 0
	if count >= 0 {
		mark = c.Reply.DeferArray()
	}
	found := lposReply(c, &l, rank, count, maxlen)
	switch {
	case count >= 0:
		c.Reply.EndArray(mark, found)
	case found == 0:
		c.Reply.Nil()
	}
	return nil
}

// lposReply replies the indexes of the matches from the rank-th on, from the tail for a negative rank, and returns how many.
func lposReply(c *Ctx, l *engine.List, rank, count, maxlen int64) (found int) {
	n := l.Len()
	reverse, skip := rank < 0, max(rank, -rank)-1
	want := int64(1)
	if count >= 0 {
		want = count
	}
	if count == 0 {
		want = math.MaxInt64
	}
	if maxlen == 0 {
		maxlen = math.MaxInt64
	}
	i, step := 0, 1
	if reverse {
		i, step = n-1, -1
	}
	l.Walk(i, int(min(int64(n), maxlen)), reverse, func(e []byte) bool {
		if bytes.Equal(e, c.Args[2]) {
			if skip > 0 {
				skip--
			} else {
				c.Reply.Int(int64(i))
				found++
			}
		}
		i += step
		return int64(found) < want
	})
	return found
}
