package diff

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/evald/evald/engine/command"
	"github.com/evald/evald/internal/corpus"
	"github.com/evald/evald/internal/reply"
)

// What is not compared, or not byte for byte, and why. Everything else must be equal. The server compared with is 7.0.15; the level of
// compatibility is 7.4.

// leftOut are commands that are not generated.
func leftOut(s *command.Spec) bool {
	switch s.FullName() {
	case "spop", "srandmember", "hrandfield", "zrandmember", "randomkey": // random: see generator.random
		return true
	case "object|idletime", "object|freq", "object|refcount", "object|help", "xgroup|help", "xinfo|help": // clocks and dice, sharing of small integers, texts
		return true
	case "dump", "restore", "restore-asking": // the payload's encoding follows the version
		return true
	case "pfselftest": // takes seconds
		return true
	case "xinfo|consumers": // fields differ by version; the corpus has them
		return true
	case "pfdebug", "xinfo|stream", "xinfo|groups", "xpending", "xclaim", "xautoclaim", "xreadgroup", "xgroup|create", "xgroup|destroy",
		"xgroup|createconsumer", "xgroup|delconsumer": // see generator.groups and generator.registers
		return true
	}
	if p := s.Parent(); p != nil && (p.Name == "memory" || p.Name == "debug") { // about the server's own inside
		return true
	}
	return s.Since > "7.0.99" || s.Flags&command.Internal != 0
}

// newWord tells options that 7.0.15 does not know.
func newWord(token string) bool {
	switch token {
	case "IFEQ", "IFNE", "IFDEQ", "IFDNE", "WITHSCORE", "NOVALUES":
		return true
	}
	return false
}

// fit tells whether a call can be compared.
func fit(args []string) bool {
	name := strings.ToLower(args[0])
	for i, a := range args {
		low := strings.ToLower(a)
		n, err := strconv.ParseInt(a, 10, 64)
		switch {
		case low == "withscore" || low == "novalues" || strings.HasPrefix(low, "if") && newWord(strings.ToUpper(low)):
			return false
		case name == "xadd" && a == "*":
			return false // the clock
		case strings.HasPrefix(name, "xread") && a == "+":
			return false // the last entry, since 7.4
		case strings.HasPrefix(name, "sort") && low == "by" && slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "alpha") }):
			return false // equal weights are left in the order of the table
		case (low == "bylex" || strings.HasSuffix(name, "bylex") || name == "zlexcount") && !slices.Contains(args[:min(3, len(args))], "y1"):
			return false // with scores that differ the result depends on the encoding and on dice
		case strings.HasPrefix(name, "sort") && i == 1 && strings.ContainsAny(a[:min(1, len(a))], "zg"):
			return false // 7.0 turns a small sorted set into a big one
		case (name == "zrank" || name == "zrevrank") && i == 3:
			return false // WITHSCORE is new, and with it the arity
		case strings.HasPrefix(name, "sort") && low == "by" && i+1 < len(args) && !strings.Contains(args[i+1], "*"):
			return false // leaves sets in the order of the table
		case name == "hscan" || name == "sscan" || name == "zscan" || name == "scan":
			if low == "count" && i+1 < len(args) {
				args[i+1] = "100000" // in one step, order apart
			}
			if low == "count" && (i+1 == len(args) || strings.EqualFold(args[i-1], "match") || strings.EqualFold(args[i-1], "type")) {
				return false // no count
			}
			if i == len(name)/5+1 && a != "0" && a != "x" && a != "1.5" {
				return false // a cursor means another place; and 7.0 takes "" for 0 and -1 for 2^64-1
			}
		case name == "set" && low == "pxat" && i+1 < len(args) && len(args[i+1]) < 14:
			return false // is in the past, and the key counts until it is found
		case expires(name) && err == nil && n > 0 && n < 90000:
			return false // could expire between the two servers
		case (name == "setrange" || name == "setbit" || name == "bitfield") && err == nil && n > 100000:
			return false // strings of half a gigabyte
		case name == "lpos" && low == "rank" && i+1 < len(args) && args[i+1] == "-9223372036854775808":
			return false // refused since 7.2
		case low == "storedist":
			return false // sines and cosines of Go and C differ in the last bits
		case (name == "expire" || name == "pexpire") && (low == "gt" || low == "lt"):
			return false // from now: a millisecond decides
		case name == "xsetid":
			return false // minds the greatest deleted ID since 7.2
		case (name[0] == 'b' || strings.HasPrefix(name, "xread")) && (low == "inf" || low == "+inf" || low == "1e300" || len(a) >= 18 && a[0] == '9'):
			return false // a timeout out of range has another text since 7.2
		}
	}
	// Without COUNT the steps of a scan differ.
	return !strings.HasSuffix(name, "scan") || slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "count") })
}

// expires tells commands whose numbers may be times to live.
func expires(name string) bool {
	switch name {
	case "expire", "pexpire", "setex", "psetex", "set", "getex":
		return true
	}
	return false
}

// loose tells commands whose replies same compares by their names: scripts and transactions, compared whole, do without them.
func loose(args []string) bool {
	switch strings.ToLower(args[0]) {
	case "ttl", "pttl", "expiretime", "pexpiretime", "bitcount", "bitpos":
		return true
	}
	return false
}

// blocks tells commands that scripts do without, because 7.0 refuses them there.
func blocks(args []string) bool {
	switch strings.ToLower(args[0]) {
	case "blpop", "brpop", "blmove", "blmpop", "brpoplpush", "bzpopmin", "bzpopmax", "bzmpop":
		return true
	}
	return slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, "block") })
}

// unordered tells commands whose replies have elements in the order of a hash table, and how many elements belong together.
func unordered(args []string) int {
	switch strings.ToLower(args[0]) {
	case "hgetall", "hscan", "zscan":
		return 2
	case "hkeys", "hvals", "smembers", "sinter", "sunion", "sdiff", "keys", "scan", "sscan", "geosearch", "georadius", "georadius_ro", "georadiusbymember", "georadiusbymember_ro":
		return 1
	}
	return 0
}

// same compares the replies to one command.
func same(args []string, a, b reply.Value) bool {
	name := strings.ToLower(args[0])
	a, b = corpus.Normal(a), corpus.Normal(b)
	if step := unordered(args); step > 0 {
		a, b = corpus.Arrange(a, step), corpus.Arrange(b, step)
	}
	switch {
	case equal(a, b), name == "hello": // which names the version
		return true
	case (name == "bitcount" || name == "bitpos") && b.Kind == '-' && strings.HasPrefix(b.Text, "ERR"):
		return true // since 7.2 wrong arguments are looked at before the key
	case a.Kind == '-' && b.Kind == '-':
		return sameError(a.Text, b.Text)
	case name == "ttl" || name == "pttl" || name == "expiretime" || name == "pexpiretime":
		return near(a, b)
	case name == "pfdebug" && strings.HasPrefix(b.Text, "INVALIDOBJ"): // of an opcode that is cut off Redis reads the byte behind it
		return true
	case name == "xinfo" && len(a.Elems) == 20 && len(b.Elems) == 20:
		return sameStream(a.Elems, b.Elems)
	case name == "xpending" && len(args) > 3: // the third of each is how long it has been idle
		return slices.EqualFunc(a.Elems, b.Elems, func(a, b reply.Value) bool {
			return len(a.Elems) == 4 && len(b.Elems) == 4 && equal(a.Elems[0], b.Elems[0]) && equal(a.Elems[1], b.Elems[1]) && equal(a.Elems[3], b.Elems[3])
		})
	case len(args) > 1 && args[1] == "rnd": // random members
		return a.Kind == b.Kind && len(a.Elems) == len(b.Elems)
	case name == "object" && len(args) > 1 && strings.EqualFold(args[1], "encoding"):
		return sameEncoding(a.Text, b.Text)
	case name == "eval" || name == "exec" || strings.HasPrefix(name, "sort"): // SORT ALPHA takes texts that differ after a NUL for equal
		return slices.EqualFunc(leaves(nil, a), leaves(nil, b), sameText)
	}
	return false
}

// sameStream compares replies of XINFO STREAM: Redis keeps a node of which XTRIM MINID has deleted every entry, if the node ended with
// deleted ones, and so may have more keys and nodes.
func sameStream(a, b []reply.Value) bool {
	const keys, nodes = 3, 5 // the places of radix-tree-keys and radix-tree-nodes
	for i := range a {
		if !equal(a[i], b[i]) && i != keys && i != nodes {
			return false
		}
	}
	x, err1 := strconv.Atoi(a[keys].Text)
	y, err2 := strconv.Atoi(b[keys].Text)
	return err1 == nil && err2 == nil && x > y
}

// equal compares replies element by element.
func equal(a, b reply.Value) bool {
	if a.Kind != b.Kind || a.Null != b.Null || !sameText(a.Text, b.Text) {
		return false
	}
	return slices.EqualFunc(a.Elems, b.Elems, equal)
}

// sameText compares texts, and those of floats as numbers: 7.0 prints 17 digits.
func sameText(a, b string) bool {
	if a == b {
		return true
	}
	f, err1 := strconv.ParseFloat(number(a), 64)
	g, err2 := strconv.ParseFloat(number(b), 64)
	switch {
	case err1 != nil || err2 != nil:
		return false
	case strings.Contains(a, ".") || strings.Contains(b, "."):
		return f == g
	}
	return f == g && math.Abs(f) > 1<<53 && len(a) >= 17
}

// number strips what printing a reply puts around it.
func number(s string) string { return strings.Trim(strings.TrimPrefix(s, "(double) "), `"`) }

// leaves lists what is in a reply of scripts and transactions, sorted: some of it may be in the order of a hash table.
func leaves(list []string, v reply.Value) []string {
	if !v.IsAggregate() {
		text := v.String()
		if v.Kind == '-' {
			text = "(error) " + plainError(v.Text)
		}
		if v.Kind == '$' && encodings(v.Text) {
			text = "(encoding)"
		}
		return append(list, text)
	}
	for _, e := range v.Elems {
		list = leaves(list, e)
	}
	slices.Sort(list)
	return list
}

// near compares times: the servers' clocks are the same, but they run a command one after the other.
func near(a, b reply.Value) bool {
	x, err1 := strconv.ParseInt(a.Text, 10, 64)
	y, err2 := strconv.ParseInt(b.Text, 10, 64)
	return err1 == nil && err2 == nil && x > 0 && y > 0 && max(x-y, y-x) <= 5000
}

// sameEncoding: since 7.2 small sets and lists are listpacks, and SORT of a small sorted set, which makes it a big one in Redis, changes
// nothing here. The corpus has the encodings.
func sameEncoding(redis, own string) bool {
	return own == "listpack" && encodings(redis)
}

func encodings(s string) bool {
	return s == "listpack" || s == "hashtable" || s == "quicklist" || s == "skiplist"
}

// sameError compares error texts that newer versions have changed.
func sameError(redis, own string) bool { return plainError(redis) == plainError(own) }

func plainError(s string) string {
	// 7.4: "Unbalanced 'xread' list of streams: for each stream key an ID, '+', or '$' must be specified."
	if strings.HasPrefix(s, "ERR Unbalanced ") {
		return "ERR Unbalanced"
	}
	return s
}
