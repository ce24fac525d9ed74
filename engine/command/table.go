package command

import (
	"bytes"
	"fmt"
	"slices"
)

// Table finds commands by name. It is built once, from the families, and never changes but for Register and Unregister.
type Table struct {
	byName map[string]*Spec
	specs  []*Spec // by id
	free   []int   // ids of commands that were unregistered
	epoch  uint64  // counts Register and Unregister
}

// NewTable builds a table from the families and panics on a declaration that cannot be right.
func NewTable(families ...[]Spec) *Table {
	t := &Table{byName: map[string]*Spec{}}
	for _, f := range families {
		for i := range f {
			t.add(&f[i], nil)
		}
	}
	return t
}

func (t *Table) add(s, parent *Spec) {
	s.parent, s.full = parent, s.Name
	if parent != nil {
		s.full = parent.Name + "|" + s.Name
	}
	if s.Arity == 0 || s.Do == nil && len(s.Sub) == 0 || s.Group == "" || s.Summary == "" || s.Since == "" {
		panic("command: incomplete declaration of " + s.full)
	}
	reads, stores := false, false
	for _, k := range s.Keys {
		if k.KeyNum || k.Keyword != "" || k.Index == 0 {
			s.Flags |= MovableKeys
		}
		reads, stores = reads || k.Use&RO != 0, stores || k.Use&OW != 0
	}
	if reads && stores {
		s.Flags |= Derives
	}
	if n := len(t.free); n > 0 {
		s.id, t.free = t.free[n-1], t.free[:n-1]
		t.specs[s.id] = s
	} else {
		s.id = len(t.specs)
		t.specs = append(t.specs, s)
	}
	if parent == nil {
		if t.byName[s.Name] != nil {
			panic("command: " + s.Name + " is declared twice")
		}
		t.byName[s.Name] = s
	}
	if len(s.Sub) > 0 {
		s.sub = make(map[string]*Spec, len(s.Sub))
		for i := range s.Sub {
			if s.sub[s.Sub[i].Name] != nil {
				panic(fmt.Sprintf("command: %s|%s is declared twice", s.Name, s.Sub[i].Name))
			}
			t.add(&s.Sub[i], s)
			s.sub[s.Sub[i].Name] = &s.Sub[i]
		}
	}
}

// Register adds a command whose name is free: one that a function library brings. Its id may be that of an unregistered one.
func (t *Table) Register(s *Spec) {
	t.add(s, nil)
	t.epoch++
}

// Unregister removes a command that Register added.
func (t *Table) Unregister(name string) {
	s := t.byName[name]
	if s == nil || s.sub != nil {
		panic("command: unregister of " + name)
	}
	delete(t.byName, name)
	t.free = append(t.free, s.id)
	t.epoch++
}

// Epoch changes whenever a command comes or goes: what was looked up before must be looked up anew.
func (t *Table) Epoch() uint64 { return t.epoch }

const maxName = 64

// Lookup finds a command by its name in any case, or nil. It does not allocate.
func (t *Table) Lookup(name []byte) *Spec {
	var buf [maxName]byte
	if len(name) > maxName {
		return nil
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return t.byName[string(buf[:len(name)])]
}

// Resolve finds the command of a whole call: the subcommand, if the command is a container and it has that one. err is the reply for
// an unknown command or subcommand.
func (t *Table) Resolve(args [][]byte) (*Spec, error) {
	s := t.Lookup(args[0])
	if s == nil {
		return nil, UnknownCommand(args)
	}
	if s.sub == nil {
		return s, nil
	}
	if len(args) == 1 {
		if s.Do != nil {
			return s, nil
		}
		return nil, WrongArity(s.Name)
	}
	if sub := s.Lookup(args[1]); sub != nil {
		return sub, nil
	}
	return nil, UnknownSubcommand(s, args)
}

// Lookup finds a subcommand by its name in any case, or nil.
func (s *Spec) Lookup(name []byte) *Spec {
	var buf [maxName]byte
	if len(name) > maxName {
		return nil
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return s.sub[string(buf[:len(name)])]
}

// All returns every command and subcommand, by id.
func (t *Table) All() []*Spec {
	if len(t.free) == 0 {
		return t.specs
	}
	all := make([]*Spec, 0, len(t.specs))
	for id, s := range t.specs {
		if !slices.Contains(t.free, id) {
			all = append(all, s)
		}
	}
	return all
}

// Size returns one more than the highest id.
func (t *Table) Size() int { return len(t.specs) }

// Len returns the number of commands, subcommands not counted.
func (t *Table) Len() int { return len(t.byName) }

// UnknownCommand is the error for a name that is no command, with the beginning of its arguments.
func UnknownCommand(args [][]byte) Error {
	const limit = 128
	s := "ERR unknown command '" + clip(args[0], limit) + "', with args beginning with: "
	list := ""
	for _, a := range args[1:] {
		if len(list) >= limit {
			break
		}
		list += "'" + clip(a, limit-len(list)) + "' "
	}
	return Error(s + list)
}

// UnknownSubcommand is the error for a container's call with a name that is none of its subcommands.
func UnknownSubcommand(s *Spec, args [][]byte) Error {
	return Error("ERR unknown subcommand '" + clip(args[1], 128) + "'. Try " + upper(s.Name) + " HELP.")
}

// clip returns the first n bytes of an argument for an error message.
func clip(b []byte, n int) string { return text(b[:min(n, len(b))]) }

// text returns an argument for an error message: as C prints it, up to the first NUL.
func text(b []byte) string {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
