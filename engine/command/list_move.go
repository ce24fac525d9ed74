package command

import "github.com/evald/evald/engine"

func listMoves() []Spec {
	move := []KeySpec{keyAt(1, RW|Access|Delete), keyAt(2, RW|Insert)}
	blocking := func(name, since, summary string, head bool) Spec {
		return Spec{Name: name, Arity: -3, Flags: Write | Blocking, Keys: []KeySpec{keysFrom(1, -2, 1, RW|Access|Delete)}, Group: GroupList, Since: since,
			Complexity: "O(N) where N is the number of provided keys.", Summary: summary, Syntax: "key [key ...] timeout", Do: func(c *Ctx) error { return bpop(c, head) }}
	}
	mpop := "O(N+M) where N is the number of provided keys and M is the number of elements returned."
	where := "<LEFT | RIGHT> <LEFT | RIGHT>"
	return []Spec{
		{Name: "blmove", Arity: 6, Flags: Write | DenyOOM | Blocking, Keys: move, Group: GroupList, Since: "6.2.0", Complexity: "O(1)",
			Summary: "Pops an element from a list, pushes it to another list and returns it. Blocks until an element is available otherwise. Deletes the list if the last element was moved.",
			Syntax:  "source destination " + where + " timeout", Do: blmove},
		{Name: "blmpop", Arity: -5, Flags: Write | Blocking, Keys: []KeySpec{keysCounted(2, RW|Access|Delete)}, Group: GroupList, Since: "7.0.0", Complexity: mpop,
			Summary: "Pops the first element from one of multiple lists. Blocks until an element is available otherwise. Deletes the list if the last element was popped.",
			Syntax:  "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", Do: blmpop},
		blocking("blpop", "2.0.0", "Removes and returns the first element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.", true),
		blocking("brpop", "2.0.0", "Removes and returns the last element in a list. Blocks until an element is available otherwise. Deletes the list if the last element was popped.", false),
		{Name: "brpoplpush", Arity: 4, Flags: Write | DenyOOM | Blocking, Keys: move, Group: GroupList, Since: "2.2.0", Complexity: "O(1)",
			Summary: "Pops an element from a list, pushes it to another list and returns it. Block until an element is available otherwise. Deletes the list if the last element was popped.",
			Syntax:  "source destination timeout", Do: brpoplpush},
		{Name: "lmove", Arity: 5, Flags: Write | DenyOOM, Keys: move, Group: GroupList, Since: "6.2.0", Complexity: "O(1)",
			Summary: "Returns an element after popping it from one list and pushing it to another. Deletes the list if the last element was moved.",
			Syntax:  "source destination " + where, Do: lmove},
		{Name: "lmpop", Arity: -4, Flags: Write, Keys: []KeySpec{keysCounted(1, RW|Access|Delete)}, Group: GroupList, Since: "7.0.0", Complexity: mpop,
			Summary: "Returns multiple elements from a list after removing them. Deletes the list if the last element was popped.",
			Syntax:  "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", Do: lmpop},
		{Name: "rpoplpush", Arity: 3, Flags: Write | DenyOOM, Keys: move, Group: GroupList, Since: "1.2.0", Complexity: "O(1)",
			Summary: "Returns the last element of a list after removing and pushing it to another list. Deletes the list if the last element was popped.",
			Syntax:  "source destination", Do: rpoplpush},
	}
}

// ends reads LEFT or RIGHT at arguments i and i+1.
func ends(c *Ctx, i int) (fromHead, toHead bool, err error) {
	left, right := c.Is(i, "left"), c.Is(i, "right")
	left2, right2 := c.Is(i+1, "left"), c.Is(i+1, "right")
	if !left && !right || !left2 && !right2 {
		return false, false, ErrSyntax
	}
	return left, left2, nil
}

func lmove(c *Ctx) error {
	from, to, err := ends(c, 3)
	if err != nil {
		return err
	}
	done, err := moveElement(c, from, to)
	if err == nil && !done {
		c.Reply.Nil()
	}
	return err
}

func rpoplpush(c *Ctx) error {
	done, err := moveElement(c, false, true)
	if err == nil && !done {
		c.Reply.Nil()
	}
	return err
}

func blmove(c *Ctx) error {
	from, to, err := ends(c, 3)
	if err != nil {
		return err
	}
	return blockingMove(c, from, to, 5)
}

func brpoplpush(c *Ctx) error { return blockingMove(c, false, true, 3) }

func blockingMove(c *Ctx, fromHead, toHead bool, timeout int) error {
	until, err := deadline(c, timeout)
	if err != nil {
		return err
	}
	done, err := moveElement(c, fromHead, toHead)
	if err == nil && !done {
		waitFor(c, c.Args[1:2], engine.TypeList, until, Reply.Nil)
	}
	return err
}

// moveElement pops from argument 1, pushes to argument 2 and replies the element; false if there is none.
func moveElement(c *Ctx, fromHead, toHead bool) (bool, error) {
	src, err := c.DB.ListForUpdate(c.Args[1])
	if err != nil || !src.Exists() {
		return false, err
	}
	if _, err := c.DB.ListForUpdate(c.Args[2]); err != nil {
		return false, err
	}
	e, _ := src.Pop(fromHead, c.scratch[:0])
	if string(c.Args[1]) == string(c.Args[2]) {
		pushOne(&src, toHead, e)
		c.Notify(engine.EventList, pushEvent(toHead), c.Args[2])
		src.Finish(engine.EventList, popEvent(fromHead), 1)
		c.Reply.Bulk(e)
		return true, nil
	}
	dst, err := c.DB.ListForUpdate(c.Args[2])
	if err != nil {
		panic("command: a list changed its type")
	}
	pushOne(&dst, toHead, e)
	dst.Finish(engine.EventList, pushEvent(toHead), 0) // a move is one change
	// The source is finished after the destination, and opened anew for it: its events come behind the push, as in Redis.
	if src, err = c.DB.ListForUpdate(c.Args[1]); err != nil {
		panic("command: a list changed its type")
	}
	src.Finish(engine.EventList, popEvent(fromHead), 1)
	c.Reply.Bulk(e)
	return true, nil
}

// bpop is BLPOP and BRPOP key [key ...] timeout.
func bpop(c *Ctx, head bool) error {
	last := len(c.Args) - 1
	until, err := deadline(c, last)
	if err != nil {
		return err
	}
	for _, key := range c.Args[1:last] {
		l, err := c.DB.ListForUpdate(key)
		if err != nil {
			return err
		}
		if l.Exists() {
			e, _ := l.Pop(head, c.scratch[:0])
			c.Reply.Array(2)
			c.Reply.Bulk(key)
			c.Reply.Bulk(e)
			l.Finish(engine.EventList, popEvent(head), 1)
			return nil
		}
	}
	waitFor(c, c.Args[1:last], engine.TypeList, until, Reply.NilArray)
	return nil
}

func lmpop(c *Ctx) error {
	m, err := parseMpop(c, 1, [2]string{"left", "right"})
	if err != nil {
		return err
	}
	done, err := lmpopFirst(c, &m)
	if err == nil && !done {
		c.Reply.NilArray()
	}
	return err
}

func blmpop(c *Ctx) error {
	m, err := parseMpop(c, 2, [2]string{"left", "right"})
	if err != nil {
		return err
	}
	until, err := deadline(c, 1)
	if err != nil {
		return err
	}
	done, err := lmpopFirst(c, &m)
	if err == nil && !done {
		waitFor(c, m.keys, engine.TypeList, until, Reply.NilArray)
	}
	return err
}

// lmpopFirst pops from the first list that is there and replies.
func lmpopFirst(c *Ctx, m *mpopArgs) (bool, error) {
	for _, key := range m.keys {
		l, err := c.DB.ListForUpdate(key)
		if err != nil {
			return false, err
		}
		if l.Exists() {
			c.Reply.Array(2)
			c.Reply.Bulk(key)
			popMany(c, &l, m.first, m.count)
			return true, nil
		}
	}
	return false, nil
}
