package diff

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
)

// Values for the arguments of commands, by the argument's name in the command's syntax. Pools are small, so that commands meet.

// pools are the keys that commands of a group mostly use; each begins to live with the type that the group gives it.
func pools() map[command.Group][]string {
	return map[command.Group][]string{
		command.GroupString:      {"s1", "s2", "s3", "n1", "n2"},
		command.GroupBitmap:      {"b1", "b2", "s1"},
		command.GroupHash:        {"h1", "h2", "h3"},
		command.GroupList:        {"l1", "l2", "l3"},
		command.GroupSet:         {"t1", "t2", "t3", "i1"},
		command.GroupSortedSet:   {"z1", "z2", "z3"},
		command.GroupStream:      {"x1", "x2"},
		command.GroupGeo:         {"g1", "g2"},
		command.GroupHyperLogLog: {"p1", "p2"},
	}
}

const absent = "nokey"

type values struct {
	rng  *rand.Rand
	keys map[command.Group][]string
	all  []string
	soon bool // times to live are short
}

func newValues(rng *rand.Rand) *values {
	v := &values{rng: rng, keys: pools()}
	for _, g := range []command.Group{command.GroupString, command.GroupBitmap, command.GroupHash, command.GroupList, command.GroupSet,
		command.GroupSortedSet, command.GroupStream, command.GroupGeo, command.GroupHyperLogLog} {
		v.all = append(v.all, v.keys[g]...)
	}
	return v
}

func (v *values) pick(list ...string) string { return list[v.rng.IntN(len(list))] }

// one tells true once in n times.
func (v *values) one(n int) bool { return v.rng.IntN(n) == 0 }

func (v *values) key(g command.Group) string {
	switch pool := v.keys[g]; {
	case v.one(40):
		return absent
	case len(pool) == 0 || v.one(10):
		return v.pick(v.all...)
	default:
		return v.pick(pool...)
	}
}

// number returns an integer near the sizes of things here, now and then an extreme one.
func (v *values) number() string {
	if v.one(12) {
		return v.pick("9223372036854775807", "-9223372036854775808", "-9223372036854775807", "2147483648", "4294967296", "1000000", "-1000")
	}
	return strconv.Itoa(v.rng.IntN(24) - 8)
}

func (v *values) positive() string {
	if v.one(15) {
		return v.number()
	}
	return strconv.Itoa(v.rng.IntN(8) + 1)
}

func (v *values) float() string {
	switch v.rng.IntN(10) {
	case 0:
		return v.pick("inf", "-inf", "+inf", "1e10", "-1e-5", "0x10", "3.0e2", "1e300", "-0", "0.1", ".5", "1.")
	case 1, 2, 3:
		return fmt.Sprintf("%.*f", 1+v.rng.IntN(4), v.rng.Float64()*20-10)
	}
	return strconv.Itoa(v.rng.IntN(12) - 3)
}

// text returns a value: small words, numbers, binary, long ones, the empty one.
func (v *values) text() string {
	switch v.rng.IntN(12) {
	case 0:
		return v.pick("", "\x00\xff\r\n", "a b", "12345678901234567890", "-0", "01", "1.5", "3.14159", "9223372036854775807", "-9223372036854775808", "*", "\"q'")
	case 1:
		return strings.Repeat(v.pick("x", "7", "ab"), 20+v.rng.IntN(60))
	case 2, 3, 4:
		return v.number()
	}
	return v.word()
}

// word returns one of a few names, for fields, members and elements.
func (v *values) word() string {
	return v.pick("a", "b", "c", "d", "e", "f", "aa", "ab", "foo", "bar", "1", "2", "3", "10", "-5", "1.5", "")
}

// member is a word, or one of so many names that a collection outgrows its small encoding.
func (v *values) member() string {
	if v.one(3) {
		return "m" + strconv.Itoa(v.rng.IntN(300))
	}
	if v.one(40) {
		return strings.Repeat("long", 17+v.rng.IntN(3))
	}
	return v.word()
}

func (v *values) id() string {
	return v.pick("0", "1", "1-1", "2-0", "3", "5-3", "10", "-", "+", "$", ">", "*", "7-*", "(2-0", "100-1", "0-0", "18446744073709551615-18446744073709551615")
}

func (v *values) lex() string {
	switch v.rng.IntN(6) {
	case 0:
		return "-"
	case 1:
		return "+"
	}
	return v.pick("[", "(") + v.word()
}

func (v *values) pattern() string {
	return v.pick("*", "?", "a*", "*1", "[a-c]*", "m1*", "\\a", "h?", "[^a]*", "*o*", "")
}

// argument returns a value for an argument of a command of group g.
func (v *values) argument(g command.Group, a *command.Argument) string {
	switch a.Name {
	case "field", "member", "element", "pivot", "group", "consumer", "lastid":
		return v.member()
	case "value", "key-value", "string":
		return v.text()
	case "score", "weight", "lon", "lat", "increment", "decrement", "longitude", "latitude", "radius", "width", "height":
		return v.measure(g, a.Name)
	case "start", "stop", "end", "index", "offset", "rank", "count", "limit", "len", "num-matches", "numlocal", "min-match-len", "threshold", "max":
		return v.place(g, a.Name)
	case "min":
		return v.rangeEnd()
	case "seconds", "milliseconds":
		if v.soon {
			return v.pick("1", "2", "5", "50", "500", "100000", "-1", "0")
		}
		return v.pick("1000000", "5000000", "99999", "-1", "0", "9223372036854775807", "100000000")
	case "unix-time-seconds", "unix-time-milliseconds":
		return v.pick("33177117420", "33177117420000", "33177117421000", "1", "0", "9223372036854775807")
	case "id", "entry-id", "last-delivered-id", "last-id", "max-deleted-id":
		return v.id()
	case "cursor":
		return v.pick("0", "0", "0", "0", "x")
	case "pattern":
		return v.pattern()
	case "type":
		return v.pick("string", "list", "hash", "set", "zset", "stream", "nothing")
	case "timeout":
		return v.pick("0", "1", "0.01", "-1", "x")
	case "bit":
		return v.pick("0", "1", "1", "0", "2")
	case "encoding":
		return v.pick("u8", "i8", "u1", "i16", "u63", "i64", "u64", "i5")
	case "db", "destination-db", "index1", "index2":
		return v.pick("0", "1", "2", "0", "1", "16", "-1")
	case "unit":
		return v.pick("m", "km", "ft", "mi")
	}
	switch a.Type {
	case "integer":
		return v.positive()
	case "double":
		return v.float()
	case "key":
		return v.key(g)
	}
	return v.text()
}

func (v *values) measure(g command.Group, name string) string {
	switch {
	case g == command.GroupGeo && (name == "longitude" || name == "latitude"):
		return fmt.Sprintf("%.4f", v.rng.Float64()*20)
	case g == command.GroupGeo:
		return strconv.Itoa(v.rng.IntN(2000))
	case name == "increment" && g != command.GroupSortedSet && !v.one(3):
		return v.number()
	}
	return v.float()
}

func (v *values) place(g command.Group, name string) string {
	switch {
	case name == "offset" && g == command.GroupBitmap:
		return v.pick("0", "1", "7", "8", "15", "#1", "#2", "100", "-1", "4294967296")
	case name == "offset" && g == command.GroupString:
		return v.pick("0", "1", "5", "20", "-1")
	case (name == "start" || name == "end") && g == command.GroupStream:
		return v.id()
	case (name == "start" || name == "stop" || name == "max") && g == command.GroupSortedSet && v.one(2):
		return v.rangeEnd()
	case name == "count" || name == "limit":
		return v.positive()
	}
	return v.number()
}

// rangeEnd is an end of a range of scores, of members, or of ranks.
func (v *values) rangeEnd() string {
	switch v.rng.IntN(4) {
	case 0:
		return v.pick("-inf", "+inf")
	case 1:
		return "(" + v.float()
	}
	return v.float()
}
