package command

import (
	"math"

	"github.com/evald/evald/engine"
)

func hashExpiry() []Spec {
	n := "O(N) where N is the number of specified fields"
	spec := func(name string, arity int, flags Flags, use KeyUse, since, summary, syntax string, do Handler) Spec {
		return Spec{Name: name, Arity: arity, Flags: flags | Fast, Keys: []KeySpec{keyAt(1, use)}, Group: GroupHash, Since: since,
			Complexity: n, Summary: summary, Syntax: "key " + syntax, Do: do}
	}
	set := func(name, arg, summary string, seconds, relative bool) Spec {
		return spec(name, -6, Write|DenyOOM, RW|Update, "7.4.0", summary, arg+" [NX | XX | GT | LT] FIELDS numfields field [field ...]",
			func(c *Ctx) error { return hexpire(c, seconds, relative) })
	}
	read := func(name, summary string, seconds, relative bool) Spec {
		s := spec(name, -5, ReadOnly, RO|Access, "7.4.0", summary, "FIELDS numfields field [field ...]", func(c *Ctx) error { return httl(c, seconds, relative) })
		if relative {
			s.Tips = []string{"nondeterministic_output"}
		}
		return s
	}
	when := "EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | "
	return []Spec{
		set("hexpire", "seconds", "Set expiry for hash field using relative time to expire (seconds)", true, true),
		set("hexpireat", "unix-time-seconds", "Set expiry for hash field using an absolute Unix timestamp (seconds)", true, false),
		read("hexpiretime", "Returns the expiration time of a hash field as a Unix timestamp, in seconds.", true, false),
		spec("hgetdel", -5, Write, RW|Access|Delete, "8.0.0", "Returns the value of a field and deletes it from the hash.", "FIELDS numfields field [field ...]", hgetdel),
		spec("hgetex", -5, Write, RW|Access|Update, "8.0.0", "Get the value of one or more fields of a given hash key, and optionally set their expiration.",
			"["+when+"PERSIST] FIELDS numfields field [field ...]", hgetex),
		spec("hpersist", -5, Write, RW|Update, "7.4.0", "Removes the expiration time for each specified field", "FIELDS numfields field [field ...]", hpersist),
		set("hpexpire", "milliseconds", "Set expiry for hash field using relative time to expire (milliseconds)", false, true),
		set("hpexpireat", "unix-time-milliseconds", "Set expiry for hash field using an absolute Unix timestamp (milliseconds)", false, false),
		read("hpexpiretime", "Returns the expiration time of a hash field as a Unix timestamp, in msec.", false, false),
		read("hpttl", "Returns the TTL in milliseconds of a hash field.", false, true),
		spec("hsetex", -6, Write|DenyOOM, RW|Update, "8.0.0", "Set the value of one or more fields of a given hash key, and optionally set their expiration.",
			"[FNX | FXX] ["+when+"KEEPTTL] FIELDS numfields field value [field value ...]", hsetex),
		read("httl", "Returns the TTL in seconds of a hash field.", true, true),
	}
}

// maxFieldExpire is the latest expiry of a field, unix ms: what 46 bits hold, as in Redis.
const maxFieldExpire = 1<<46 - 1

const (
	errFieldsWord     Error = "ERR Mandatory argument FIELDS is missing or not at the right position"
	errFieldsMismatch Error = "ERR The `numfields` parameter must match the number of arguments"
	errFieldsPositive Error = "ERR Number of fields must be a positive integer"
	errExpireNegative Error = "ERR invalid expire time, must be >= 0"
)

// fieldList reads FIELDS numfields field ... at argument i; bad is the error for a number that is none or not positive.
func fieldList(c *Ctx, i int, bad Error) ([][]byte, error) {
	if !c.Is(i, "fields") || i+1 >= len(c.Args) {
		return nil, errFieldsWord
	}
	n, ok := ParseInt(c.Args[i+1])
	if !ok || n < 1 {
		return nil, bad
	}
	fields := c.Args[i+2:]
	if int64(len(fields)) != n {
		return nil, errFieldsMismatch
	}
	return fields, nil
}

// fieldTime reads a time at argument i and returns it in unix ms.
func fieldTime(c *Ctx, i int, seconds, relative bool) (int64, error) {
	n, err := c.Int(i)
	if err != nil {
		return 0, err
	}
	if n < 0 {
		return 0, errExpireNegative
	}
	base := int64(0)
	if relative {
		base = c.KS.Now()
	}
	if seconds {
		if n > maxFieldExpire/1000 {
			return 0, InvalidExpire(c.Spec.FullName())
		}
		n *= 1000
	}
	if n > maxFieldExpire-base {
		return 0, InvalidExpire(c.Spec.FullName())
	}
	return n + base, nil
}

// The replies of HEXPIRE and HPERSIST for one field.
const (
	fieldAbsent    = -2
	fieldNoExpiry  = -1
	fieldUnchanged = 0
	fieldChanged   = 1
	fieldDeleted   = 2
)

// hexpire is HEXPIRE, HPEXPIRE, HEXPIREAT and HPEXPIREAT key time [NX | XX | GT | LT] FIELDS numfields field ...
func hexpire(c *Ctx, seconds, relative bool) error {
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	at, err := fieldTime(c, 2, seconds, relative)
	if err != nil {
		return err
	}
	var cond expireCond
	i := 3
	if c.Is(3, "nx") || c.Is(3, "xx") || c.Is(3, "gt") || c.Is(3, "lt") {
		cond, _ = parseExpireCond(c, 3, 4)
		i = 4
	}
	fields, err := fieldList(c, i, "ERR Parameter `numFields` should be greater than 0")
	if err != nil {
		return err
	}
	c.Reply.Array(len(fields))
	set, deleted := 0, 0
	for _, f := range fields {
		old, ok := h.Expire(f)
		switch {
		case !ok:
			c.Reply.Int(fieldAbsent)
		case !cond.allows(old, at):
			c.Reply.Int(fieldUnchanged)
		case at <= c.KS.Now():
			h.Delete(f)
			deleted++
			c.Reply.Int(fieldDeleted)
		default:
			h.SetExpire(f, at)
			set++
			c.Reply.Int(fieldChanged)
		}
	}
	finishFields(c, &h, set, "hexpire", deleted)
	return nil
}

// finishFields sends the events of a command that changed some fields and deleted others.
func finishFields(c *Ctx, h *engine.Hash, changed int, event string, deleted int) {
	if changed > 0 {
		c.KS.Stats().Dirty += uint64(changed)
		c.Notify(engine.EventHash, event, c.Args[1])
	}
	if deleted > 0 {
		h.Finish(engine.EventHash, "hdel", deleted)
	}
}

// httl is HTTL, HPTTL, HEXPIRETIME and HPEXPIRETIME key FIELDS numfields field ...
func httl(c *Ctx, seconds, relative bool) error {
	h, err := c.DB.Hash(c.Args[1])
	if err != nil {
		return err
	}
	fields, err := fieldList(c, 2, errFieldsPositive)
	if err != nil {
		return err
	}
	c.Reply.Array(len(fields))
	for _, f := range fields {
		at, ok := h.Expire(f)
		switch {
		case !ok:
			at = fieldAbsent
		case at == 0:
			at = fieldNoExpiry
		default:
			if relative {
				at -= c.KS.Now()
			}
			if seconds {
				at = (at + 999) / 1000
			}
		}
		c.Reply.Int(at)
	}
	return nil
}

func hpersist(c *Ctx) error {
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	fields, err := fieldList(c, 2, errFieldsPositive)
	if err != nil {
		return err
	}
	c.Reply.Array(len(fields))
	changed := 0
	for _, f := range fields {
		switch at, ok := h.Expire(f); {
		case !ok:
			c.Reply.Int(fieldAbsent)
		case at == 0:
			c.Reply.Int(fieldNoExpiry)
		default:
			h.SetExpire(f, 0)
			changed++
			c.Reply.Int(fieldChanged)
		}
	}
	finishFields(c, &h, changed, "hpersist", 0)
	return nil
}

func hgetdel(c *Ctx) error {
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	fields, err := fieldList(c, 2, errFieldsPositive)
	if err != nil {
		return err
	}
	c.Reply.Array(len(fields))
	deleted := 0
	for _, f := range fields {
		v, ok := h.Get(f, c.scratch[:])
		bulkOrNil(c, v, ok)
		if ok {
			h.Delete(f)
			deleted++
		}
	}
	finishFields(c, &h, 0, "", deleted)
	return nil
}

// expiryWord reads EX, PX, EXAT or PXAT with its time at argument i; ok is false if it is none of these.
func expiryWord(c *Ctx, i int) (at int64, ok bool, err error) {
	for _, w := range [...]struct {
		name              string
		seconds, relative bool
	}{{"ex", true, true}, {"px", false, true}, {"exat", true, false}, {"pxat", false, false}} {
		if c.Is(i, w.name) {
			if i+1 >= len(c.Args) {
				return 0, true, Error("ERR missing expire time")
			}
			at, err = fieldTime(c, i+1, w.seconds, w.relative)
			return at, true, err
		}
	}
	return 0, false, nil
}

// hgetex is HGETEX key [EX seconds | PX milliseconds | EXAT s | PXAT ms | PERSIST] FIELDS numfields field ...
func hgetex(c *Ctx) error {
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	at, expires, err := expiryWord(c, 2)
	if err != nil {
		return err
	}
	i, persist := 2, c.Is(2, "persist")
	if expires {
		i = 4
	} else if persist {
		i = 3
	}
	fields, err := fieldList(c, i, errFieldsPositive)
	if err != nil {
		return err
	}
	c.Reply.Array(len(fields))
	changed, deleted, event := 0, 0, "hexpire"
	for _, f := range fields {
		v, ok := h.Get(f, c.scratch[:])
		bulkOrNil(c, v, ok)
		old, _ := h.Expire(f)
		switch {
		case !ok:
		case expires && at <= c.KS.Now():
			h.Delete(f)
			deleted++
		case expires:
			h.SetExpire(f, at)
			changed++
		case persist && old != 0:
			h.SetExpire(f, 0)
			changed, event = changed+1, "hpersist"
		}
	}
	finishFields(c, &h, changed, event, deleted)
	return nil
}

// hsetexOptions are the words of HSETEX before FIELDS.
type hsetexOptions struct {
	fnx, fxx, keep, expires bool
	at                      int64
	pairs                   [][]byte
}

func parseHsetex(c *Ctx) (o hsetexOptions, err error) {
	for i := 2; i < len(c.Args); i++ {
		at, timed, err := expiryWord(c, i)
		keep := c.Is(i, "keepttl")
		if (timed || keep) && (o.expires || o.keep) {
			return o, Error("ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified")
		}
		switch {
		case err != nil:
			return o, err
		case timed:
			o.at, o.expires = at, true
			i++
		case keep:
			o.keep = true
		case c.Is(i, "fnx"), c.Is(i, "fxx"):
			if o.fnx || o.fxx {
				return o, Error("ERR Only one of FXX or FNX arguments can be specified")
			}
			o.fnx, o.fxx = c.Is(i, "fnx"), c.Is(i, "fxx")
		case c.Is(i, "fields") && i+1 < len(c.Args):
			n, ok := ParseInt(c.Args[i+1])
			if !ok || n < 1 || n > math.MaxInt32 {
				return o, Error("ERR invalid number of fields")
			}
			if o.pairs = c.Args[i+2:]; int64(len(o.pairs)) != 2*n {
				return o, WrongArity(c.Spec.Name)
			}
			return o, nil
		default:
			return o, Error("ERR unknown argument: " + string(c.Args[i]))
		}
	}
	return o, WrongArity(c.Spec.Name)
}

// hsetex sets fields and their expiry, if all of them exist (FXX), or none (FNX), and replies whether it did.
func hsetex(c *Ctx) error {
	o, err := parseHsetex(c)
	if err != nil {
		return err
	}
	h, err := c.DB.HashForUpdate(c.Args[1])
	if err != nil {
		return err
	}
	for i := 0; i < len(o.pairs) && (o.fnx || o.fxx); i += 2 {
		if _, ok := h.Get(o.pairs[i], c.scratch[:]); ok != o.fxx {
			c.Reply.Int(0)
			return nil
		}
	}
	c.Reply.Int(1)
	if o.expires && o.at <= c.KS.Now() {
		deleted := 0
		for i := 0; i < len(o.pairs); i += 2 {
			if h.Delete(o.pairs[i]) {
				deleted++
			}
		}
		finishFields(c, &h, 0, "", deleted)
		return nil
	}
	for i := 0; i < len(o.pairs); i += 2 {
		if o.keep {
			h.Update(o.pairs[i], o.pairs[i+1])
			continue
		}
		h.Set(o.pairs[i], o.pairs[i+1])
		if o.expires {
			h.SetExpire(o.pairs[i], o.at)
		}
	}
	h.Finish(engine.EventHash, "hset", len(o.pairs)/2)
	if o.expires {
		c.Notify(engine.EventHash, "hexpire", c.Args[1])
	}
	return nil
}
