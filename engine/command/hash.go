package command

import (
	"math"

	"github.com/evald/evald/engine"
)

// Hashes declares the hash commands.
func Hashes() []Spec {
	read := func(name string, arity int, flags Flags, since, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: ReadOnly | flags, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupHash, Since: since,
			Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	write := func(name string, arity int, flags Flags, use KeyUse, since, complexity, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: Write | flags, Keys: []KeySpec{keyAt(1, RW|use)}, Group: GroupHash, Since: since,
			Complexity: complexity, Summary: summary, Syntax: syntax, Do: do}
	}
	unordered := []string{"nondeterministic_output_order"}
	random := read("hrandfield", -2, 0, "6.2.0", "O(N) where N is the number of fields returned", "Returns one or more random fields from a hash.", "key [count [WITHVALUES]]", hrandfield)
	random.Tips = []string{"nondeterministic_output"}
	hscanSpec := read("hscan", -3, 0, "2.8.0", "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection.",
		"Iterates over fields and values of a hash.", "key cursor [MATCH pattern] [COUNT count] [NOVALUES]", hscan)
	hscanSpec.Tips = []string{"nondeterministic_output"}
	all := read("hgetall", 2, 0, "2.0.0", "O(N) where N is the size of the hash.", "Returns all fields and values in a hash.", "key", hgetall)
	hkeysSpec := read("hkeys", 2, 0, "2.0.0", "O(N) where N is the size of the hash.", "Returns all fields in a hash.", "key", hkeys)
	hvalsSpec := read("hvals", 2, 0, "2.0.0", "O(N) where N is the size of the hash.", "Returns all values in a hash.", "key", hvals)
	all.Tips, hkeysSpec.Tips, hvalsSpec.Tips = unordered, unordered, unordered
	return append(hashExpiry(), []Spec{
		write("hdel", -3, Fast, Delete, "2.0.0", "O(N) where N is the number of fields to be removed.", "Deletes one or more fields and their values from a hash. Deletes the hash if no fields remain.", "key field [field ...]", hdel),
		aboutKey(read("hexists", 3, Fast, "2.0.0", "O(1)", "Determines whether a field exists in a hash.", "key field", hexists)),
		read("hget", 3, Fast, "2.0.0", "O(1)", "Returns the value of a field in a hash.", "key field", hget),
		all,
		write("hincrby", 4, DenyOOM|Fast, Access|Update, "2.0.0", "O(1)", "Increments the integer value of a field in a hash by a number. Uses 0 as initial value if the field doesn't exist.", "key field increment", hincrby),
		write("hincrbyfloat", 4, DenyOOM|Fast, Access|Update, "2.6.0", "O(1)", "Increments the floating point value of a field by a number. Uses 0 as initial value if the field doesn't exist.", "key field increment", hincrbyfloat),
		hkeysSpec,
		aboutKey(read("hlen", 2, Fast, "2.0.0", "O(1)", "Returns the number of fields in a hash.", "key", hlen)),
		read("hmget", -3, Fast, "2.0.0", "O(N) where N is the number of fields being requested.", "Returns the values of all fields in a hash.", "key field [field ...]", hmget),
		write("hmset", -4, DenyOOM|Fast, Update, "2.0.0", "O(N) where N is the number of fields being set.", "Sets the values of multiple fields.", "key field value [field value ...]", hmset),
		random,
		hscanSpec,
		write("hset", -4, DenyOOM|Fast, Update, "2.0.0", "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.",
			"Creates or modifies the value of a field in a hash.", "key field value [field value ...]", hset),
		write("hsetnx", 4, DenyOOM|Fast, Insert, "2.0.0", "O(1)", "Sets the value of a field in a hash only when the field doesn't exist.", "key field value", hsetnx),
		aboutKey(read("hstrlen", 3, Fast, "3.2.0", "O(1)", "Returns the length of the value of a field.", "key field", hstrlen)),
		hvalsSpec,
	}...)
}

func hget(c *Ctx) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	v, ok := h.Get(c.Args[2], c.scratch[:])
	bulkOrNil(c, v, ok)
	return nil
}

func hmget(c *Ctx) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, f := range c.Args[2:] {
		v, ok := h.Get(f, c.scratch[:])
		bulkOrNil(c, v, ok)
	}
	return nil
}

func hexists(c *Ctx) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	_, ok := h.Get(c.Args[2], c.scratch[:])
	replyFlag(c, ok)
	return nil
}

func hstrlen(c *Ctx) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	v, _ := h.Get(c.Args[2], c.scratch[:])
	c.Reply.Int(int64(len(v)))
	return nil
}

func hlen(c *Ctx) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Int(int64(h.Len()))
	return nil
}

func hgetall(c *Ctx) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Map(h.Len())
	h.Each(func(f, v []byte) bool {
		c.Reply.Bulk(f)
		c.Reply.Bulk(v)
		return true
	})
	return nil
}

func hkeys(c *Ctx) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Array(h.Len())
	h.Each(func(f, _ []byte) bool { c.Reply.Bulk(f); return true })
	return nil
}

func hvals(c *Ctx) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	c.Reply.Array(h.Len())
	h.Each(func(_, v []byte) bool { c.Reply.Bulk(v); return true })
	return nil
}

func hset(c *Ctx) error {
	n, err := hsetAll(c)
	if err == nil {
		c.Reply.Int(int64(n))
	}
	return err
}

func hmset(c *Ctx) error {
	_, err := hsetAll(c)
	if err == nil {
		c.Reply.Status("OK")
	}
	return err
}

func hsetAll(c *Ctx) (created int, err error) {
	if len(c.Args)%2 != 0 {
		return 0, WrongArity(c.Spec.Name)
	}
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return 0, err
	}
	created = h.SetAll(c.Args[2:])
	h.Finish(engine.EventHash, "hset", len(c.Args)/2-1)
	return created, nil
}

func hsetnx(c *Ctx) error {
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	if _, ok := h.Get(c.Args[2], c.scratch[:]); ok {
		c.Reply.Int(0)
		return nil
	}
	h.Set(c.Args[2], c.Args[3])
	h.Finish(engine.EventHash, "hset", 1)
	c.Reply.Int(1)
	return nil
}

func hdel(c *Ctx) error {
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	n := 0
	for _, f := range c.Args[2:] {
		if h.Delete(f) {
			n++
		}
	}
	if n > 0 {
		h.Finish(engine.EventHash, "hdel", n)
	}
	c.Reply.Int(int64(n))
	return nil
}

func hincrby(c *Ctx) error {
	delta, err := c.Int(3)
	if err != nil {
		return err
	}
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	old := int64(0)
	if v, ok := h.Get(c.Args[2], c.scratch[:]); ok {
		if old, ok = ParseInt(v); !ok {
			return Error("ERR hash value is not an integer")
		}
	}
	if delta < 0 && old < math.MinInt64-delta || delta > 0 && old > math.MaxInt64-delta {
		return ErrOverflow
	}
	h.Update(c.Args[2], appendInt(c.scratch[:0], old+delta))
	h.Finish(engine.EventHash, "hincrby", 1)
	c.Reply.Int(old + delta)
	return nil
}

func hincrbyfloat(c *Ctx) error {
	if _, inf, ok := parseLongDouble(c.Args[3]); !ok {
		return ErrNotFloat
	} else if inf {
		return Error("ERR value is NaN or Infinity")
	}
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	v, ok := h.Get(c.Args[2], c.scratch[:])
	if !ok {
		v = zero
	} else if _, _, ok := parseLongDouble(v); !ok {
		return Error("ERR hash value is not a float")
	}
	sum, err := addLongDouble(v, c.Args[3])
	if err != nil {
		return err
	}
	h.Update(c.Args[2], sum)
	h.Finish(engine.EventHash, "hincrbyfloat", 1)
	c.Reply.Bulk(sum)
	return nil
}

func hscan(c *Ctx) error {
	cursor, err := parseCursor(c.Args[2])
	if err != nil {
		return err
	}
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	if !h.Exists() {
		emptyScan(c)
		return nil
	}
	o, err := parseScan(c, cursor, 3)
	if err != nil {
		return err
	}
	scanReply(c, &o, func(cursor uint64, n *int) (next uint64, seen int) {
		next = h.Scan(cursor, func(f, v []byte) {
			seen++
			if !o.wants(f) {
				return
			}
			c.Reply.Bulk(f)
			*n++
			if !o.noValues {
				c.Reply.Bulk(v)
				*n++
			}
		})
		return next, seen
	})
	return nil
}

// hrandfield replies random fields: distinct ones for a positive count, independent draws for a negative one.
// HRANDFIELD key [count [WITHVALUES]]
func hrandfield(c *Ctx) error {
	if len(c.Args) == 2 {
		h, err := c.DB.Hash(c.Args[1])
		if err != nil {
			return err
		}
		if !h.Exists() {
			c.Reply.Nil()
			return nil
		}
		h.Random(func(f, _ []byte) { c.Reply.Bulk(f) })
		return nil
	}
	count, values, err := parseRandomCount(c, "withvalues")
	if err != nil {
		return err
	}
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	if !h.Exists() || count == 0 {
		c.Reply.Array(0)
		return nil
	}
	one := func(f, v []byte) {
		if values && c.Reply.Proto() >= 3 {
			c.Reply.Array(2)
		}
		c.Reply.Bulk(f)
		if values {
			c.Reply.Bulk(v)
		}
	}
	length := func(n int64) int {
		if values && c.Reply.Proto() < 3 {
			n *= 2
		}
		return int(n)
	}
	if count < 0 {
		c.Reply.Array(length(-count))
		repeat(c, -count, func() { h.Random(one) })
		return nil
	}
	size := int64(h.Len())
	count = min(count, size)
	c.Reply.Array(length(count))
	if drawsFew(count, size) {
		drawDistinct(count, func(keep func([]byte) bool) {
			h.Random(func(f, v []byte) {
				if keep(f) {
					one(f, v)
				}
			})
		})
		return nil
	}
	// Each field is taken with the chance that makes every choice of count fields equally likely (selection sampling).
	left := size
	h.Each(func(f, v []byte) bool {
		if int64(c.KS.Random()%uint64(left)) < count {
			one(f, v)
			count--
		}
		left--
		return count > 0
	})
	return nil
}

// drawsFew tells whether so few of the elements are wanted that drawing them one by one, with repetitions dropped, is quicker than
// walking over all.
func drawsFew(count, size int64) bool { return count < size/3 }

// drawDistinct draws until count different elements were kept. draw gives one element to keep, which tells whether it is new.
func drawDistinct(count int64, draw func(keep func([]byte) bool)) {
	seen := make(map[string]struct{}, count)
	for int64(len(seen)) < count {
		draw(func(b []byte) bool {
			if _, twice := seen[string(b)]; twice {
				return false
			}
			seen[string(b)] = struct{}{}
			return true
		})
	}
}

// parseRandomCount reads the count at argument 2 and the word that may follow.
func parseRandomCount(c *Ctx, with string) (count int64, values bool, err error) {
	if count, err = c.Int(2); err != nil {
		return 0, false, err
	}
	if len(c.Args) > 4 || len(c.Args) == 4 && !c.Is(3, with) {
		return 0, false, ErrSyntax
	}
	values = len(c.Args) == 4
	if count < -math.MaxInt64 {
		return 0, false, errRandomRange
	}
	if values && (count > math.MaxInt64/2 || count < -math.MaxInt64/2) {
		return 0, false, ErrOutOfRange
	}
	return count, values, nil
}

// repeat calls f n times, or until the receiver of the reply takes no more: n is whatever the caller has asked for.
func repeat(c *Ctx, n int64, f func()) {
	for i := range n {
		if i&1023 == 1023 && c.Reply.Full() {
			return
		}
		f()
	}
}

const errRandomRange Error = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"
