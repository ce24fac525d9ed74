package command

import "strings"

// What COMMAND INFO and ACL derive from a declaration.

// Categories is a set of ACL categories.
type Categories uint32

// CategoryNames are the ACL categories, in the order of ACL CAT; category i is bit i.
var CategoryNames = [...]string{"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo",
	"stream", "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting"}

// Category returns the set of the one category with this name in any case, 0 if there is none.
func Category(name string) Categories {
	for i, n := range CategoryNames {
		if strings.EqualFold(n, name) {
			return 1 << i
		}
	}
	return 0
}

// groupCategories are the categories that a command has by its group.
var groupCategories = map[Group]string{GroupGeneric: "keyspace", GroupString: "string", GroupBitmap: "bitmap", GroupHash: "hash", GroupList: "list",
	GroupSet: "set", GroupSortedSet: "sortedset", GroupStream: "stream", GroupGeo: "geo", GroupHyperLogLog: "hyperloglog", GroupPubSub: "pubsub",
	GroupTransactions: "transaction", GroupScripting: "scripting", GroupConnection: "connection"}

// Categories returns the ACL categories of the command: by its group, its flags and its declaration. A container has those of its
// flags alone.
func (s *Spec) ACLCategories() Categories {
	c := Categories(0)
	for _, name := range strings.Fields(s.Categories) {
		c |= Category(name)
	}
	if len(s.Sub) == 0 && !strings.Contains(s.Categories, "-group") {
		c |= Category(groupCategories[s.Group])
	}
	flag := func(f Flags, name string) {
		if s.Flags&f != 0 {
			c |= Category(name)
		}
	}
	flag(Write, "write")
	if c&Category("scripting") == 0 {
		flag(ReadOnly, "read")
	}
	flag(Admin, "admin")
	flag(Admin, "dangerous")
	flag(PubSub, "pubsub")
	flag(Blocking, "blocking")
	if s.Flags&Fast != 0 {
		c |= Category("fast")
	} else {
		c |= Category("slow")
	}
	return c
}

// FlagNames returns the flags as COMMAND INFO shows them.
func (s *Spec) FlagNames() []string {
	var names []string
	for i, n := range flagNames {
		if f := Flags(1) << i; s.Flags&^hiddenFlags&f != 0 {
			names = append(names, n)
		}
	}
	return names
}

// LegacyKeys returns first key, last key and step as COMMAND INFO shows them: of the first specification that is a range; a second
// that continues it is joined.
func (s *Spec) LegacyKeys() (first, last, step int) {
	for i := range s.Keys {
		k := &s.Keys[i]
		if k.KeyNum || k.Keyword != "" {
			continue
		}
		kl := k.Last
		if kl >= 0 {
			kl += k.Index
		}
		switch {
		case first == 0:
			first, last, step = k.Index, kl, max(k.Step, 1)
		case kl >= 0 && last >= 0 && kl > last && k.Index == last+step:
			last = kl
		case kl < 0:
			last = kl
		}
	}
	return first, last, step
}

// KeyUseNames returns the flags of a key specification as COMMAND INFO shows them.
func (u KeyUse) KeyUseNames() []string {
	var names []string
	for i, n := range keyUseNames {
		if u&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}
