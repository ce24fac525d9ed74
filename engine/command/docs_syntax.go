package command

import (
	"slices"
	"strings"
)

// The argument tree of COMMAND DOCS, parsed from a declaration's Syntax: [a] is optional, <a | b> a choice, UPPER CASE words are
// typed as they are, and "a [a ...]" means one or more.

// Argument is one node of the tree.
type Argument struct {
	Name                              string
	Type                              string // string, integer, double, key, pattern, unix-time, pure-token, oneof or block
	Token                             string // word that comes before it, or that it is
	KeySpec                           int    // of a key: index in Spec.Keys
	Optional, Multiple, MultipleToken bool
	Args                              []Argument

	words []string // the source it was parsed from
}

func (a *Argument) flags() []string {
	var f []string
	if a.Optional {
		f = append(f, "optional")
	}
	if a.Multiple {
		f = append(f, "multiple")
	}
	if a.MultipleToken {
		f = append(f, "multiple_token")
	}
	return f
}

// Arguments parses the syntax.
func (s *Spec) Arguments() []Argument {
	if s.Syntax == "" {
		return nil
	}
	text := s.Syntax
	for _, c := range []string{"[", "]", "<", ">", "|"} {
		text = strings.ReplaceAll(text, c, " "+c+" ")
	}
	p := syntaxParser{words: strings.Fields(text), keys: len(s.Keys)}
	return p.choice("")
}

type syntaxParser struct {
	words []string
	at    int
	keys  int // number of key specifications
	next  int // of the next key argument
}

// choice parses up to the closing word: a sequence, or if '|' occurs one node with the alternatives.
func (p *syntaxParser) choice(end string) []Argument {
	alternatives := [][]Argument{p.sequence(end)}
	for p.at < len(p.words) && p.words[p.at] == "|" {
		p.at++
		alternatives = append(alternatives, p.sequence(end))
	}
	if p.at < len(p.words) {
		p.at++ // end
	}
	if len(alternatives) == 1 {
		return alternatives[0]
	}
	one := Argument{Type: "oneof"}
	for _, a := range alternatives {
		n := group(a)
		one.Args = append(one.Args, n)
		one.words = append(append(one.words, n.words...), "|")
	}
	one.Name = choiceName(one.Args)
	return []Argument{one}
}

// choiceName names a choice after what its alternatives are about.
func choiceName(args []Argument) string {
	names := make([]string, 0, len(args))
	for i := range args {
		names = append(names, args[i].Name)
	}
	has := func(n string) bool { return slices.Contains(names, n) }
	switch {
	case has("nx") || has("xx"):
		return "condition"
	case has("gt") && has("lt"):
		return "comparison"
	case has("seconds"):
		return "expiration"
	case has("asc"):
		return "order"
	case has("min") && has("max"):
		return "selector"
	case has("before"):
		return "where"
	case has("m"):
		return "unit"
	}
	return strings.Join(names, "-")
}

// group makes one node of a sequence.
func group(list []Argument) Argument {
	if len(list) == 1 {
		return list[0]
	}
	b := Argument{Type: "block", Args: list}
	var names []string
	for i := range list {
		b.words = append(b.words, list[i].words...)
		names = append(names, list[i].Name)
	}
	b.Name = strings.Join(names, "-")
	if len(list) == 0 {
		return b
	}
	if first := &b.Args[0]; first.Token != "" && !first.Optional {
		b.Name, b.Token = strings.ToLower(first.Token), first.Token
		if first.Type == "pure-token" {
			b.Args = b.Args[1:]
		} else {
			first.Token = ""
		}
	}
	return b
}

func (p *syntaxParser) sequence(end string) []Argument {
	var list []Argument
	for p.at < len(p.words) {
		switch w := p.words[p.at]; w {
		case end, "|":
			return list
		case "...":
			p.at++
		case "[":
			p.at++
			list = p.optional(list)
		case "<":
			p.at++
			list = attach(list, group(p.choice(">")))
		default:
			p.at++
			list = attach(list, p.word(w))
		}
	}
	return list
}

// optional parses [ ... ]: either the repetition of what came before, or something that may be left out.
func (p *syntaxParser) optional(list []Argument) []Argument {
	from := p.at
	if n, end := p.repetition(list); n > 0 {
		p.at = end
		last := group(slices.Clone(list[len(list)-n:]))
		last.Multiple = true
		last.MultipleToken = last.Token != "" && slices.Contains(p.words[from:end], last.Token)
		return append(list[:len(list)-n], last)
	}
	inner := group(p.choice("]"))
	inner.Optional = true
	return append(list, inner)
}

// repetition tells how many of the last nodes the brackets at p.at repeat, and where they end.
func (p *syntaxParser) repetition(list []Argument) (n, end int) {
	i := p.at
	for i < len(p.words) && p.words[i] != "..." && p.words[i] != "]" && p.words[i] != "[" {
		i++
	}
	if i+1 >= len(p.words) || p.words[i] != "..." || p.words[i+1] != "]" {
		return 0, 0
	}
	repeated := p.words[p.at:i]
	if len(repeated) == 0 { // "[...]" alone repeats all of them
		return len(list), i + 2
	}
	var words []string
	for n = 1; n <= len(list); n++ {
		words = append(slices.Clone(list[len(list)-n].words), words...)
		if slices.Equal(words, repeated) || len(words) > 0 && slices.Equal(words[1:], repeated) && list[len(list)-n].Token == words[0] {
			return n, i + 2
		}
	}
	return 0, 0
}

// attach appends a, which takes a word typed before it as its token.
func attach(list []Argument, a Argument) []Argument {
	if n := len(list); n > 0 && a.Type != "pure-token" && a.Token == "" {
		if last := &list[n-1]; last.Type == "pure-token" && !last.Optional && !last.Multiple {
			a.Token, a.words = last.Token, append([]string{last.Token}, a.words...)
			return append(list[:n-1], a)
		}
	}
	return append(list, a)
}

// word makes the node of one word.
func (p *syntaxParser) word(w string) Argument {
	if w == strings.ToUpper(w) && strings.ToLower(w) != w || w == "*" || w == "$" || w == "~" || w == "=" {
		return Argument{Name: strings.ToLower(w), Type: "pure-token", Token: w, words: []string{w}}
	}
	a := Argument{Name: w, Type: argumentType(w), words: []string{w}}
	if isKeyName(w) && p.next < p.keys {
		a.Type, a.KeySpec = "key", p.next
		p.next++
	}
	return a
}

func isKeyName(w string) bool {
	switch w {
	case "key", "key1", "key2", "newkey", "source", "destination", "destkey", "sourcekey", "shardchannel":
		return true
	}
	return false
}

func argumentType(w string) string {
	switch w {
	case "pattern":
		return "pattern"
	case "unix-time-seconds", "unix-time-milliseconds":
		return "unix-time"
	case "score", "min", "max", "longitude", "latitude", "radius", "width", "height", "timeout", "weight":
		return "double"
	case "count", "numkeys", "seconds", "milliseconds", "index", "start", "stop", "end", "offset", "decrement", "increment", "numfields", "cursor",
		"db", "destination-db", "ttl", "len", "limit", "maxlen", "rank", "bit", "threshold", "min-idle-time", "numreplicas", "numlocal", "client-id",
		"entries-added", "entries-read", "num-matches", "ms", "port", "bits", "version", "protover", "index1", "index2":
		return "integer"
	}
	return "string"
}
