package command

import (
	"bytes"
	"encoding/hex"

	"github.com/evald/evald/engine/xxh3"
)

// conditionals are the commands that replace the script of a lock's release, and DIGEST, which goes with them.
func conditionals() []Spec {
	return []Spec{
		{Name: "delex", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Delete|VariableFlags)}, Group: GroupString, Since: "8.4.0", Do: delex,
			Complexity: "O(1) for IFEQ/IFNE, O(N) for IFDEQ/IFDNE where N is the length of the string value.",
			Summary:    "Conditionally removes the specified key based on value or hash digest comparison.", Syntax: "key [IFEQ value | IFNE value | IFDEQ digest | IFDNE digest]"},
		{Name: "delifeq", Arity: 3, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RM|Delete)}, Group: GroupString, Since: "9.0.0", Do: delifeq,
			Complexity: "O(1)", Summary: "Deletes the key if its value matches the given string.", Syntax: "key value"},
		{Name: "digest", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{keyAt(1, RO|Access)}, Group: GroupString, Since: "8.4.0", Do: digest,
			Complexity: "O(N) where N is the length of the string value.", Summary: "Returns the XXH3 hash of a string value.", Syntax: "key"},
	}
}

// valueCondition is one of IFEQ, IFNE, IFDEQ and IFDNE: that a string is, or is not, the one given, or has that digest or not.
type valueCondition struct {
	given, digest, equal bool
	operand              []byte
}

// is reads the name of a condition at argument i.
func (w *valueCondition) is(c *Ctx, i int) bool {
	switch {
	case c.Is(i, "ifeq"):
		w.equal = true
	case c.Is(i, "ifne"):
	case c.Is(i, "ifdeq"):
		w.digest, w.equal = true, true
	case c.Is(i, "ifdne"):
		w.digest = true
	default:
		return false
	}
	w.given = true
	return true
}

// take takes the operand, which for a digest must look like one.
func (w *valueCondition) take(operand []byte) error {
	if w.digest {
		var sum [xxh3.HexSize / 2]byte
		if n, err := hex.Decode(sum[:], operand[:min(len(operand), xxh3.HexSize)]); err != nil || n != len(sum) || len(operand) != xxh3.HexSize {
			return errDigest
		}
	}
	w.operand = operand
	return nil
}

// holds tells whether the condition is true of v; of an absent key (ok is false) only the negative ones are.
func (w *valueCondition) holds(v []byte, ok bool) bool {
	switch {
	case !ok:
		return !w.equal
	case w.digest:
		var text [xxh3.HexSize]byte
		return bytes.EqualFold(xxh3.AppendHex(text[:0], v), w.operand) == w.equal
	}
	return bytes.Equal(v, w.operand) == w.equal
}

const errDigest Error = "ERR must be exactly 16 hexadecimal characters"

// delex removes a key: a string with a condition only if that holds, without one any key.
func delex(c *Ctx) error {
	if len(c.Args) == 2 {
		replyFlag(c, deleteKey(c, c.Args[1]))
		return nil
	}
	if len(c.Args) != 4 {
		return WrongArity(c.Spec.Name)
	}
	var when valueCondition
	if !when.is(c, 2) {
		return ErrSyntax
	}
	if err := when.take(c.Args[3]); err != nil {
		return err
	}
	return deleteIf(c, when)
}

// delifeq is DELIFEQ key value, as in Valkey.
func delifeq(c *Ctx) error {
	return deleteIf(c, valueCondition{given: true, equal: true, operand: c.Args[2]})
}

// deleteIf removes the string at argument 1 if the condition holds.
func deleteIf(c *Ctx, when valueCondition) error {
	v, ok, err := c.DB.StringForUpdate(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	replyFlag(c, ok && when.holds(v, ok) && deleteKey(c, c.Args[1]))
	return nil
}

// digest replies the hash of a string that IFDEQ and IFDNE compare with. DIGEST key
func digest(c *Ctx) error {
	v, ok, err := c.DB.String(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	if !ok {
		c.Reply.Nil()
		return nil
	}
	var text [xxh3.HexSize]byte
	c.Reply.Bulk(xxh3.AppendHex(text[:0], v))
	return nil
}
