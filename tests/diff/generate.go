package diff

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
)

// generator makes random commands from the declarations' syntax.
type generator struct {
	*values
	specs    []*command.Spec // what is called directly
	quiet    []*command.Spec // blocking commands too: what scripts and transactions may call
	writes   []*command.Spec // for Commands
	anything bool            // calls that cannot be compared with a real server too
	serial   int             // of the newest stream ID
}

func newGenerator(seed uint64) *generator {
	g := &generator{values: newValues(rand.New(rand.NewPCG(seed, 11))), serial: 1000}
	for _, s := range command.NewTable(command.Families()...).All() {
		if s.Do == nil || leftOut(s) {
			continue
		}
		g.quiet = append(g.quiet, s)
		if s.Flags&command.Blocking == 0 {
			g.specs = append(g.specs, s)
		}
	}
	return g
}

// setup are the commands that every round begins with: a key of every kind under the names of pools, and low limits, so that small
// values become big ones.
func (g *generator) setup() [][]string {
	list := [][]string{{"FLUSHALL"}, {"SELECT", "0"}}
	set := func(name, value string) { list = append(list, []string{"CONFIG", "SET", name, value}) }
	entries := g.pick("4", "16", "128")
	for _, name := range []string{"hash-max-listpack-entries", "zset-max-listpack-entries", "set-max-intset-entries"} {
		set(name, entries)
	}
	set("list-max-listpack-size", g.pick("-2", "4"))
	if g.one(2) {
		list = append(list, listening)
	} else {
		set("notify-keyspace-events", "")
	}
	for _, line := range []string{"MSET s1 hello s2 world s3 abc n1 10 n2 2.5 b1 abc b2 \x01\xff", "HSET h1 a 1 b 2 c 3", "HSET h2 foo bar", "RPUSH l1 a b c a 1 2 3", "RPUSH l2 x",
		"SADD t1 a b c d", "SADD t2 b c m1 m2", "SADD i1 1 2 3", "ZADD z1 1 a 2 b 3 c", "ZADD z2 1 a 5 e", "ZADD y1 0 a 0 b 0 foo", "XADD x1 1-1 a 1",
		"GEOADD g1 1.5 2.5 a 3.5 4.5 b 10.1 11.2 c", "GEOADD g2 5 5 a", "PFADD p1 a b c", "PFADD p2 c d e"} {
		list = append(list, strings.Split(line, " "))
	}
	for _, key := range []string{"x1", "x2"} {
		for _, group := range groupNames {
			list = append(list, []string{"XGROUP", "CREATE", key, group, "0", "MKSTREAM"})
			for _, c := range consumerNames {
				list = append(list, []string{"XGROUP", "CREATECONSUMER", key, group, c})
			}
		}
	}
	return list
}

// next returns the commands of one step: mostly one.
func (g *generator) next() [][]string {
	switch g.rng.IntN(44) {
	case 0, 1, 2:
		return [][]string{g.script()}
	case 3:
		list := [][]string{{"MULTI"}}
		for range 1 + g.rng.IntN(4) {
			args := g.command(g.quiet)
			for loose(args) {
				args = g.command(g.quiet)
			}
			list = append(list, args)
		}
		return append(list, []string{g.pick("EXEC", "EXEC", "EXEC", "DISCARD")})
	case 4:
		return g.random()
	case 5:
		return [][]string{{"ZADD", "y1", "0", g.member(), "0", g.member()}}
	case 6, 7, 8:
		list := g.groups()
		for !fit(list[0]) {
			list = g.groups()
		}
		return list
	case 9:
		return [][]string{g.registers()}
	}
	return [][]string{g.command(g.specs)}
}

// random draws random members of keys made for it: their replies are only compared loosely, and the keys go.
func (g *generator) random() [][]string {
	var list [][]string
	n := strconv.Itoa(g.rng.IntN(6) - 2)
	switch g.rng.IntN(4) {
	case 0:
		list = [][]string{{"SADD", "rnd", "a", "b", "c"}, {"SRANDMEMBER", "rnd", n}, {"SPOP", "rnd", n}, {"SCARD", "rnd"}, {"SPOP", "rnd"}}
	case 1:
		list = [][]string{{"SADD", "rnd", "1", "2", "3"}, {"SRANDMEMBER", "rnd"}, {"SPOP", "rnd", "10"}, {"EXISTS", "rnd"}}
	case 2:
		list = [][]string{{"HSET", "rnd", "a", "1", "b", "2"}, {"HRANDFIELD", "rnd", n}, {"HRANDFIELD", "rnd", n, "WITHVALUES"}}
	default:
		list = [][]string{{"ZADD", "rnd", "1", "a", "2", "b"}, {"ZRANDMEMBER", "rnd", n}, {"ZRANDMEMBER", "rnd", n, "WITHSCORES"}}
	}
	return append(list, []string{"DEL", "rnd"})
}

// command returns one random call of one of the specs, valid or not.
func (g *generator) command(specs []*command.Spec) []string {
	for {
		s := specs[g.rng.IntN(len(specs))]
		if (s.Name == "flushall" || s.Name == "flushdb" || s.Name == "swapdb") && !g.one(20) {
			continue
		}
		c := call{g: g, spec: s}
		if s.Parent() != nil {
			c.args = append(c.args, s.Parent().Name)
		}
		c.args = append(c.args, s.Name)
		c.sequence(s.Arguments())
		args := c.args
		if g.one(8) {
			args = g.spoil(args)
		}
		if strings.HasSuffix(s.Name, "bylex") || s.Name == "zlexcount" || slices.Contains(args, "BYLEX") {
			for i, a := range args {
				if strings.HasPrefix(a, "z") && len(a) == 2 {
					args[i] = "y1" // all scores are 0
				}
			}
		}
		if strings.HasSuffix(strings.ToLower(args[0]), "scan") && !slices.Contains(args, "COUNT") {
			args = append(args, "COUNT", "100000")
		}
		if g.one(10) {
			args[0] = strings.ToUpper(args[0])
		}
		if g.anything && !huge(args) || !g.anything && fit(args) {
			return args
		}
	}
}

// call is one call in the making.
type call struct {
	g    *generator
	spec *command.Spec
	args []string
	keys int // how many keys the last list of them had
	want int // keys that numkeys has announced and that are to come
}

func (c *call) sequence(list []command.Argument) {
	for i := range list {
		a := &list[i]
		if newWord(a.Token) || a.Optional && !c.g.one(3) {
			continue
		}
		c.argument(a)
	}
}

func (c *call) argument(a *command.Argument) {
	n := 1
	switch {
	case a.Type == "key" && c.want > 0:
		n, c.want = c.want, 0
	case a.Multiple && (a.Name == "weight" || a.Name == "id" && c.spec.Group == command.GroupStream && c.keys > 0):
		n = c.keys
	case a.Multiple:
		n = 1 + c.g.rng.IntN(3)
	}
	if a.Type == "key" {
		c.keys = n
	}
	for i := range n {
		if a.Token != "" && a.Type != "pure-token" && (i == 0 || a.MultipleToken) {
			c.args = append(c.args, a.Token)
		}
		switch a.Type {
		case "pure-token":
			c.args = append(c.args, a.Token)
		case "oneof":
			if choices := slices.DeleteFunc(slices.Clone(a.Args), func(x command.Argument) bool { return newWord(x.Token) }); len(choices) > 0 {
				c.argument(&choices[c.g.rng.IntN(len(choices))])
			}
		case "block":
			c.sequence(a.Args)
		default:
			c.value(a)
		}
	}
}

func (c *call) value(a *command.Argument) {
	if a.Name == "numkeys" {
		c.want = 1 + c.g.rng.IntN(3)
		c.args = append(c.args, strconv.Itoa(c.want))
		return
	}
	g := c.spec.Group
	if c.spec.Name == "sort" || c.spec.Name == "sort_ro" {
		g = []command.Group{command.GroupList, command.GroupSet, command.GroupSortedSet}[c.g.rng.IntN(3)]
	}
	if a.Name == "pattern" && g != command.GroupGeneric && c.spec.Group == command.GroupGeneric {
		c.args = append(c.args, c.g.pick("h1->*", "*", "w_*", "s*", "#"))
		return
	}
	if strings.Contains(c.spec.Name, "lex") && (a.Name == "min" || a.Name == "max") {
		c.args = append(c.args, c.g.lex())
		return
	}
	if c.spec.Name == "xadd" && a.Name == "id" && c.g.serial > 0 && !c.g.one(4) {
		c.args = append(c.args, c.g.nextID())
		return
	}
	c.args = append(c.args, c.g.argument(g, a))
}

// spoil makes a call that is probably wrong.
func (g *generator) spoil(args []string) []string {
	args = slices.Clone(args)
	i := g.rng.IntN(len(args))
	junk := g.pick("", "x", "-1", "1.5", "nan", "99999999999999999999", "0", " 1", "LIMIT", "COUNT", "(", "[", "\x00", "-", "+inf")
	switch g.rng.IntN(6) {
	case 0:
		args = args[:max(1, len(args)-1)]
	case 1:
		args = append(args, junk)
	case 2:
		args = slices.Insert(args, i, args[i])
	case 3:
		if len(args) > 1 {
			j := 1 + g.rng.IntN(len(args)-1)
			i = 1 + g.rng.IntN(len(args)-1)
			args[i], args[j] = args[j], args[i]
		}
	default:
		if i > 0 {
			args[i] = junk
		}
	}
	return args
}

// script returns an EVAL of a few commands.
func (g *generator) script() []string {
	var b strings.Builder
	n := 1 + g.rng.IntN(3)
	b.WriteString("local r = {} ")
	for i := range n {
		args := g.command(g.quiet)
		for loose(args) || blocks(args) {
			args = g.command(g.quiet)
		}
		fmt.Fprintf(&b, "r[%d] = redis.%s(", i+1, g.pick("call", "pcall", "pcall", "pcall"))
		for j, a := range args {
			if j > 0 {
				b.WriteString(", ")
			}
			b.WriteString(luaString(a))
		}
		b.WriteString(") ")
	}
	b.WriteString(g.pick("return r", "return r", "return {#r, r}", "return r[1]"))
	return []string{"EVAL", b.String(), "0"}
}

func luaString(s string) string {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > -1000 && n < 1000 && strconv.FormatInt(n, 10) == s {
		return s // as a number
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c <= '~' && c != '"' && c != '\\' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "\\%03d", c)
		}
	}
	return b.String() + `"`
}
