package command

func objectSubcommands() []Spec {
	sub := func(name, since, summary string, do Handler) Spec {
		return Spec{Name: name, Arity: 3, Flags: ReadOnly, Keys: []KeySpec{keyAt(2, RO)}, Group: GroupGeneric, Since: since, Complexity: "O(1)",
			Summary: summary, Syntax: "key", Tips: []string{"nondeterministic_output"}, Do: do}
	}
	return []Spec{
		sub("encoding", "2.2.3", "Returns the internal encoding of a Redis object.", objectEncoding),
		sub("freq", "4.0.0", "Returns the logarithmic access frequency counter of a Redis object.", objectFreq),
		sub("idletime", "2.2.3", "Returns the time since the last access to a Redis object.", objectIdletime),
		sub("refcount", "2.2.3", "Returns the reference count of a value of a key.", objectRefcount),
		{Name: "help", Arity: 2, Flags: Loading | Stale, Group: GroupGeneric, Since: "6.2.0", Complexity: "O(1)", Summary: "Returns helpful text about the different subcommands.", Do: objectHelp},
	}
}

func objectEncoding(c *Ctx) error {
	in, ok := c.DB.Inspect(c.Args[2])
	if !ok {
		c.Reply.Nil()
		return nil
	}
	c.Reply.BulkString(in.Encoding)
	return nil
}

func objectFreq(c *Ctx) error {
	in, ok := c.DB.Inspect(c.Args[2])
	switch {
	case !ok:
		c.Reply.Nil()
	case !c.KS.Access().LFU:
		return Error("ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.")
	default:
		c.Reply.Int(int64(in.Freq))
	}
	return nil
}

func objectIdletime(c *Ctx) error {
	in, ok := c.DB.Inspect(c.Args[2])
	switch {
	case !ok:
		c.Reply.Nil()
	case c.KS.Access().LFU:
		return Error("ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.")
	default:
		c.Reply.Int(in.Idle)
	}
	return nil
}

// objectRefcount replies 1 for every key: nothing is shared here. Redis gives 2147483647 for its shared small integers.
func objectRefcount(c *Ctx) error {
	if _, ok := c.DB.Inspect(c.Args[2]); !ok {
		c.Reply.Nil()
		return nil
	}
	c.Reply.Int(1)
	return nil
}

func objectHelp(c *Ctx) error {
	Help(c, "OBJECT",
		"ENCODING <key>", "    Return the kind of internal representation used in order to store the value", "    associated with a <key>.",
		"FREQ <key>", "    Return the access frequency index of the <key>. The returned integer is", "    proportional to the logarithm of the recent access frequency of the key.",
		"IDLETIME <key>", "    Return the idle time of the <key>, that is the approximated number of", "    seconds elapsed since the last access to the key.",
		"REFCOUNT <key>", "    Return the number of references of the value associated with the specified", "    <key>.")
	return nil
}

// Help replies the HELP of a container: its name, the given lines, and HELP itself.
func Help(c *Ctx, name string, lines ...string) {
	c.Reply.Array(len(lines) + 3)
	c.Reply.Status(name + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, l := range lines {
		c.Reply.Status(l)
	}
	c.Reply.Status("HELP")
	c.Reply.Status("    Prints this help.")
}
