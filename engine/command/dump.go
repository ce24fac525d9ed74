package command

import (
	"errors"
	"math"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/rdb"
)

func genericDump() []Spec {
	dumpSpec := Spec{Name: "dump", Arity: 2, Flags: ReadOnly, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupGeneric, Since: "2.6.0", Do: dump,
		Complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
		Summary:    "Returns a serialized representation of the value stored at a key.", Syntax: "key", Tips: []string{"nondeterministic_output"}}
	load := Spec{Name: "restore", Arity: -4, Flags: Write | DenyOOM | Derives, Categories: "dangerous", Keys: []KeySpec{keyAt(1, OW|Update)}, Group: GroupGeneric, Since: "2.6.0", Do: restore,
		Complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
		Summary:    "Creates a key from the serialized representation of a value.", Syntax: "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]"}
	asking := load
	asking.Name, asking.Since, asking.Group, asking.Categories = "restore-asking", "3.0.0", GroupServer, "keyspace dangerous"
	asking.Flags |= Asking
	asking.Summary = "An internal command for migrating keys in a cluster."
	return []Spec{dumpSpec, load, asking}
}

const (
	errBusyKey     Error = "BUSYKEY Target key name already exists."
	errDumpFooter  Error = "ERR DUMP payload version or checksum are wrong"
	errDumpFormat  Error = "ERR Bad data format"
	errInvalidTTL  Error = "ERR Invalid TTL value, must be >= 0"
	errInvalidIdle Error = "ERR Invalid IDLETIME value, must be >= 0"
	errInvalidFreq Error = "ERR Invalid FREQ value, must be >= 0 and <= 255"
)

func dump(c *Ctx) error {
	payload, ok := c.DB.Dump(c.Args[1])
	bulkOrNil(c, payload, ok)
	return nil
}

// restoring is what RESTORE's options say.
type restoring struct {
	replace, absolute bool
	idle, freq        int64 // -1: not given
}

func parseRestore(c *Ctx) (o restoring, err error) {
	o.idle, o.freq = -1, -1
	for i := 4; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch {
		case c.Is(i, "replace"):
			o.replace = true
		case c.Is(i, "absttl"):
			o.absolute = true
		case c.Is(i, "idletime") && more && o.freq < 0:
			i++
			if o.idle, err = c.Int(i); err != nil {
				return o, err
			}
			if o.idle < 0 {
				return o, errInvalidIdle
			}
		case c.Is(i, "freq") && more && o.idle < 0:
			i++
			if o.freq, err = c.Int(i); err != nil {
				return o, err
			}
			if o.freq < 0 || o.freq > 255 {
				return o, errInvalidFreq
			}
		default:
			return o, ErrSyntax
		}
	}
	return o, nil
}

// restore makes a key from DUMP's payload.
// RESTORE key ttl payload [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]
func restore(c *Ctx) error {
	o, err := parseRestore(c)
	if err != nil {
		return err
	}
	key := c.Args[1]
	if !o.replace && c.DB.Has(key) {
		return errBusyKey
	}
	ttl, err := c.Int(2)
	if err != nil {
		return err
	}
	if ttl < 0 {
		return errInvalidTTL
	}
	v, err := rdb.Decode(c.Args[3])
	switch {
	case errors.Is(err, rdb.ErrFooter):
		return errDumpFooter
	case err != nil:
		return errDumpFormat
	}
	before := c.KS.Stats().Dirty
	deleted := o.replace && c.DB.Delete(key)
	if ttl != 0 && !o.absolute {
		ttl = min(ttl, math.MaxInt64-c.KS.Now()) + c.KS.Now()
	}
	if ttl != 0 && ttl <= c.KS.Now() {
		if deleted {
			c.Notify(engine.EventGeneric, "del", key)
		}
		c.Reply.Status("OK")
		return nil
	}
	c.DB.Restore(key, v)
	if ttl != 0 && c.DB.Has(key) {
		c.DB.SetExpire(key, ttl)
	}
	c.DB.SetAccess(key, o.idle, int(o.freq))
	c.KS.Stats().Dirty = before + 1 // whatever it took
	c.Notify(engine.EventGeneric, "restore", key)
	c.Reply.Status("OK")
	return nil
}
