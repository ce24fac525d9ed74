package diff

import (
	"strconv"

	"github.com/evald/evald/engine/command"
)

// Consumer groups. Calls drawn from the syntax seldom meet in a group, so these are drawn as a client would make them. The consumers of
// a group are made with it: since 7.2 a consumer that finds nothing to read is made too, and before it was not.

var (
	groupNames    = [...]string{"a", "b"}
	consumerNames = [...]string{"c1", "c2"}
)

// nextID returns an ID above all that it has given.
func (g *generator) nextID() string {
	g.serial += 1 + g.rng.IntN(3)
	switch g.rng.IntN(6) {
	case 0:
		return strconv.Itoa(g.serial) + "-*"
	case 1:
		return strconv.Itoa(g.serial)
	}
	return strconv.Itoa(g.serial) + "-" + strconv.Itoa(g.rng.IntN(3))
}

// knownID returns one of the newest IDs, which may be gone or never have been.
func (g *generator) knownID() string {
	if g.one(5) {
		return g.id()
	}
	return strconv.Itoa(g.serial-g.rng.IntN(12)) + "-" + strconv.Itoa(g.rng.IntN(2))
}

func (g *generator) knownIDs() (list []string) {
	for range 1 + g.rng.IntN(4) {
		list = append(list, g.knownID())
	}
	return list
}

// maybe returns the words once in n times.
func (g *generator) maybe(n int, words ...string) []string {
	if g.one(n) {
		return words
	}
	return nil
}

func call1(list ...[]string) (args []string) {
	for _, part := range list {
		args = append(args, part...)
	}
	return args
}

// makeGroup returns the commands that make a group and its consumers.
func (g *generator) makeGroup(key, group string) [][]string {
	list := [][]string{call1([]string{"XGROUP", "CREATE", key, group, g.pick("0", "$", g.knownID())}, g.maybe(2, "MKSTREAM"), g.maybe(4, "ENTRIESREAD", g.positive()))}
	for _, c := range consumerNames {
		list = append(list, []string{"XGROUP", "CREATECONSUMER", key, group, c})
	}
	return list
}

// groups returns the commands of one step with consumer groups.
func (g *generator) groups() [][]string {
	key, group, consumer := g.key(command.GroupStream), g.pick(groupNames[:]...), g.pick(consumerNames[:]...)
	one := func(parts ...[]string) [][]string { return [][]string{call1(parts...)} }
	words := func(w ...string) []string { return w }
	idle := g.pick("0", "0", "10000000")
	switch g.rng.IntN(20) {
	case 0, 1, 2, 3:
		return one(words("XADD", key), g.maybe(10, "NOMKSTREAM"), g.maybe(8, "MAXLEN", g.pick("=", "~"), g.positive()), g.maybe(12, "MINID", g.knownID()), words(g.nextID(), g.word(), g.text()))
	case 4, 5, 6, 7:
		return one(words("XREADGROUP", "GROUP", group, consumer), g.maybe(2, "COUNT", g.positive()), g.maybe(6, "NOACK"),
			words("STREAMS", key, g.pick(">", ">", ">", "0", g.knownID())))
	case 8:
		return one(words("XREADGROUP", "GROUP", group, consumer, "STREAMS", "x1", "x2"), words(g.pick(">", "0"), g.pick(">", "0")))
	case 9, 10:
		return one(words("XACK", key, group), g.knownIDs())
	case 11, 12:
		return one(words("XCLAIM", key, group, consumer, idle), g.knownIDs(), g.maybe(6, "IDLE", g.pick("0", "20000000")), g.maybe(6, "TIME", "1"),
			g.maybe(4, "RETRYCOUNT", g.positive()), g.maybe(5, "FORCE"), g.maybe(3, "JUSTID"), g.maybe(8, "LASTID", g.knownID()))
	case 13, 14:
		return one(words("XAUTOCLAIM", key, group, consumer, idle, g.pick("0", "-", g.knownID())), g.maybe(2, "COUNT", g.positive()), g.maybe(3, "JUSTID"))
	case 15:
		return one(words("XPENDING", key, group), g.maybe(2, "IDLE", idle, "-", "+", "10"))
	case 16:
		return one(words("XPENDING", key, group, g.pick("-", g.knownID()), g.pick("+", g.knownID()), g.positive()), g.maybe(2, consumer))
	case 17:
		return one(words("XINFO", g.pick("STREAM", "GROUPS"), key))
	case 18:
		return one(words("XDEL", key), g.knownIDs())
	}
	switch g.rng.IntN(4) {
	case 0:
		return append(one(words("XGROUP", "DESTROY", key, group)), g.makeGroup(key, group)...)
	case 1:
		return append(one(words("XGROUP", "DELCONSUMER", key, group, consumer)), words("XGROUP", "CREATECONSUMER", key, group, consumer))
	case 2:
		return one(words("XGROUP", "SETID", key, group, g.pick("0", "$", g.knownID())), g.maybe(3, "ENTRIESREAD", g.positive()))
	}
	return g.makeGroup(key, group)
}

// registers returns a command about the inside of a HyperLogLog.
func (g *generator) registers() []string {
	return []string{"PFDEBUG", g.pick("ENCODING", "DECODE", "DECODE", "GETREG", "TODENSE"), g.key(command.GroupHyperLogLog)}
}
