package command

import (
	"math"

	"github.com/evald/evald/engine"
	"github.com/evald/evald/engine/bitops"
)

// Bitmaps declares the bitmap commands.
func Bitmaps() []Spec {
	return []Spec{
		{Name: "bitcount", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupBitmap, Since: "2.6.0", Do: bitcount,
			Complexity: "O(N)", Summary: "Counts the number of set bits (population counting) in a string.", Syntax: "key [start end [BYTE | BIT]]"},
		{Name: "bitfield", Arity: -2, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, RW|Access|Update|VariableFlags).Noted("This command allows both access and modification of the key")}, Group: GroupBitmap, Since: "3.2.0", Do: bitfield,
			Complexity: "O(1) for each subcommand specified", Summary: "Performs arbitrary bitfield integer operations on strings.",
			Syntax: "key [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> [GET encoding offset | [OVERFLOW <WRAP | SAT | FAIL>] <SET encoding offset value | INCRBY encoding offset increment> ...]]"},
		{Name: "bitfield_ro", Arity: -2, Flags: ReadOnly | Fast, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupBitmap, Since: "6.0.0", Do: bitfield,
			Complexity: "O(1) for each subcommand specified", Summary: "Performs arbitrary read-only bitfield integer operations on strings.", Syntax: "key [GET encoding offset [GET encoding offset ...]]"},
		{Name: "bitop", Arity: -4, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(2, OW|Update), keysFrom(3, -1, 1, RO|Access)}, Group: GroupBitmap, Since: "2.6.0", Do: bitop,
			Complexity: "O(N)", Summary: "Performs bitwise operations on multiple strings, and stores the result.", Syntax: "<AND | OR | XOR | NOT> destkey key [key ...]"},
		{Name: "bitpos", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupBitmap, Since: "2.8.7", Do: bitpos,
			Complexity: "O(N)", Summary: "Finds the first set (1) or clear (0) bit in a string.", Syntax: "key bit [start [end [BYTE | BIT]]]"},
		{Name: "getbit", Arity: 3, Flags: ReadOnly | Fast, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupBitmap, Since: "2.2.0", Do: getbit,
			Complexity: "O(1)", Summary: "Returns a bit value by offset.", Syntax: "key offset"},
		{Name: "setbit", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{keyAt(1, RW|Access|Update)}, Group: GroupBitmap, Since: "2.2.0", Do: setbit,
			Complexity: "O(1)", Summary: "Sets or clears the bit at offset of the string value. Creates the key if it doesn't exist.", Syntax: "key offset value"},
	}
}

const (
	errBitOffset Error = "ERR bit offset is not an integer or out of range"
	errBitValue  Error = "ERR bit is not an integer or out of range"
	errBitType   Error = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
)

// bitOffset reads a bit offset; with hash, "#n" means n times the width.
func bitOffset(c *Ctx, b []byte, hash bool, width uint) (uint64, error) {
	scaled := hash && len(b) > 0 && b[0] == '#'
	if scaled {
		b = b[1:]
	}
	n, ok := ParseInt(b)
	if !ok || n < 0 {
		return 0, errBitOffset
	}
	if scaled {
		if n > math.MaxInt64/64 {
			return 0, errBitOffset
		}
		n *= int64(width)
	}
	if n>>3 >= int64(c.Env.MaxBulk) {
		return 0, errBitOffset
	}
	return uint64(n), nil
}

func setbit(c *Ctx) error {
	off, err := bitOffset(c, c.Args[2], false, 0)
	if err != nil {
		return err
	}
	bit, ok := ParseInt(c.Args[3])
	if !ok || bit&^1 != 0 {
		return errBitValue
	}
	key := c.Args[1]
	v, _, err := c.DB.StringForUpdate(key, c.scratch[:])
	if err != nil {
		return err
	}
	shift := 7 - off&7
	if off>>3 < uint64(len(v)) && v[off>>3]>>shift&1 == byte(bit) {
		c.DB.Unshare(key)
		c.Reply.Int(bit) // no change: nobody is told
		return nil
	}
	if err := c.checkLength(int64(off>>3) + 1); err != nil {
		return err
	}
	b := c.DB.GrowString(key, max(len(v), int(off>>3)+1))
	old := b[off>>3] >> shift & 1
	b[off>>3] = b[off>>3]&^(1<<shift) | byte(bit)<<shift
	c.Notify(engine.EventString, "setbit", key)
	c.Reply.Int(int64(old))
	return nil
}

func getbit(c *Ctx) error {
	off, err := bitOffset(c, c.Args[2], false, 0)
	if err != nil {
		return err
	}
	v, _, err := c.DB.String(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	bit := byte(0)
	if off>>3 < uint64(len(v)) {
		bit = v[off>>3] >> (7 - off&7) & 1
	}
	c.Reply.Int(int64(bit))
	return nil
}

// bitUnit reads BYTE or BIT at argument i; true for bits.
func bitUnit(c *Ctx, i int) (bool, error) {
	switch {
	case c.Is(i, "bit"):
		return true, nil
	case c.Is(i, "byte"):
		return false, nil
	}
	return false, ErrSyntax
}

// bitcount counts bits. BITCOUNT key [start end [BYTE | BIT]]
func bitcount(c *Ctx) error {
	if len(c.Args) == 3 || len(c.Args) > 5 {
		return ErrSyntax
	}
	start, end, inBits := int64(0), int64(-1), false
	if len(c.Args) > 3 {
		var err error
		if len(c.Args) == 5 {
			if inBits, err = bitUnit(c, 4); err != nil {
				return err
			}
		}
		if start, err = c.Int(2); err != nil {
			return err
		}
		if end, err = c.Int(3); err != nil {
			return err
		}
	}
	v, _, err := c.DB.String(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	c.Reply.Int(bitops.CountRange(v, start, end, inBits))
	return nil
}

// bitpos finds a bit. BITPOS key bit [start [end [BYTE | BIT]]]
func bitpos(c *Ctx) error {
	bit, err := c.Int(2)
	if err != nil {
		return err
	}
	if bit&^1 != 0 {
		return Error("ERR The bit argument must be 1 or 0.")
	}
	if len(c.Args) > 6 {
		return ErrSyntax
	}
	start, end, inBits := int64(0), int64(-1), false
	if len(c.Args) == 6 {
		if inBits, err = bitUnit(c, 5); err != nil {
			return err
		}
	}
	if len(c.Args) > 3 {
		if start, err = c.Int(3); err != nil {
			return err
		}
	}
	if len(c.Args) > 4 {
		if end, err = c.Int(4); err != nil {
			return err
		}
	}
	v, ok, err := c.DB.String(c.Args[1], c.scratch[:])
	switch {
	case err != nil:
		return err
	case !ok && bit == 1:
		c.Reply.Int(-1)
	case !ok:
		c.Reply.Int(0)
	default:
		c.Reply.Int(bitops.Pos(v, byte(bit), start, end, len(c.Args) > 4, inBits))
	}
	return nil
}

func bitop(c *Ctx) error {
	var op bitops.Op
	switch {
	case c.Is(1, "and"):
		op = bitops.And
	case c.Is(1, "or"):
		op = bitops.Or
	case c.Is(1, "xor"):
		op = bitops.Xor
	case c.Is(1, "not"):
		op = bitops.Not
	default:
		return ErrSyntax
	}
	if op == bitops.Not && len(c.Args) != 4 {
		return Error("ERR BITOP NOT must be called with a single source key.")
	}
	srcs := make([][]byte, 0, len(c.Args)-3)
	for _, key := range c.Args[3:] {
		v, _, err := c.DB.String(key, make([]byte, 20))
		if err != nil {
			return err
		}
		srcs = append(srcs, v)
	}
	out := bitops.Combine(nil, op, srcs...)
	dst := c.Args[2]
	if len(out) == 0 {
		deleteKey(c, dst)
	} else {
		c.DB.Discard(dst) // the expiry goes, as with SET
		c.DB.SetRaw(dst, out)
		c.Notify(engine.EventString, "set", dst)
	}
	c.Reply.Int(int64(len(out)))
	return nil
}

// fieldOp is one operation of BITFIELD.
type fieldOp struct {
	op       byte // 'g', 's' or 'i'
	typ      bitops.Type
	offset   uint64
	value    int64
	overflow bitops.Overflow
}

// parseFields reads the operations of BITFIELD; end is the byte length that the writes need.
func parseFields(c *Ctx) (ops []fieldOp, writes bool, end int, err error) {
	overflow := bitops.Wrap
	for i := 2; i < len(c.Args); {
		left := len(c.Args) - i - 1
		var o fieldOp
		switch {
		case c.Is(i, "get") && left >= 2:
			o.op = 'g'
		case c.Is(i, "set") && left >= 3:
			o.op = 's'
		case c.Is(i, "incrby") && left >= 3:
			o.op = 'i'
		case c.Is(i, "overflow") && left >= 1:
			switch {
			case c.Is(i+1, "wrap"):
				overflow = bitops.Wrap
			case c.Is(i+1, "sat"):
				overflow = bitops.Saturate
			case c.Is(i+1, "fail"):
				overflow = bitops.Fail
			default:
				return nil, false, 0, Error("ERR Invalid OVERFLOW type specified")
			}
			i += 2
			continue
		default:
			return nil, false, 0, ErrSyntax
		}
		var ok bool
		if o.typ, ok = bitops.ParseType(c.Args[i+1]); !ok {
			return nil, false, 0, errBitType
		}
		if o.offset, err = bitOffset(c, c.Args[i+2], true, o.typ.Bits); err != nil {
			return nil, false, 0, err
		}
		o.overflow = overflow
		i += 3
		if o.op != 'g' {
			if o.value, ok = ParseInt(c.Args[i]); !ok {
				return nil, false, 0, ErrNotInt
			}
			writes = true
			end = max(end, int((o.offset+uint64(o.typ.Bits)-1)>>3)+1)
			i++
		}
		ops = append(ops, o)
	}
	return ops, writes, end, nil
}

// bitfield is BITFIELD and BITFIELD_RO.
// apply returns the field's value in b and the value that the operation gives it; ok is false if that overflows and must not.
func (o *fieldOp) apply(b []byte) (old, v int64, ok bool) {
	old = o.typ.Get(b, o.offset)
	switch o.op {
	case 's':
		v, ok = o.typ.Fit(o.value, o.overflow)
	case 'i':
		v, ok = o.typ.Add(old, o.value, o.overflow)
	default:
		v, ok = old, true
	}
	return old, v, ok
}

// fieldsChange tells whether operations inside b change it. All before the first that does leave it as it is.
func fieldsChange(ops []fieldOp, b []byte) bool {
	for i := range ops {
		if old, v, ok := ops[i].apply(b); ok && v != old {
			return true
		}
	}
	return false
}

func bitfield(c *Ctx) error {
	ops, writes, end, err := parseFields(c)
	if err != nil {
		return err
	}
	if writes && c.Spec.Name == "bitfield_ro" {
		return Error("ERR BITFIELD_RO only supports the GET subcommand")
	}
	key := c.Args[1]
	var b []byte
	grown := false
	if writes {
		if err := c.checkLength(int64(end)); err != nil {
			return err
		}
		if b, _, err = c.DB.StringForUpdate(key, c.scratch[:]); err != nil {
			return err
		}
		if grown = end > len(b); grown || fieldsChange(ops, b) {
			b = c.DB.GrowString(key, max(len(b), end))
		} else {
			c.DB.Unshare(key)
		}
	} else if b, _, err = c.DB.String(key, c.scratch[:]); err != nil {
		return err
	}
	changes := 0
	c.Reply.Array(len(ops))
	for _, o := range ops {
		old, v, ok := o.apply(b)
		if !ok {
			c.Reply.Nil()
			continue
		}
		if o.op != 'g' && (grown || v != old) {
			o.typ.Set(b, o.offset, v)
			changes++
		}
		if o.op == 'i' {
			c.Reply.Int(v)
		} else {
			c.Reply.Int(old)
		}
	}
	if changes > 0 {
		c.KS.Stats().Dirty += uint64(changes - 1) // beside the one of GrowString
		c.Notify(engine.EventString, "setbit", key)
	}
	return nil
}
