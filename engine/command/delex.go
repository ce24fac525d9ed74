package command

import "bytes"

// conditionalDeletes are the commands that replace the script of a lock's release.
func conditionalDeletes() []Spec {
	return []Spec{
		{Name: "delex", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RW|Delete|VariableFlags)}, Group: GroupString, Since: "8.4.0", Do: delex,
			Complexity: "O(1) for IFEQ/IFNE", Summary: "Conditionally removes the specified key based on value comparison.", Syntax: "key [IFEQ value | IFNE value]"},
		{Name: "delifeq", Arity: 3, Flags: Write | Fast, Keys: []KeySpec{keyAt(1, RM|Delete)}, Group: GroupString, Since: "9.0.0", Do: delifeq,
			Complexity: "O(1)", Summary: "Deletes the key if its value matches the given string.", Syntax: "key value"},
	}
}

// delex removes a key: a string with IFEQ or IFNE only if its value is, or is not, the one given; without them any key. The digests
// of IFDEQ and IFDNE are not known here.
func delex(c *Ctx) error {
	switch len(c.Args) {
	case 2:
		replyFlag(c, deleteKey(c, c.Args[1]))
		return nil
	case 4:
	default:
		return WrongArity(c.Spec.Name)
	}
	switch {
	case c.Is(2, "ifeq"):
		return deleteIf(c, c.Args[3], true)
	case c.Is(2, "ifne"):
		return deleteIf(c, c.Args[3], false)
	}
	return ErrSyntax
}

// delifeq is DELIFEQ key value, as in Valkey.
func delifeq(c *Ctx) error { return deleteIf(c, c.Args[2], true) }

// deleteIf removes the string at argument 1 if its value equals val, or if it differs.
func deleteIf(c *Ctx, val []byte, equal bool) error {
	v, ok, err := c.DB.StringForUpdate(c.Args[1], c.scratch[:])
	if err != nil {
		return err
	}
	replyFlag(c, ok && bytes.Equal(v, val) == equal && deleteKey(c, c.Args[1]))
	return nil
}
