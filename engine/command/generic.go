package command

import (
	"math"
	"slices"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/glob"
)

// Generic declares the commands on keys of any type.
func Generic() []Spec {
	return slices.Concat(genericKeys(), genericExpiry(), genericDump(), sortSpecs(), memorySpecs())
}

func genericKeys() []Spec {
	return []Spec{
		{Name: "copy", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, RO|Access), keyAt(2, OW|Update)}, Group: GroupGeneric, Since: "6.2.0", Do: copyCmd,
			Complexity: "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.",
			Summary:    "Copies the value of a key to a new key.", Syntax: "source destination [DB destination-db] [REPLACE]"},
		{Name: "dbsize", Arity: 1, Flags: ReadOnly | Fast, Categories: "keyspace", Group: GroupServer, Since: "1.0.0", Do: dbsize,
			Complexity: "O(1)", Summary: "Returns the number of keys in the database.", Tips: []string{"request_policy:all_shards", "response_policy:agg_sum"}},
		{Name: "del", Arity: -2, Flags: Write, Keys: []KeySpec{keysFrom(1, -1, 1, RM|Delete)}, Group: GroupGeneric, Since: "1.0.0", Do: del,
			Complexity: "O(N) where N is the number of keys that will be removed.", Summary: "Deletes one or more keys.", Syntax: "key [key ...]",
			Tips: []string{"request_policy:multi_shard", "response_policy:agg_sum"}},
		{Name: "exists", Arity: -2, Flags: ReadOnly | Fast, Keys: []KeySpec{keysFrom(1, -1, 1, RO)}, Group: GroupGeneric, Since: "1.0.0", Do: exists,
			Complexity: "O(N) where N is the number of keys to check.", Summary: "Determines whether one or more keys exist.", Syntax: "key [key ...]",
			Tips: []string{"request_policy:multi_shard", "response_policy:agg_sum"}},
		{Name: "flushall", Arity: -1, Flags: Write, Categories: "keyspace dangerous", Group: GroupServer, Since: "1.0.0", Do: flushall,
			Complexity: "O(N) where N is the total number of keys in all databases", Summary: "Removes all keys from all databases.", Syntax: "[ASYNC | SYNC]",
			Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"}},
		{Name: "flushdb", Arity: -1, Flags: Write, Categories: "keyspace dangerous", Group: GroupServer, Since: "1.0.0", Do: flushdb,
			Complexity: "O(N) where N is the number of keys in the selected database", Summary: "Remove all keys from the current database.", Syntax: "[ASYNC | SYNC]",
			Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"}},
		{Name: "keys", Arity: 2, Flags: ReadOnly, Categories: "keyspace dangerous", Group: GroupGeneric, Since: "1.0.0", Do: keys,
			Complexity: "O(N) with N being the number of keys in the database, under the assumption that the key names in the database and the given pattern have limited length.",
			Summary:    "Returns all key names that match a pattern.", Syntax: "pattern", Tips: []string{"request_policy:all_shards", "nondeterministic_output_order"}},
		{Name: "move", Arity: 3, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Delete)}, Group: GroupGeneric, Since: "1.0.0", Do: move,
			Complexity: "O(1)", Summary: "Moves a key to another database.", Syntax: "key db"},
		{Name: "object", Arity: -2, Group: GroupGeneric, Since: "2.2.3", Complexity: "Depends on subcommand.", Summary: "A container for object introspection commands.", Sub: objectSubcommands()},
		{Name: "randomkey", Arity: 1, Flags: ReadOnly, Categories: "keyspace", Group: GroupGeneric, Since: "1.0.0", Do: randomkey,
			Complexity: "O(1)", Summary: "Returns a random key name from the database.",
			Tips: []string{"request_policy:all_shards", "response_policy:special", "nondeterministic_output"}},
		{Name: "rename", Arity: 3, Flags: Write, Keys: []KeySpec{keyAt(1, RW|Access|Delete), keyAt(2, OW|Update)}, Group: GroupGeneric, Since: "1.0.0", Do: rename,
			Complexity: "O(1)", Summary: "Renames a key and overwrites the destination.", Syntax: "key newkey"},
		{Name: "renamenx", Arity: 3, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Delete), keyAt(2, OW|Insert)}, Group: GroupGeneric, Since: "1.0.0", Do: renamenx,
			Complexity: "O(1)", Summary: "Renames a key only when the target key name doesn't exist.", Syntax: "key newkey"},
		{Name: "scan", Arity: -2, Flags: ReadOnly, Categories: "keyspace", Group: GroupGeneric, Since: "2.8.0", Do: scan,
			Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
			Summary:    "Iterates over the key names in the database.", Syntax: "cursor [MATCH pattern] [COUNT count] [TYPE type]",
			Tips: []string{"nondeterministic_output", "request_policy:special", "response_policy:special"}},
		{Name: "swapdb", Arity: 3, Flags: Write | Fast, Categories: "keyspace dangerous", Group: GroupServer, Since: "4.0.0", Do: swapdb,
			Complexity: "O(N) where N is the count of clients watching or blocking on keys from both databases.", Summary: "Swaps two Redis databases.", Syntax: "index1 index2"},
		{Name: "touch", Arity: -2, Flags: ReadOnly | Fast, Keys: []KeySpec{keysFrom(1, -1, 1, RO)}, Group: GroupGeneric, Since: "3.2.1", Do: touch,
			Complexity: "O(N) where N is the number of keys that will be touched.", Summary: "Returns the number of existing keys out of those specified after updating the time they were last accessed.",
			Syntax: "key [key ...]", Tips: []string{"request_policy:multi_shard", "response_policy:agg_sum"}},
		{Name: "type", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{keyAt(1, RO)}, Group: GroupGeneric, Since: "1.0.0", Do: typeCmd,
			Complexity: "O(1)", Summary: "Determines the type of value stored at a key.", Syntax: "key"},
		{Name: "unlink", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{keysFrom(1, -1, 1, RM|Delete)}, Group: GroupGeneric, Since: "4.0.0", Do: unlink,
			Complexity: "O(1) for each key removed regardless of its size.", Summary: "Asynchronously deletes one or more keys.", Syntax: "key [key ...]",
			Tips: []string{"request_policy:multi_shard", "response_policy:agg_sum"}},
	}
}

func del(c *Ctx) error {
	n := 0
	for _, key := range c.Args[1:] {
		if deleteKey(c, key) {
			n++
		}
	}
	c.Reply.Int(int64(n))
	return nil
}

func unlink(c *Ctx) error {
	n := 0
	for _, key := range c.Args[1:] {
		if c.DB.Unlink(key) {
			c.Notify(engine.EventGeneric, "del", key)
			n++
		}
	}
	c.Reply.Int(int64(n))
	return nil
}

func exists(c *Ctx) error {
	n := 0
	for _, key := range c.Args[1:] {
		if c.DB.Exists(key) {
			n++
		}
	}
	c.Reply.Int(int64(n))
	return nil
}

func touch(c *Ctx) error {
	n := 0
	for _, key := range c.Args[1:] {
		if c.DB.Touch(key) {
			n++
		}
	}
	c.Reply.Int(int64(n))
	return nil
}

func typeCmd(c *Ctx) error {
	c.DB.Exists(c.Args[1]) // a hit or a miss
	c.Reply.Status(c.DB.Type(c.Args[1]).String())
	return nil
}

func dbsize(c *Ctx) error {
	c.KS.ReadAll()
	c.Reply.Int(int64(c.DB.Len()))
	return nil
}

func randomkey(c *Ctx) error {
	key, ok := c.DB.RandomKey(c.scratch[:0])
	bulkOrNil(c, key, ok)
	return nil
}

func keys(c *Ctx) error {
	mark, n := c.Reply.DeferArray(), 0
	pattern := c.Args[1]
	all := string(pattern) == "*"
	c.DB.Keys(func(key []byte) bool {
		if all || glob.Match(pattern, key) {
			c.Reply.Bulk(key)
			n++
		}
		return true
	})
	c.Reply.EndArray(mark, n)
	return nil
}

// flush is FLUSHDB and FLUSHALL [ASYNC | SYNC]; empty returns how many keys it removed. Both ways cost the same here.
func flush(c *Ctx, empty func() int) error {
	if len(c.Args) > 2 || len(c.Args) == 2 && !c.Is(1, "async") && !c.Is(1, "sync") {
		return ErrSyntax
	}
	if n := empty(); len(c.Args) == 2 && c.Is(1, "async") {
		c.KS.Stats().LazyFreed += uint64(n)
	}
	c.Reply.Status("OK")
	return nil
}

func flushdb(c *Ctx) error { return flush(c, c.DB.Flush) }

func flushall(c *Ctx) error { return flush(c, c.KS.FlushAll) }

func swapdb(c *Ctx) error {
	a, ok := ParseInt(c.Args[1])
	if !ok {
		return Error("ERR invalid first DB index")
	}
	b, ok := ParseInt(c.Args[2])
	if !ok {
		return Error("ERR invalid second DB index")
	}
	n := int64(c.KS.Databases())
	if a < 0 || b < 0 || a >= n || b >= n {
		return ErrDBIndex
	}
	c.KS.Swap(int(a), int(b))
	c.Reply.Status("OK")
	return nil
}

func rename(c *Ctx) error {
	_, err := renameKey(c, false)
	if err == nil {
		c.Reply.Status("OK")
	}
	return err
}

func renamenx(c *Ctx) error {
	done, err := renameKey(c, true)
	if err == nil {
		replyFlag(c, done)
	}
	return err
}

func replyFlag(c *Ctx, yes bool) {
	if yes {
		c.Reply.Int(1)
	} else {
		c.Reply.Int(0)
	}
}

func renameKey(c *Ctx, nx bool) (bool, error) {
	from, to := c.Args[1], c.Args[2]
	if !c.DB.Has(from) {
		return false, ErrNoSuchKey
	}
	if string(from) == string(to) {
		return !nx, nil
	}
	if nx && c.DB.Has(to) {
		return false, nil
	}
	c.DB.Rename(from, to)
	c.Notify(engine.EventGeneric, "rename_from", from)
	c.Notify(engine.EventGeneric, "rename_to", to)
	return true, nil
}

// database returns the database that argument i names.
func database(c *Ctx, i int) (*engine.DB, error) {
	n, ok := ParseInt(c.Args[i])
	if !ok {
		return nil, ErrNotInt
	}
	if n < 0 || n >= int64(c.KS.Databases()) {
		return nil, ErrDBIndex
	}
	return c.KS.DB(int(n)), nil
}

func move(c *Ctx) error {
	dst, err := database(c, 2)
	if err != nil {
		return err
	}
	if dst == c.DB {
		return ErrSameObject
	}
	key := c.Args[1]
	if !c.DB.Has(key) || dst.Has(key) {
		c.Reply.Int(0)
		return nil
	}
	c.DB.Move(key, dst)
	c.Notify(engine.EventGeneric, "move_from", key)
	dst.Notify(engine.EventGeneric, "move_to", key)
	c.Reply.Int(1)
	return nil
}

func copyCmd(c *Ctx) error {
	dst, replace := c.DB, false
	for i := 3; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "replace"):
			replace = true
		case c.Is(i, "db") && i+1 < len(c.Args):
			var err error
			if dst, err = database(c, i+1); err != nil {
				return err
			}
			i++
		default:
			return ErrSyntax
		}
	}
	from, to := c.Args[1], c.Args[2]
	if dst == c.DB && string(from) == string(to) {
		return ErrSameObject
	}
	if !c.DB.Exists(from) || !replace && dst.Has(to) {
		c.Reply.Int(0)
		return nil
	}
	c.DB.Copy(from, dst, to)
	dst.Notify(engine.EventGeneric, "copy_to", to)
	c.Reply.Int(1)
	return nil
}

// scanOptions are the options that SCAN, HSCAN, SSCAN and ZSCAN share.
type scanOptions struct {
	cursor   uint64
	match    []byte // nil: everything
	count    int
	typ      string // of the keys wanted, if typed
	typed    bool
	noValues bool
}

// parseScan reads the options from argument i on.
func parseScan(c *Ctx, cursor uint64, i int) (o scanOptions, err error) {
	o.cursor, o.count = cursor, 10
	for ; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch {
		case more && c.Is(i, "count"):
			i++
			n, err := c.Int(i)
			if err != nil {
				return o, err
			}
			if n < 1 {
				return o, ErrSyntax
			}
			o.count = int(min(n, math.MaxInt32))
		case more && c.Is(i, "match"):
			i++
			if o.match = c.Args[i]; string(o.match) == "*" {
				o.match = nil
			}
		case more && c.Is(i, "type") && c.Spec.Name == "scan":
			i++
			o.typ, o.typed = string(c.Args[i]), true
		case c.Is(i, "novalues") && c.Spec.Name == "hscan":
			o.noValues = true
		default:
			return o, ErrSyntax
		}
	}
	return o, nil
}

func parseCursor(b []byte) (uint64, error) {
	if len(b) == 0 || len(b) > 20 {
		return 0, ErrInvalidCursor
	}
	n := uint64(0)
	for _, d := range b {
		if d -= '0'; d > 9 || n > (math.MaxUint64-uint64(d))/10 {
			return 0, ErrInvalidCursor
		}
		n = n*10 + uint64(d)
	}
	return n, nil
}

func (o *scanOptions) wants(b []byte) bool { return o.match == nil || glob.Match(o.match, b) }

// scanReply writes the cursor and then what step replies for one or more steps, until count elements were looked at. step returns the
// next cursor and how many elements it looked at; it writes the replies it wants and adds their number to n.
func scanReply(c *Ctx, o *scanOptions, step func(cursor uint64, n *int) (next uint64, seen int)) {
	// The cursor comes before the elements in the reply but after them in time: elements are gathered first.
	var buf gather
	out := c.Reply
	c.Reply = &buf
	n, seen, cursor := 0, 0, o.cursor
	for tries := 0; ; tries++ {
		next, more := step(cursor, &n)
		seen += more
		if cursor = next; cursor == 0 || seen >= o.count || tries > o.count*10 {
			break
		}
	}
	c.Reply = out
	out.Array(2)
	out.BulkString(formatUint(cursor))
	out.Array(n)
	for _, b := range buf.items {
		out.Bulk(b)
	}
}

// emptyScan is the reply of HSCAN, SSCAN and ZSCAN on an absent key, whatever the options.
func emptyScan(c *Ctx) {
	c.Reply.Array(2)
	c.Reply.BulkString("0")
	c.Reply.Array(0)
}

func scan(c *Ctx) error {
	cursor, err := parseCursor(c.Args[1])
	if err != nil {
		return err
	}
	o, err := parseScan(c, cursor, 2)
	if err != nil {
		return err
	}
	scanReply(c, &o, func(cursor uint64, n *int) (next uint64, seen int) {
		next = c.DB.Scan(cursor, func(key []byte, t engine.Type) {
			seen++
			if (!o.typed || equalFold([]byte(o.typ), t.String())) && o.wants(key) {
				c.Reply.Bulk(key)
				*n++
			}
		})
		return next, seen
	})
	return nil
}
