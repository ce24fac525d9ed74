package command

import (
	"math"

	"github.com/evald/evald/engine"
)

func genericExpiry() []Spec {
	condition := " [NX | XX | GT | LT]"
	read := func(name, since, summary string, do Handler) Spec {
		return Spec{Name: name, Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupGeneric, Since: since,
			Complexity: "O(1)", Summary: summary, Syntax: "key", Do: do}
	}
	write := func(name, since, summary, arg string, do Handler) Spec {
		return Spec{Name: name, Arity: -3, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Update)}, Group: GroupGeneric, Since: since,
			Complexity: "O(1)", Summary: summary, Syntax: "key " + arg + condition, Do: do}
	}
	clock := func(s Spec) Spec {
		s.Tips = []string{"nondeterministic_output"}
		return s
	}
	return []Spec{
		write("expire", "1.0.0", "Sets the expiration time of a key in seconds.", "seconds", func(c *Ctx) error { return expire(c, true, true) }),
		write("expireat", "1.2.0", "Sets the expiration time of a key to a Unix timestamp.", "unix-time-seconds", func(c *Ctx) error { return expire(c, true, false) }),
		write("pexpire", "2.6.0", "Sets the expiration time of a key in milliseconds.", "milliseconds", func(c *Ctx) error { return expire(c, false, true) }),
		write("pexpireat", "2.6.0", "Sets the expiration time of a key to a Unix milliseconds timestamp.", "unix-time-milliseconds", func(c *Ctx) error { return expire(c, false, false) }),
		read("expiretime", "7.0.0", "Returns the expiration time of a key as a Unix timestamp.", func(c *Ctx) error { return ttl(c, true, false) }),
		read("pexpiretime", "7.0.0", "Returns the expiration time of a key as a Unix milliseconds timestamp.", func(c *Ctx) error { return ttl(c, false, false) }),
		clock(read("ttl", "1.0.0", "Returns the expiration time in seconds of a key.", func(c *Ctx) error { return ttl(c, true, true) })),
		clock(read("pttl", "2.6.0", "Returns the expiration time in milliseconds of a key.", func(c *Ctx) error { return ttl(c, false, true) })),
		{Name: "persist", Arity: 2, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Update)}, Group: GroupGeneric, Since: "2.2.0",
			Complexity: "O(1)", Summary: "Removes the expiration time of a key.", Syntax: "key", Do: persist},
	}
}

// expireCond is the condition of EXPIRE and HEXPIRE.
type expireCond struct{ nx, xx, gt, lt bool }

// parseExpireCond reads the conditions in arguments from..to.
func parseExpireCond(c *Ctx, from, to int) (o expireCond, err error) {
	for i := from; i < to; i++ {
		switch {
		case c.Is(i, "nx"):
			o.nx = true
		case c.Is(i, "xx"):
			o.xx = true
		case c.Is(i, "gt"):
			o.gt = true
		case c.Is(i, "lt"):
			o.lt = true
		default:
			return o, Error("ERR Unsupported option " + text(c.Args[i]))
		}
	}
	if o.nx && (o.xx || o.gt || o.lt) {
		return o, Error("ERR NX and XX, GT or LT options at the same time are not compatible")
	}
	if o.gt && o.lt {
		return o, Error("ERR GT and LT options at the same time are not compatible")
	}
	return o, nil
}

// allows tells whether an expiry may change from old (0: none, which counts as infinite) to at.
func (o expireCond) allows(old, at int64) bool {
	switch {
	case o.nx && old != 0, o.xx && old == 0:
		return false
	case o.gt && (old == 0 || at <= old):
		return false
	case o.lt && old != 0 && at >= old:
		return false
	}
	return true
}

// expire is EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT. A time in the past deletes the key.
func expire(c *Ctx, seconds, relative bool) error {
	cond, err := parseExpireCond(c, 3, len(c.Args))
	if err != nil {
		return err
	}
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	if seconds {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			return InvalidExpire(c.Spec.FullName())
		}
		n *= 1000
	}
	if relative {
		if n > math.MaxInt64-c.KS.Now() {
			return InvalidExpire(c.Spec.FullName())
		}
		n += c.KS.Now()
	}
	key := c.Args[1]
	old, ok := c.DB.Expire(key)
	if !ok || !cond.allows(old, n) {
		c.Reply.Int(0)
		return nil
	}
	if n <= c.KS.Now() {
		deleteKey(c, key)
	} else {
		c.DB.SetExpire(key, n)
		c.Notify(engine.EventGeneric, "expire", key)
	}
	c.Reply.Int(1)
	return nil
}

// ttl is TTL, PTTL, EXPIRETIME and PEXPIRETIME: -2 without the key, -1 without an expiry.
func ttl(c *Ctx, seconds, relative bool) error {
	if !c.DB.Exists(c.Args[1]) {
		c.Reply.Int(-2)
		return nil
	}
	at, _ := c.DB.Expire(c.Args[1])
	switch {
	case at == 0:
		at = -1
	default:
		if relative {
			at = max(0, at-c.KS.Now())
		}
		if seconds {
			at = at/1000 + at%1000/500 // rounded, without overflow
		}
	}
	c.Reply.Int(at)
	return nil
}

func persist(c *Ctx) error {
	if at, ok := c.DB.Expire(c.Args[1]); !ok || at == 0 {
		c.Reply.Int(0)
		return nil
	}
	c.DB.SetExpire(c.Args[1], 0)
	c.Notify(engine.EventGeneric, "persist", c.Args[1])
	c.Reply.Int(1)
	return nil
}
