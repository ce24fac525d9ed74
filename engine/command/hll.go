package command

import (
	"bytes"
	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/hll"
)

// HyperLogLogs declares the HyperLogLog commands.
func HyperLogLogs() []Spec {
	return []Spec{
		{Name: "pfadd", Arity: -2, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{keyAt(1, RW|Insert)}, Group: GroupHyperLogLog, Since: "2.8.9", Do: pfadd,
			Complexity: "O(1) to add every element.", Summary: "Adds elements to a HyperLogLog key. Creates the key if it doesn't exist.", Syntax: "key [element [element ...]]"},
		{Name: "pfcount", Arity: -2, Flags: ReadOnly | MayReplicate, Keys: []KeySpec{keysFrom(1, -1, 1, RW|Access).Noted("RW because it may change the internal representation of the key, and propagate to replicas")}, Group: GroupHyperLogLog, Since: "2.8.9", Do: pfcount,
			Complexity: "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.",
			Summary:    "Returns the approximated cardinality of the set(s) observed by the HyperLogLog key(s).", Syntax: "key [key ...]"},
		{Name: "pfdebug", Arity: 3, Flags: Write | DenyOOM | Admin, Keys: []KeySpec{keyAt(2, RW|Access)}, Group: GroupHyperLogLog, Since: "2.8.9", Do: pfdebug,
			Complexity: "N/A", Summary: "Internal commands for debugging HyperLogLog values.", Syntax: "subcommand key"},
		{Name: "pfmerge", Arity: -2, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, RW|Access|Insert), keysFrom(2, -1, 1, RO|Access)}, Group: GroupHyperLogLog, Since: "2.8.9", Do: pfmerge,
			Complexity: "O(N) to merge N HyperLogLogs, but with high constant times.", Summary: "Merges one or more HyperLogLog values into a single key.", Syntax: "destkey [sourcekey [sourcekey ...]]"},
		{Name: "pfselftest", Arity: 1, Flags: Admin, Group: GroupHyperLogLog, Since: "2.8.9", Do: pfselftest,
			Complexity: "N/A", Summary: "An internal command for testing HyperLogLog values."},
	}
}

const (
	errNotHLL     Error = "WRONGTYPE Key is not a valid HyperLogLog string value."
	errCorruptHLL Error = "INVALIDOBJ Corrupted HLL object detected"
)

// openHLL returns a copy of the HyperLogLog at key, or false if the key is absent.
func openHLL(c *Ctx, key []byte) (h []byte, ok bool, err error) {
	v, ok, err := c.DB.String(key, c.scratch[:])
	if err != nil || !ok {
		return nil, false, err
	}
	if !hll.Valid(v) {
		return nil, false, errNotHLL
	}
	return append([]byte(nil), v...), true, nil
}

func pfadd(c *Ctx) error {
	key := c.Args[1]
	h, ok, err := openHLL(c, key)
	if err != nil {
		return err
	}
	changes := 0
	if !ok {
		h, changes = hll.New(), 1
	}
	for _, e := range c.Args[2:] {
		var grew bool
		if h, grew, err = hll.Add(h, e, c.KS.Limits.HLLSparseMaxBytes); err != nil {
			return errCorruptHLL
		}
		if grew {
			changes++
		}
	}
	if changes > 0 {
		hll.Invalidate(h)
		c.DB.SetRaw(key, h)
		c.KS.Stats().Dirty += uint64(changes - 1) // beside the one of SetRaw
		c.Notify(engine.EventString, "pfadd", key)
	}
	replyFlag(c, changes > 0)
	return nil
}

// pfcount estimates a cardinality; that of one key is cached in its value.
func pfcount(c *Ctx) error {
	if len(c.Args) > 2 {
		var u hll.Union
		for _, key := range c.Args[1:] {
			h, ok, err := openHLL(c, key)
			if err != nil {
				return err
			}
			if ok && u.Add(h) != nil {
				return errCorruptHLL
			}
		}
		c.Reply.Int(int64(u.Count()))
		return nil
	}
	h, ok, err := openHLL(c, c.Args[1])
	if err != nil {
		return err
	}
	if !ok {
		c.Reply.Int(0)
		return nil
	}
	n, cached := hll.Cached(h)
	if !cached {
		if n, err = hll.Count(h); err != nil {
			return errCorruptHLL
		}
		hll.SetCached(h, n)
		c.DB.SetRaw(c.Args[1], h)
	}
	c.Reply.Int(int64(n))
	return nil
}

func pfmerge(c *Ctx) error {
	var u hll.Union
	dense := false
	for _, key := range c.Args[1:] {
		h, ok, err := openHLL(c, key)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		dense = dense || hll.Dense(h)
		if u.Add(h) != nil {
			return errCorruptHLL
		}
	}
	h, ok, err := c.DB.StringForUpdate(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	if h = bytes.Clone(h); !ok {
		h = hll.New()
	}
	if dense {
		if h, err = hll.ToDense(h); err != nil {
			return errCorruptHLL
		}
	}
	if h, err = u.Store(h, c.KS.Limits.HLLSparseMaxBytes); err != nil {
		return errCorruptHLL
	}
	hll.Invalidate(h)
	c.DB.SetRaw(c.Args[1], h)
	c.Notify(engine.EventString, "pfadd", c.Args[1])
	c.Reply.Status("OK")
	return nil
}

// pfdebug is PFDEBUG DECODE | ENCODING | GETREG | TODENSE key. GETREG makes the value dense too, as in Redis.
func pfdebug(c *Ctx) error {
	h, ok, err := openHLL(c, c.Args[2])
	if err != nil {
		return err
	}
	if !ok {
		return Error("ERR The specified key does not exist")
	}
	switch {
	case c.Is(1, "decode"):
		if hll.Dense(h) {
			return Error("ERR HLL encoding is not sparse")
		}
		codes, ok := hll.AppendOpcodes(nil, h)
		if !ok {
			return errCorruptHLL
		}
		c.Reply.Bulk(codes)
	case c.Is(1, "getreg"):
		var u hll.Union
		if u.Add(h) != nil {
			return errCorruptHLL
		}
		regs := u.Registers()
		c.Reply.Array(len(regs))
		for _, r := range regs {
			c.Reply.Int(int64(r))
		}
		if !hll.Dense(h) {
			if h, err = hll.ToDense(h); err != nil {
				return errCorruptHLL
			}
			c.DB.SetRaw(c.Args[2], h)
		}
	case c.Is(1, "encoding"):
		if hll.Dense(h) {
			c.Reply.Status("dense")
		} else {
			c.Reply.Status("sparse")
		}
	case c.Is(1, "todense"):
		if hll.Dense(h) {
			c.Reply.Int(0)
			return nil
		}
		if h, err = hll.ToDense(h); err != nil {
			return errCorruptHLL
		}
		c.DB.SetRaw(c.Args[2], h)
		c.Reply.Int(1)
	default:
		return Error("ERR Unknown PFDEBUG subcommand '" + text(c.Args[1]) + "'")
	}
	return nil
}

// pfselftest counts known sets and checks the error of the estimate.
func pfselftest(c *Ctx) error {
	h := hll.New()
	var buf []byte
	for i := range 10000 {
		buf = appendInt(buf[:0], int64(i))
		var err error
		if h, _, err = hll.Add(h, buf, c.KS.Limits.HLLSparseMaxBytes); err != nil {
			return errCorruptHLL
		}
	}
	n, err := hll.Count(h)
	if err != nil || n < 9500 || n > 10500 {
		return Error("ERR TESTFAILED the estimate of 10000 elements is off by more than 5 percent")
	}
	c.Reply.Status("OK")
	return nil
}
