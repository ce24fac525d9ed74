package command

import (
	"sort"
	"strings"

	"github.com/evald/evald/engine/glob"
)

// Docs declares COMMAND, which describes the table it is part of.
func Docs() []Spec {
	const flags = Loading | Stale
	const order = "nondeterministic_output_order"
	g := GroupServer
	sub := func(name string, arity int, since string, do Handler, complexity, summary, syntax string, tips ...string) Spec {
		return Spec{Name: name, Arity: arity, Flags: flags, Group: g, Categories: "connection", Since: since, Do: do, Complexity: complexity, Summary: summary, Syntax: syntax, Tips: tips}
	}
	return []Spec{{Name: "command", Arity: -1, Flags: flags, Group: g, Categories: "connection", Since: "2.8.13", Do: func(c *Ctx) error { return commandInfo(c, nil) },
		Complexity: "O(N) where N is the total number of Redis commands", Summary: "Returns detailed information about all commands.", Tips: []string{order}, Sub: []Spec{
			sub("count", 2, "2.8.13", commandCount, "O(1)", "Returns a count of commands.", ""),
			sub("docs", -2, "7.0.0", commandDocs, "O(N) where N is the number of commands to look up", "Returns documentary information about one, multiple or all commands.", "[command-name [command-name ...]]", order),
			sub("getkeys", -3, "2.8.13", commandGetKeys, "O(N) where N is the number of arguments to the command", "Extracts the key names from an arbitrary command.", "command [arg [arg ...]]"),
			sub("getkeysandflags", -3, "7.0.0", commandGetKeys, "O(N) where N is the number of arguments to the command", "Extracts the key names and access flags for an arbitrary command.", "command [arg [arg ...]]"),
			sub("help", 2, "5.0.0", commandHelp, "O(1)", "Returns helpful text about the different subcommands.", ""),
			sub("info", -2, "2.8.13", func(c *Ctx) error { return commandInfo(c, c.Args[2:]) }, "O(N) where N is the number of commands to look up", "Returns information about one, multiple or all commands.", "[command-name [command-name ...]]", order),
			sub("list", -2, "7.0.0", commandList, "O(N) where N is the total number of Redis commands", "Returns a list of command names.", "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]", order),
		}}}
}

// Find finds a command or subcommand by its full name, "config|get", in any case, or nil.
func (t *Table) Find(name []byte) *Spec {
	for i, b := range name {
		if b == '|' {
			if s := t.Lookup(name[:i]); s != nil {
				return s.Lookup(name[i+1:])
			}
			return nil
		}
	}
	return t.Lookup(name)
}

// Commands returns the commands without subcommands, by name.
func (t *Table) Commands() []*Spec {
	var list []*Spec
	for _, s := range t.specs {
		if s.parent == nil {
			list = append(list, s)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

func commandCount(c *Ctx) error {
	c.Reply.Int(int64(c.Env.Table.Len()))
	return nil
}

func commandHelp(c *Ctx) error {
	lines := strings.Split(`COMMAND <subcommand> [<arg> [value] [opt] ...]. Subcommands are:
(no subcommand)
    Return details about all Redis commands.
COUNT
    Return the total number of commands in this Redis server.
LIST
    Return a list of all commands in this Redis server.
INFO [<command-name> ...]
    Return details about multiple Redis commands.
    If no command names are given, documentation details for all
    commands are returned.
DOCS [<command-name> ...]
    Return documentation details about multiple Redis commands.
    If no command names are given, documentation details for all
    commands are returned.
GETKEYS <full-command>
    Return the keys from a full Redis command.
GETKEYSANDFLAGS <full-command>
    Return the keys and the access flags from a full Redis command.
HELP
    Prints this help.`, "\n")
	c.Reply.Array(len(lines))
	for _, l := range lines {
		c.Reply.Status(l)
	}
	return nil
}

// commandInfo describes the named commands, or all if none is named.
func commandInfo(c *Ctx, names [][]byte) error {
	if len(names) == 0 {
		list := c.Env.Table.Commands()
		c.Reply.Array(len(list))
		for _, s := range list {
			s.info(c.Reply)
		}
		return nil
	}
	c.Reply.Array(len(names))
	for _, n := range names {
		if s := c.Env.Table.Find(n); s != nil {
			s.info(c.Reply)
		} else {
			c.Reply.Nil()
		}
	}
	return nil
}

func (s *Spec) info(r Reply) {
	r.Array(10)
	r.BulkString(s.full)
	r.Int(int64(s.Arity))
	statuses(r, s.FlagNames())
	first, last, step := s.LegacyKeys()
	r.Int(int64(first))
	r.Int(int64(last))
	r.Int(int64(step))
	var categories []string
	for i, n := range CategoryNames {
		if s.ACLCategories()&(1<<i) != 0 {
			categories = append(categories, "@"+n)
		}
	}
	statuses(r, categories)
	r.Array(len(s.Tips))
	for _, t := range s.Tips {
		r.BulkString(t)
	}
	r.Set(len(s.Keys))
	for i := range s.Keys {
		s.Keys[i].info(r)
	}
	r.Set(len(s.Sub))
	for i := range s.Sub {
		s.Sub[i].info(r)
	}
}

func statuses(r Reply, list []string) {
	r.Set(len(list))
	for _, s := range list {
		r.Status(s)
	}
}

func (k *KeySpec) info(r Reply) {
	if k.Notes == "" {
		r.Map(3)
	} else {
		r.Map(4)
		r.BulkString("notes")
		r.BulkString(k.Notes)
	}
	r.BulkString("flags")
	use := k.Use
	if k.Index == 0 && k.Keyword == "" {
		use &^= NotKey | Incomplete
	}
	statuses(r, use.KeyUseNames())
	r.BulkString("begin_search")
	r.Map(2)
	r.BulkString("type")
	if k.Index == 0 && k.Keyword == "" { // only the command itself can tell
		r.BulkString("unknown")
		pairs(r)
		r.BulkString("find_keys")
		r.Map(2)
		r.BulkString("type")
		r.BulkString("unknown")
		pairs(r)
		return
	}
	if k.Keyword != "" {
		r.BulkString("keyword")
		pairs(r, "keyword", k.Keyword, "startfrom", k.From)
	} else {
		r.BulkString("index")
		pairs(r, "index", k.Index)
	}
	r.BulkString("find_keys")
	r.Map(2)
	r.BulkString("type")
	if k.KeyNum {
		r.BulkString("keynum")
		pairs(r, "keynumidx", k.CountAt, "firstkey", k.First, "keystep", max(k.Step, 1))
	} else {
		r.BulkString("range")
		pairs(r, "lastkey", k.Last, "keystep", max(k.Step, 1), "limit", k.Limit)
	}
}

// pairs writes the field "spec" and a map of names to strings and ints.
func pairs(r Reply, list ...any) {
	r.BulkString("spec")
	r.Map(len(list) / 2)
	for _, v := range list {
		switch v := v.(type) {
		case string:
			r.BulkString(v)
		case int:
			r.Int(int64(v))
		}
	}
}

func commandList(c *Ctx) error {
	keep := func(*Spec) bool { return true }
	switch {
	case len(c.Args) == 2:
	case len(c.Args) != 5 || !c.Is(2, "filterby"):
		return ErrSyntax
	case c.Is(3, "module"):
		keep = func(*Spec) bool { return false }
	case c.Is(3, "aclcat"):
		category := Category(string(c.Args[4]))
		keep = func(s *Spec) bool { return s.ACLCategories()&category != 0 }
	case c.Is(3, "pattern"):
		keep = func(s *Spec) bool { return glob.MatchFold(c.Args[4], []byte(s.full)) }
	default:
		return ErrSyntax
	}
	mark, n := c.Reply.DeferArray(), 0
	for _, s := range c.Env.Table.All() {
		if keep(s) {
			c.Reply.BulkString(s.full)
			n++
		}
	}
	c.Reply.EndArray(mark, n)
	return nil
}

// commandGetKeys replies the keys of a whole call, for GETKEYSANDFLAGS with their uses.
func commandGetKeys(c *Ctx) error {
	args := c.Args[2:]
	s, err := c.Env.Table.Resolve(args)
	if err != nil {
		return Error("ERR Invalid command specified")
	}
	if len(s.Keys) == 0 {
		return Error("ERR The command has no key arguments")
	}
	if CheckArity(s, args) != nil {
		return Error("ERR Invalid number of arguments specified for command")
	}
	refs, ok := s.KeyRefs(nil, args)
	if !ok && s.Group != GroupScripting {
		return Error("ERR Invalid arguments specified for command")
	}
	n, all := 0, len(refs)
	for _, ref := range refs {
		if ref.Use&NotKey == 0 {
			refs[n] = ref
			n++
		}
	}
	if refs = refs[:n]; n == 0 && all > 0 {
		return Error("ERR The command has no key arguments")
	}
	c.Reply.Array(n)
	for _, ref := range refs {
		if c.Spec.Name == "getkeys" {
			c.Reply.Bulk(args[ref.Arg])
			continue
		}
		c.Reply.Array(2)
		c.Reply.Bulk(args[ref.Arg])
		statuses(c.Reply, (ref.Use &^ VariableFlags).KeyUseNames()) // they are known now
	}
	return nil
}

// commandDocs documents the named commands, or all if none is named; unknown names are left out.
func commandDocs(c *Ctx) error {
	list := c.Env.Table.Commands()
	if len(c.Args) > 2 {
		list = list[:0]
		for _, n := range c.Args[2:] {
			if s := c.Env.Table.Find(n); s != nil {
				list = append(list, s)
			}
		}
	}
	c.Reply.Map(len(list))
	for _, s := range list {
		s.docs(c.Reply)
	}
	return nil
}

func (s *Spec) docs(r Reply) {
	r.BulkString(s.full)
	mark, n := r.DeferMap(), 0
	field := func(name, text string) {
		if text != "" {
			r.BulkString(name)
			r.BulkString(text)
			n++
		}
	}
	field("summary", s.Summary)
	field("since", s.Since)
	field("group", string(s.Group))
	field("complexity", s.Complexity)
	if args := s.Arguments(); len(args) > 0 {
		r.BulkString("arguments")
		writeArguments(r, args)
		n++
	}
	if len(s.Sub) > 0 {
		r.BulkString("subcommands")
		r.Map(len(s.Sub))
		for i := range s.Sub {
			s.Sub[i].docs(r)
		}
		n++
	}
	r.EndMap(mark, n)
}

func writeArguments(r Reply, args []Argument) {
	r.Array(len(args))
	for i := range args {
		a := &args[i]
		mark, n := r.DeferMap(), 2
		r.BulkString("name")
		r.BulkString(a.Name)
		r.BulkString("type")
		r.BulkString(a.Type)
		if len(a.Args) == 0 {
			r.BulkString("display_text")
			r.BulkString(a.Name)
			n++
		}
		if a.Type == "key" {
			r.BulkString("key_spec_index")
			r.Int(int64(a.KeySpec))
			n++
		}
		if a.Token != "" {
			r.BulkString("token")
			r.BulkString(a.Token)
			n++
		}
		if flags := a.flags(); len(flags) > 0 {
			r.BulkString("flags")
			statuses(r, flags)
			n++
		}
		if len(a.Args) > 0 {
			r.BulkString("arguments")
			writeArguments(r, a.Args)
			n++
		}
		r.EndMap(mark, n)
	}
}
