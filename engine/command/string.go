package command

import (
	"math"
	"slices"

	"github.com/evald/evald/engine"
)

// Strings declares the string commands.
func Strings() []Spec {
	return slices.Concat(conditionals(), rateLimits(), []Spec{
		{Name: "append", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, RW|Insert)}, Group: GroupString, Since: "2.0.0", Do: appendCmd,
			Complexity: "O(1). The amortized time complexity is O(1) assuming the appended value is small and the already present value is of any size.",
			Summary:    "Appends a string to the value of a key. Creates the key if it doesn't exist.", Syntax: "key value"},
		{Name: "decr", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Update)}, Group: GroupString, Since: "1.0.0", Do: decr,
			Complexity: "O(1)", Summary: "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", Syntax: "key"},
		{Name: "decrby", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Update)}, Group: GroupString, Since: "1.0.0", Do: decrby,
			Complexity: "O(1)", Summary: "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.", Syntax: "key decrement"},
		{Name: "get", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupString, Since: "1.0.0", Do: get,
			Complexity: "O(1)", Summary: "Returns the string value of a key.", Syntax: "key"},
		{Name: "getdel", Arity: 2, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Delete)}, Group: GroupString, Since: "6.2.0", Do: getdel,
			Complexity: "O(1)", Summary: "Returns the string value of a key after deleting the key.", Syntax: "key"},
		{Name: "getex", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Update).Noted("RW and UPDATE because it changes the TTL")}, Group: GroupString, Since: "6.2.0", Do: getex,
			Complexity: "O(1)", Summary: "Returns the string value of a key after setting its expiration time.",
			Syntax: "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]"},
		{Name: "getrange", Arity: 4, Flags: ReadOnly, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupString, Since: "2.4.0", Do: getrange,
			Complexity: "O(N) where N is the length of the returned string.", Summary: "Returns a substring of the string stored at a key.", Syntax: "key start end"},
		{Name: "getset", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Update)}, Group: GroupString, Since: "1.0.0", Do: getset,
			Complexity: "O(1)", Summary: "Returns the previous string value of a key after setting it to a new value.", Syntax: "key value"},
		{Name: "incr", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Update)}, Group: GroupString, Since: "1.0.0", Do: incr,
			Complexity: "O(1)", Summary: "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.", Syntax: "key"},
		{Name: "incrby", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Update)}, Group: GroupString, Since: "1.0.0", Do: incrby,
			Complexity: "O(1)", Summary: "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.", Syntax: "key increment"},
		{Name: "incrbyfloat", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, RW|Access|Update)}, Group: GroupString, Since: "2.6.0", Do: incrbyfloat,
			Complexity: "O(1)", Summary: "Increment the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.", Syntax: "key increment"},
		lcsSpec(),
		{Name: "mget", Arity: -2, Flags: ReadOnly | Fast, Keys: []KeySpec{keysFrom(1, -1, 1, RO|Access)}, Group: GroupString, Since: "1.0.0", Do: mget,
			Complexity: "O(N) where N is the number of keys to retrieve.", Summary: "Atomically returns the string values of one or more keys.", Syntax: "key [key ...]",
			Tips: []string{"request_policy:multi_shard"}},
		{Name: "mset", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{keysFrom(1, -1, 2, OW|Update)}, Group: GroupString, Since: "1.0.1", Do: mset,
			Complexity: "O(N) where N is the number of keys to set.", Summary: "Atomically creates or modifies the string values of one or more keys.",
			Syntax: "key value [key value ...]", Tips: []string{"request_policy:multi_shard", "response_policy:all_succeeded"}},
		{Name: "msetnx", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{keysFrom(1, -1, 2, OW|Insert)}, Group: GroupString, Since: "1.0.1", Do: msetnx,
			Complexity: "O(N) where N is the number of keys to set.", Summary: "Atomically modifies the string values of one or more keys only when all keys don't exist.", Syntax: "key value [key value ...]"},
		{Name: "psetex", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, OW|Update)}, Group: GroupString, Since: "2.6.0", Do: psetex,
			Complexity: "O(1)", Summary: "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.", Syntax: "key milliseconds value"},
		{Name: "set", Arity: -3, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, RW|Access|Update|VariableFlags).Noted("RW and ACCESS due to the optional `GET` argument")}, Group: GroupString, Since: "1.0.0", Do: set,
			Complexity: "O(1)", Summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
			Syntax: "key value [NX | XX | IFEQ value | IFNE value | IFDEQ digest | IFDNE digest] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]"},
		{Name: "setex", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, OW|Update)}, Group: GroupString, Since: "2.0.0", Do: setex,
			Complexity: "O(1)", Summary: "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.", Syntax: "key seconds value"},
		{Name: "setnx", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, OW|Insert)}, Group: GroupString, Since: "1.0.0", Do: setnx,
			Complexity: "O(1)", Summary: "Set the string value of a key only when the key doesn't exist.", Syntax: "key value"},
		{Name: "setrange", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, RW|Update)}, Group: GroupString, Since: "2.2.0", Do: setrange,
			Complexity: "O(1), not counting the time taken to copy the new string in place.", Summary: "Overwrites a part of a string value with another by an offset. Creates the key if it doesn't exist.", Syntax: "key offset value"},
		{Name: "strlen", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{keyAt(1, RO)}, Group: GroupString, Since: "2.2.0", Do: strlen,
			Complexity: "O(1)", Summary: "Returns the length of a string value.", Syntax: "key"},
		{Name: "substr", Arity: 4, Flags: ReadOnly, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupString, Since: "1.0.0", Do: getrange,
			Complexity: "O(N) where N is the length of the returned string.", Summary: "Returns a substring from a string value.", Syntax: "key start end"},
	})
}

// get replies the value. GET key
func get(c *Ctx) error {
	v, ok, err := c.DB.String(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	bulkOrNil(c, v, ok)
	return nil
}

func bulkOrNil(c *Ctx, v []byte, ok bool) {
	if ok {
		c.Reply.Bulk(v)
	} else {
		c.Reply.Nil()
	}
}

func getdel(c *Ctx) error {
	v, ok, err := c.DB.String(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	bulkOrNil(c, v, ok)
	if ok {
		deleteKey(c, c.Args[1])
	}
	return nil
}

// deleteKey removes a key with its "del" event.
func deleteKey(c *Ctx, key []byte) bool {
	if !c.DB.Delete(key) {
		return false
	}
	c.Notify(engine.EventGeneric, "del", key)
	return true
}

func getset(c *Ctx) error {
	v, ok, err := c.DB.String(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	bulkOrNil(c, v, ok)
	c.DB.SetString(c.Args[1], c.Args[2], engine.NoTTL)
	c.Notify(engine.EventString, "set", c.Args[1])
	return nil
}

// setOptions are the options of SET and GETEX.
type setOptions struct {
	nx, xx, get, keepTTL, persist bool
	when                          valueCondition
	unit                          string // of the expiry: ex px exat pxat, or empty
	expire                        []byte
}

// parseSet reads the options from argument i on. SET takes all but PERSIST, GETEX only expiries and PERSIST.
func parseSet(c *Ctx, i int, getex bool) (o setOptions, err error) {
	for ; i < len(c.Args); i++ {
		// The same word may come again, as in Redis.
		noTTL, noPersist := !o.keepTTL, !o.persist
		expiry := func(unit string) bool {
			return noTTL && noPersist && (o.unit == "" || o.unit == unit) && i+1 < len(c.Args) && c.Is(i, unit)
		}
		noValue := !o.when.given
		noCond := noValue && !o.nx && !o.xx
		more := i+1 < len(c.Args)
		switch {
		case !getex && noValue && !o.xx && c.Is(i, "nx"):
			o.nx = true
		case !getex && noValue && !o.nx && c.Is(i, "xx"):
			o.xx = true
		case !getex && noCond && more && o.when.is(c, i):
			i++
			if err := o.when.take(c.Args[i]); err != nil {
				return o, err
			}
		case !getex && c.Is(i, "get"):
			o.get = true
		case !getex && o.unit == "" && c.Is(i, "keepttl"):
			o.keepTTL = true
		case getex && o.unit == "" && c.Is(i, "persist"):
			o.persist = true
		case expiry("ex"):
			i++
			o.unit, o.expire = "ex", c.Args[i]
		case expiry("px"):
			i++
			o.unit, o.expire = "px", c.Args[i]
		case expiry("exat"):
			i++
			o.unit, o.expire = "exat", c.Args[i]
		case expiry("pxat"):
			i++
			o.unit, o.expire = "pxat", c.Args[i]
		default:
			return o, ErrSyntax
		}
	}
	return o, nil
}

// at returns the expiry in unix ms: engine.NoTTL if the options name none.
func (o *setOptions) at(c *Ctx) (int64, error) {
	if o.unit == "" {
		return engine.NoTTL, nil
	}
	n, ok := ParseInt(o.expire)
	if !ok {
		return 0, ErrNotInt
	}
	return expireAt(c, n, o.unit == "ex" || o.unit == "exat", o.unit == "ex" || o.unit == "px")
}

// expireAt turns a positive expiry argument into unix ms.
func expireAt(c *Ctx, n int64, seconds, relative bool) (int64, error) {
	if n <= 0 || seconds && n > math.MaxInt64/1000 {
		return 0, InvalidExpire(c.Spec.FullName())
	}
	if seconds {
		n *= 1000
	}
	if relative {
		if n > math.MaxInt64-c.KS.Now() {
			return 0, InvalidExpire(c.Spec.FullName())
		}
		n += c.KS.Now()
	}
	return n, nil
}

// set sets a string.
// SET key value [NX | XX | IFEQ v | IFNE v | IFDEQ d | IFDNE d] [GET] [EX s | PX ms | EXAT s | PXAT ms | KEEPTTL]
func set(c *Ctx) error {
	key, val := c.Args[1], c.Args[2]
	if len(c.Args) == 3 {
		c.DB.SetString(key, val, engine.NoTTL)
		c.Notify(engine.EventString, "set", key)
		c.Reply.Status("OK")
		return nil
	}
	o, err := parseSet(c, 3, false)
	if err != nil {
		return err
	}
	at, err := o.at(c)
	if err != nil {
		return err
	}
	if o.keepTTL {
		at = engine.KeepTTL
	}
	do, err := o.condition(c, key)
	if err != nil {
		return err
	}
	if o.get {
		v, ok, err := c.DB.String(key, c.scratch[:])
		if err != nil {
			return err
		}
		bulkOrNil(c, v, ok)
	}
	if do {
		store(c, key, val, at)
	}
	switch {
	case o.get:
	case do:
		c.Reply.Status("OK")
	default:
		c.Reply.Nil()
	}
	return nil
}

// condition tells whether NX, XX or a condition on the value lets SET go on.
func (o *setOptions) condition(c *Ctx, key []byte) (bool, error) {
	switch {
	case o.nx:
		return !c.DB.Has(key), nil
	case o.xx:
		return c.DB.Has(key), nil
	case o.when.given:
		v, ok, err := c.DB.StringForUpdate(key, c.scratch[:])
		if err != nil {
			return false, err
		}
		return o.when.holds(v, ok), nil
	}
	return true, nil
}

// store sets a string with an expiry and sends the events. A time in the past makes a key that expires at once, as in Redis.
func store(c *Ctx, key, val []byte, at int64) {
	c.DB.SetString(key, val, at)
	c.Notify(engine.EventString, "set", key)
	if at > 0 {
		c.Notify(engine.EventGeneric, "expire", key)
	}
}

func setex(c *Ctx) error  { return setWithTTL(c, true) }
func psetex(c *Ctx) error { return setWithTTL(c, false) }

func setWithTTL(c *Ctx, seconds bool) error {
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	at, err := expireAt(c, n, seconds, true)
	if err != nil {
		return err
	}
	store(c, c.Args[1], c.Args[3], at)
	c.Reply.Status("OK")
	return nil
}

func setnx(c *Ctx) error {
	if c.DB.Has(c.Args[1]) {
		c.Reply.Int(0)
		return nil
	}
	c.DB.SetString(c.Args[1], c.Args[2], engine.NoTTL)
	c.Notify(engine.EventString, "set", c.Args[1])
	c.Reply.Int(1)
	return nil
}

// getex replies the value and changes its expiry.
func getex(c *Ctx) error {
	o, err := parseSet(c, 2, true)
	if err != nil {
		return err
	}
	key := c.Args[1]
	v, ok, err := c.DB.String(key, c.scratch[:])
	if err != nil {
		return err
	}
	if !ok {
		c.Reply.Nil()
		return nil
	}
	at, err := o.at(c)
	if err != nil {
		return err
	}
	c.Reply.Bulk(v)
	switch {
	case at != engine.NoTTL && at <= c.KS.Now():
		deleteKey(c, key)
	case at != engine.NoTTL:
		c.DB.SetExpire(key, at)
		c.Notify(engine.EventGeneric, "expire", key)
	case o.persist:
		if old, _ := c.DB.Expire(key); old != 0 {
			c.DB.SetExpire(key, 0)
			c.Notify(engine.EventGeneric, "persist", key)
		}
	}
	return nil
}

func mget(c *Ctx) error {
	c.Reply.Array(len(c.Args) - 1)
	for _, key := range c.Args[1:] {
		v, ok, err := c.DB.String(key, c.scratch[:])
		bulkOrNil(c, v, ok && err == nil)
	}
	return nil
}

func mset(c *Ctx) error {
	if len(c.Args)%2 == 0 {
		return WrongArity(c.Spec.Name)
	}
	msetAll(c)
	c.Reply.Status("OK")
	return nil
}

func msetAll(c *Ctx) {
	for i := 1; i < len(c.Args); i += 2 {
		c.DB.SetString(c.Args[i], c.Args[i+1], engine.NoTTL)
		c.Notify(engine.EventString, "set", c.Args[i])
	}
}

func msetnx(c *Ctx) error {
	if len(c.Args)%2 == 0 {
		return WrongArity(c.Spec.Name)
	}
	for i := 1; i < len(c.Args); i += 2 {
		if c.DB.Has(c.Args[i]) {
			c.Reply.Int(0)
			return nil
		}
	}
	msetAll(c)
	c.Reply.Int(1)
	return nil
}

func incr(c *Ctx) error { return add(c, 1) }
func decr(c *Ctx) error { return add(c, -1) }

func incrby(c *Ctx) error {
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	return add(c, n)
}

func decrby(c *Ctx) error {
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	if n == math.MinInt64 {
		return Error("ERR decrement would overflow")
	}
	return add(c, -n)
}

func add(c *Ctx, delta int64) error {
	old, ok, err := c.DB.StringInt(c.Args[1])
	if err != nil {
		return err
	}
	if !ok {
		return ErrNotInt
	}
	if delta < 0 && old < math.MinInt64-delta || delta > 0 && old > math.MaxInt64-delta {
		return ErrOverflow
	}
	c.DB.SetInt(c.Args[1], old+delta, engine.KeepTTL)
	c.Notify(engine.EventString, "incrby", c.Args[1])
	c.Reply.Int(old + delta)
	return nil
}

// incrbyfloat adds in long double precision as Redis does, and prints without an exponent.
func incrbyfloat(c *Ctx) error {
	v, ok, err := c.DB.StringForUpdate(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	if !ok {
		v = zero
	}
	sum, err := addLongDouble(v, c.Args[2])
	if err != nil {
		return err
	}
	c.DB.SetText(c.Args[1], sum, engine.KeepTTL)
	c.Notify(engine.EventString, "incrbyfloat", c.Args[1])
	c.Reply.Bulk(sum)
	return nil
}

// checkLength refuses to build a string of n bytes if it is too long. In a script or transaction max-unit-bytes is not one command's matter.
func (c *Ctx) checkLength(n int64) error {
	switch {
	case n > int64(c.Env.MaxBulk):
		return ErrStringTooLong
	case c.Mode == FromClient && c.Env.MaxUnit > 0 && n > int64(c.Env.MaxUnit):
		return ErrUnitTooLarge
	}
	return nil
}

func appendCmd(c *Ctx) error {
	key, tail := c.Args[1], c.Args[2]
	v, ok, err := c.DB.StringForUpdate(key, c.scratch[:])
	if err != nil {
		return err
	}
	n := len(v)
	if err := c.checkLength(int64(n + len(tail))); err != nil {
		return err
	}
	if !ok {
		c.DB.SetString(key, tail, engine.NoTTL)
	} else {
		copy(c.DB.GrowString(key, n+len(tail))[n:], tail)
	}
	c.Notify(engine.EventString, "append", key)
	c.Reply.Int(int64(n + len(tail)))
	return nil
}

func setrange(c *Ctx) error {
	offset, err := c.Int(2)
	if err != nil {
		return err
	}
	if offset < 0 {
		return ErrOffsetRange
	}
	key, part := c.Args[1], c.Args[3]
	v, _, err := c.DB.StringForUpdate(key, c.scratch[:])
	if err != nil {
		return err
	}
	n := int64(len(v))
	if len(part) == 0 {
		c.Reply.Int(n)
		return nil
	}
	if offset > int64(c.Env.MaxBulk-len(part)) {
		return ErrStringTooLong
	}
	if err := c.checkLength(offset + int64(len(part))); err != nil {
		return err
	}
	n = max(n, offset+int64(len(part)))
	copy(c.DB.GrowString(key, int(n))[offset:], part)
	c.Notify(engine.EventString, "setrange", key)
	c.Reply.Int(n)
	return nil
}

func getrange(c *Ctx) error {
	start, err := c.Int(2)
	if err != nil {
		return err
	}
	end, err := c.Int(3)
	if err != nil {
		return err
	}
	v, _, err := c.DB.String(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	from, to := clampRange(start, end, len(v))
	c.Reply.Bulk(v[from:to])
	return nil
}

// clampRange turns the inclusive range start..end, negative from the end, into the half-open from..to within n.
func clampRange(start, end int64, n int) (from, to int) {
	l := int64(n)
	if start < 0 && end < 0 && start > end {
		return 0, 0
	}
	if start < 0 {
		start = max(0, start+l)
	}
	if end < 0 {
		end = max(0, end+l)
	}
	end = min(end, l-1)
	if l == 0 || start > end {
		return 0, 0
	}
	return int(start), int(end) + 1
}

func strlen(c *Ctx) error {
	v, _, err := c.DB.String(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	c.Reply.Int(int64(len(v)))
	return nil
}
